//! One request, and what its answer means for a file that may already be half here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read;
use std::time::Duration;

use practicum_core::Error;
use ureq::http::{HeaderMap, Response, StatusCode, header};

/// Times that a server may send on to another address.
const REDIRECTS: usize = 10;

/// Why a file did not come.
#[derive(Debug)]
pub(super) enum Trouble {
    /// This machine's own: no space, no rights. Another try or another server won't help.
    Local(Error),
    /// The line or the server failed; it may do better in a moment.
    Passing(String),
    /// This server will not give the file.
    Final(String),
    /// The server's host did not answer; another file on it need not be tried if that lasts.
    NoAnswer(String),
    /// The host did not answer for a file before this one.
    Unreachable,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}

/// What a server answered.
pub(super) enum Answer {
    Body(Body),
    /// There is nothing after the first byte asked for; the file's size, where the server says it.
    NothingThere(Option<u64>),
}

pub(super) struct Body {
    /// The offset in the file of the first byte that follows.
    pub(super) start: u64,
    /// The size of the whole file, where the server says it.
    pub(super) total: Option<u64>,
    pub(super) validator: Option<String>,
    /// It comes over a line that is not encrypted, whatever the first address was.
    pub(super) open: bool,
    pub(super) reader: Box<dyn Read>,
}

/// The part of a file still wanted.
pub(super) struct Rest<'a> {
    /// Greater than 0.
    pub(super) start: u64,
    pub(super) validator: Option<&'a str>,
}

/// How to reach servers, and how patiently.
pub(super) struct Network {
    agent: ureq::Agent,
    pub(super) patience: Patience,
    /// Hosts that could not be reached.
    unreachable: RefCell<BTreeSet<String>>,
}

/// When a server is too slow.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// How long a server may send nothing at all.
    pub(super) stall: Duration,
    /// The pause after an attempt that made progress; it doubles with each that does not.
    pub(super) pause: Duration,
    /// The time over which a server's speed is measured.
    pub(super) window: Duration,
    /// The fewest bytes per second that are worth waiting for.
    pub(super) slowest: u64,
}

impl Patience {
    /// For servers of the open network.
    pub(super) fn usual(slowest: u64) -> Self {
        let [stall, window] = [30, 60].map(Duration::from_secs);
        Self { stall, pause: Duration::from_millis(250), window, slowest }
    }
}

impl Network {
    /// As the environment says: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are honoured.
    pub(super) fn from_environment(patience: Patience) -> Self {
        Self::new(ureq::Proxy::try_from_env(), patience)
    }

    pub(super) fn new(proxy: Option<ureq::Proxy>, patience: Patience) -> Self {
        let agent = ureq::Agent::config_builder()
            .proxy(proxy)
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_per_read(Some(patience.stall))
            .timeout_per_write(Some(patience.stall))
            // Followed here, where each can be looked at.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("practicum/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, patience, unreachable: RefCell::default() }
    }

    /// Remembers that the host of this address could not be reached.
    pub(super) fn give_up(&self, url: &str) {
        self.unreachable.borrow_mut().insert(host(url).to_owned());
    }

    /// Asks for a file, or for the rest of it.
    pub(super) fn get(&self, url: &str, rest: Option<&Rest>) -> Result<Answer, Trouble> {
        if self.unreachable.borrow().contains(host(url)) {
            return Err(Trouble::Unreachable);
        }
        let (url, response) = self.follow(url, rest)?;
        let (head, body) = response.into_parts();
        let range = content_range(&head.headers);
        let (start, total) = match head.status {
            StatusCode::OK => (0, number(&head.headers, header::CONTENT_LENGTH)),
            StatusCode::PARTIAL_CONTENT => match (rest, range) {
                (Some(_), Some((Some(start), total))) => (start, total),
                _ => return Err(Trouble::Final("it sent a part of the file without saying which".to_owned())),
            },
            StatusCode::RANGE_NOT_SATISFIABLE if rest.is_some() => return Ok(Answer::NothingThere(range.and_then(|(_, total)| total))),
            status => return Err(refusal(status)),
        };
        if text(&head.headers, header::CONTENT_TYPE).is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html")) {
            return Err(Trouble::Final("it sent a web page, not the file".to_owned()));
        }
        let open = !is_encrypted(&url);
        Ok(Answer::Body(Body { start, total, validator: validator(&head.headers), open, reader: Box::new(body.into_reader()) }))
    }

    /// The first answer that sends nowhere else, and the address that gave it.
    fn follow(&self, url: &str, rest: Option<&Rest>) -> Result<(String, Response<ureq::Body>), Trouble> {
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS {
            let mut request = self.agent.get(&url);
            if let Some(rest) = rest {
                request = request.header(header::RANGE, format!("bytes={}-", rest.start));
                if let Some(validator) = rest.validator {
                    request = request.header(header::IF_RANGE, validator);
                }
            }
            let response = request.call().map_err(trouble)?;
            match text(response.headers(), header::LOCATION) {
                Some(location) if response.status().is_redirection() => url = redirected(&url, location)?,
                _ => return Ok((url, response)),
            }
        }
        Err(Trouble::Final(format!("it redirected more than {REDIRECTS} times, at last to {url}")))
    }
}

/// Where `location` leads from an address.
fn redirected(url: &str, location: &str) -> Result<String, Trouble> {
    let location = location.trim();
    let scheme = location.split(['/', '?', '#']).next().and_then(|start| start.split_once(':')).map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => return Ok(location.to_owned()),
        Some(_) => return Err(Trouble::Final(format!("it redirected to {location}, which is no address of a web server"))),
        None => {}
    }
    let (scheme, after) = url.split_once("//").unwrap_or(("https:", url));
    let after = after.split(['?', '#']).next().unwrap_or_default();
    let host = after.split('/').next().unwrap_or_default();
    Ok(if location.starts_with("//") {
        format!("{scheme}{location}")
    } else if location.starts_with('/') {
        format!("{scheme}//{host}{location}")
    } else {
        let folder = after.rfind('/').map_or(host, |end| &after[..end]);
        format!("{scheme}//{folder}/{location}")
    })
}

/// Whether no one on the way can change what comes from an address.
fn is_encrypted(url: &str) -> bool {
    url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"))
}

/// The host of an address, with its port.
pub(super) fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or(url)
}

fn refusal(status: StatusCode) -> Trouble {
    let said = format!("it answered {status}");
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Trouble::Passing(said),
        status if status.is_server_error() => Trouble::Passing(said),
        _ => Trouble::Final(said),
    }
}

fn trouble(error: ureq::Error) -> Trouble {
    use ureq::Error as E;
    match error {
        E::HostNotFound => Trouble::NoAnswer("there is no such host, or no network".to_owned()),
        E::Io(error) => Trouble::NoAnswer(error.to_string()),
        E::Timeout(ureq::Timeout::Connect) => Trouble::NoAnswer("no connection within 15 seconds".to_owned()),
        E::ConnectionFailed | E::ConnectProxyFailed(_) => Trouble::NoAnswer(error.to_string()),
        E::Timeout(ureq::Timeout::PerRead) => Trouble::Passing("it sent nothing for too long".to_owned()),
        E::Timeout(_) | E::Protocol(_) => Trouble::Passing(error.to_string()),
        _ => Trouble::Final(error.to_string()),
    }
}

/// What stopped a body in the middle, in words.
pub(super) fn broken_body(error: std::io::Error) -> Trouble {
    match trouble(ureq::Error::from(error)) {
        Trouble::Final(said) | Trouble::Passing(said) | Trouble::NoAnswer(said) => Trouble::Passing(said),
        other => other,
    }
}

/// The mark of this version of the file that `If-Range` may carry: weak tags may not.
fn validator(headers: &HeaderMap) -> Option<String> {
    let strong_tag = text(headers, header::ETAG).filter(|tag| tag.starts_with('"'));
    strong_tag.or_else(|| text(headers, header::LAST_MODIFIED)).map(str::to_owned)
}

/// `Content-Range`: the first byte sent, and the whole size, each where it is said.
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text(headers, header::CONTENT_RANGE)?.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-').and_then(|(start, _)| start.trim().parse().ok()), total.trim().parse().ok()))
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_followed_as_they_are_meant() {
        let from = "https://a.example:8/one/two?x=/y";
        let to = |location| redirected(from, location).unwrap();
        assert_eq!(to("/b"), "https://a.example:8/b");
        assert_eq!(to("b?c:d"), "https://a.example:8/one/b?c:d");
        assert_eq!(to("//c.example/b"), "https://c.example/b");
        assert_eq!(to("HTTP://c.example/b"), "HTTP://c.example/b");
        assert_eq!(redirected("http://a.example", "b").unwrap(), "http://a.example/b");
        for elsewhere in ["file:///etc/passwd", "data:,x", "ftp://a.example/b"] {
            assert!(matches!(redirected(from, elsewhere), Err(Trouble::Final(said)) if said.contains(elsewhere)));
        }
        assert!(is_encrypted("HTTPS://a") && !is_encrypted("http://a") && !is_encrypted("é"));
    }
}
