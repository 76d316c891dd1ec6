//! One file from its servers to its place: resumed where it broke off, checked, and named last.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::thread::sleep;
use std::time::Instant;

use practicum_core::{Error, Result};

use super::disk::{CHUNK, Origin, Part, Place, Way};
use super::http::{Answer, Body, Network, Patience, Rest, Trouble, broken_body, host};
use super::progress::{Progress, size};

/// Attempts in a row that bring nothing new, after which a server is given up.
const FRUITLESS: u32 = 4;
/// Attempts in all on one server: a line that breaks this often is left for another day.
const ATTEMPTS: u32 = 50;
/// Where the size of a file is not known, no file of the course is larger than this.
const LARGEST: u64 = 1 << 30;

/// A file to bring, and what must arrive.
pub(super) struct Order<'a> {
    /// `set/file`, for people.
    pub(super) label: &'a str,
    pub(super) place: &'a Place,
    pub(super) urls: &'a [String],
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<&'a str>,
}

impl Order<'_> {
    /// Downloads the file from the first of its servers that has it; says how it came.
    pub(super) fn download(&self, network: &Network, progress: &mut Progress) -> Result<Way> {
        let mut part = Part::open(self.place)?;
        let mut failures = Vec::new();
        for url in self.urls {
            match self.ask(url, &mut part, network, progress) {
                Ok(()) => {
                    let way = part.way();
                    return part.finish().map(|()| way);
                }
                Err(Trouble::Local(error)) => return Err(error),
                Err(Trouble::Unreachable) => failures.push(format!("{}: could not be reached", host(url))),
                Err(Trouble::Final(said) | Trouble::Passing(said) | Trouble::NoAnswer(said)) => {
                    progress.say(&format!("{}: {url}: {said}", self.label));
                    failures.push(format!("{url}: {said}"));
                }
            }
        }
        part.leave()?;
        let none = match failures.len() {
            0 => "the catalogue has no address for it".to_owned(),
            1 => "its address failed".to_owned(),
            n => format!("all {n} addresses failed"),
        };
        let error = Error::io("fetch", &self.place.target, std::io::Error::other(none));
        Err(failures.into_iter().fold(error, Error::note))
    }

    /// Copies a file that the user already has; it must be the right one.
    pub(super) fn copy(&self, given: &Path, progress: &mut Progress) -> Result<()> {
        let failed = |error| Error::io("read", given, error);
        let mut source = File::open(given).map_err(failed)?;
        let found = source.metadata().map_err(failed)?.len();
        if let Some(bytes) = self.bytes.filter(|bytes| *bytes != found) {
            return Err(wrong_copy(given, &format!("it has {found} bytes, {bytes} are expected"), self.place));
        }
        let mut part = Part::open(self.place)?;
        part.restart(None)?;
        progress.start(&format!("{}: copying {}", self.label, given.display()), Some(found), 0);
        let copied = fill(&mut part, &mut source, progress);
        progress.finish();
        let sha256 = part.sha256();
        let wrong = self.sha256.filter(|expected| *expected != sha256);
        let wrong = wrong.map(|expected| wrong_copy(given, &format!("its sha256 is {sha256}, {expected} is expected"), self.place));
        // A copy is made again from its beginning, so half of one is of no use.
        if let Err(error) = copied.and_then(|read| read.map_err(failed)).and_then(|()| wrong.map_or(Ok(()), Err)) {
            part.restart(None)?;
            part.leave()?;
            return Err(error);
        }
        part.finish()
    }

    /// Tries one server until the file is whole and right, or it is clear that it will not be.
    fn ask(&self, url: &str, part: &mut Part, network: &Network, progress: &mut Progress) -> Result<(), Trouble> {
        let mut again = true;
        loop {
            self.whole(url, part, network, progress)?;
            let sha256 = part.sha256();
            let Some(expected) = self.sha256.filter(|expected| *expected != sha256) else { return Ok(()) };
            let pieced = part.pieced;
            part.restart(None)?;
            if !(pieced && again) {
                return Err(Trouble::Final(format!("it sent another file: sha256 {sha256}, expected {expected}")));
            }
            again = false;
            progress.say(&format!("{}: the pieces do not fit together; starting again", self.label));
        }
    }

    /// Asks one server until it has sent the whole file, as long as it gets on.
    fn whole(&self, url: &str, part: &mut Part, network: &Network, progress: &mut Progress) -> Result<(), Trouble> {
        let mut fruitless = 0;
        for attempt in 1.. {
            let before = part.len();
            let (said, answered) = match self.transfer(url, part, network, progress) {
                Err(Trouble::Passing(said)) => (said, true),
                Err(Trouble::NoAnswer(said)) => (said, false),
                done => return done,
            };
            fruitless = if part.len() > before { 0 } else { fruitless + 1 };
            if fruitless == FRUITLESS || attempt == ATTEMPTS {
                let gave_up = format!("{said} (gave up after {attempt} attempts)");
                if answered {
                    return Err(Trouble::Final(gave_up));
                }
                network.give_up(url);
                return Err(Trouble::Final(format!("{} could not be reached: {gave_up}", host(url))));
            }
            if answered {
                progress.say(&format!("{}: {said}; trying again", self.label));
            }
            sleep(network.patience.pause * (1 << fruitless));
        }
        Ok(())
    }

    /// The part still wanted from this server; nothing where the file must be asked for from its beginning.
    fn rest<'p>(&self, url: &str, part: &'p Part) -> Option<Rest<'p>> {
        let origin = part.origin().filter(|origin| origin.url == url)?;
        // Without the server's mark only the hash can tell whether the two pieces are of one file.
        let safe = origin.validator.is_some() || self.sha256.is_some();
        safe.then(|| Rest { start: part.len(), validator: origin.validator.as_deref() })
    }

    /// One request, and what it brings.
    fn transfer(&self, url: &str, part: &mut Part, network: &Network, progress: &mut Progress) -> Result<(), Trouble> {
        let rest = self.rest(url, part);
        let asked_from = rest.as_ref().map_or(0, |rest| rest.start);
        if asked_from > 0 && self.bytes == Some(asked_from) {
            return Ok(());
        }
        let body = match network.get(url, rest.as_ref())? {
            Answer::Body(body) => body,
            Answer::NothingThere(total) if self.is_all(asked_from, total, part) => return Ok(()),
            Answer::NothingThere(_) => {
                part.restart(None)?;
                return Err(Trouble::Passing(format!("it has nothing after byte {asked_from}")));
            }
        };
        if let Some((total, bytes)) = body.total.zip(self.bytes).filter(|(total, bytes)| total > bytes) {
            return Err(Trouble::Final(format!("it has a file of {total} bytes, {bytes} are expected")));
        }
        if body.start != 0 && body.start != asked_from {
            part.restart(None)?;
            return Err(Trouble::Passing(format!("asked for bytes from {asked_from}, it sent them from {}", body.start)));
        }
        part.pieced = true;
        if body.start == 0 {
            part.restart(Some(Origin { url: url.to_owned(), validator: body.validator.clone(), total: body.total, open: body.open }))?;
        } else if let Some(origin) = part.origin()
            && (differ(&origin.validator, &body.validator) || differ(&origin.total, &body.total))
        {
            part.restart(None)?;
            return Err(Trouble::Passing("the file there is another one by now".to_owned()));
        }
        if body.open {
            part.note_open()?;
        }
        let doing = if body.start == 0 { "fetching" } else { "resuming" };
        progress.start(&format!("{}: {doing} {url}", self.label), self.bytes.or(body.total), body.start);
        let received = self.receive(body, part, network.patience, progress);
        progress.finish();
        received
    }

    /// Whether a server that has nothing after the bytes that are here has confirmed that these are all.
    fn is_all(&self, here: u64, total: Option<u64>, part: &Part) -> bool {
        let told_before = part.origin().and_then(|origin| origin.total);
        self.bytes.is_none() && total == Some(here) && told_before.is_none_or(|told| told == here)
    }

    fn receive(&self, mut body: Body, part: &mut Part, patience: Patience, progress: &mut Progress) -> Result<(), Trouble> {
        let (mut since, mut at) = (Instant::now(), part.len());
        let expected = self.bytes.or(body.total);
        let limit = expected.unwrap_or(LARGEST);
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = match body.reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(broken_body(error)),
            };
            if part.len() + n as u64 > limit {
                part.restart(None)?;
                return Err(Trouble::Final(format!("it sent more than the {} expected", size(limit))));
            }
            part.write(&buffer[..n])?;
            progress.advance(part.len());
            if since.elapsed() >= patience.window {
                let speed = ((part.len() - at) as f64 / since.elapsed().as_secs_f64()) as u64;
                if speed < patience.slowest {
                    let slowest = patience.slowest;
                    return Err(Trouble::Final(format!(
                        "it sends {speed} bytes per second, fewer than {slowest} (--min-speed changes that)"
                    )));
                }
                (since, at) = (Instant::now(), part.len());
            }
        }
        if part.len() == 0 {
            return Err(Trouble::Final("it sent an empty file".to_owned()));
        }
        match expected.filter(|expected| part.len() < *expected) {
            Some(expected) => Err(Trouble::Passing(format!("it stopped after {} of {expected} bytes", part.len()))),
            None => Ok(()),
        }
    }
}

/// Whether both are known and not the same.
fn differ<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
    one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
}

/// Reads `source` to its end; what it says itself stands inside, what the `.part` says outside.
fn fill(part: &mut Part, source: &mut File, progress: &mut Progress) -> Result<std::io::Result<()>> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(Ok(())),
            Ok(n) => part.write(&buffer[..n])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
        progress.advance(part.len());
    }
}

fn wrong_copy(given: &Path, why: &str, place: &Place) -> Error {
    Error::data(format!("{} is not the file expected: {why}", given.display()))
        .hint(format!("to use it all the same, copy it to {} yourself", place.target.display()))
}

/// Whether `path` is a regular file, so that it has an end.
pub(super) fn is_file(path: &Path) -> Result<bool> {
    fs::metadata(path).map(|found| found.is_file()).map_err(|error| Error::io("read", path, error))
}
