//! Lines that break and servers that lie.

use std::fs;
use std::net::TcpListener;
use std::thread::sleep;
use std::time::Duration;

use super::server::{Request, Server, cut, good, reply, whole};
use super::*;

const TAG: &str = "\"v1\"";

fn froms(requests: &[Request]) -> Vec<Option<usize>> {
    requests.iter().map(|request| request.from).collect()
}

#[test]
fn cut_line_is_resumed_where_it_broke() {
    let server = Server::start(|request| match request.number {
        1 => cut(good(request, &content(), TAG), 700_000),
        2 => cut(good(request, &content(), TAG), 100_000),
        _ => good(request, &content(), TAG),
    });
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    world.assert_whole(&said);
    let requests = server.requests();
    assert_eq!(froms(&requests), [None, Some(500_000), Some(1_100_000)]);
    assert_eq!(requests[1].if_range.as_deref(), Some(TAG));
    assert!(said.table.contains("fetched"), "{}", said.table);
}

#[test]
fn range_survives_a_redirect() {
    let server = Server::start(|request| match (request.path.as_str(), request.number) {
        ("/a", _) => reply("302 Found", &[("Location", "/b"), ("Content-Length", "0")], b""),
        (_, 2) => cut(good(request, &content(), TAG), 1_000),
        _ => good(request, &content(), TAG),
    });
    let world = World::new(&[server.url("/a")]);
    world.assert_whole(&world.fetch());
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!((requests[3].path.as_str(), requests[3].from), ("/b", Some(1_199_000)));
}

#[test]
fn next_call_resumes_what_the_last_one_left() {
    let server = Server::start(|request| match request.number {
        1 => cut(good(request, &content(), TAG), 900_000),
        2..=5 => reply("503 Service Unavailable", &[("Content-Length", "0")], b""),
        _ => good(request, &content(), TAG),
    });
    let world = World::new(&[server.url("/a")]);
    let first = world.fetch();
    assert!(world.assert_missing(&first).contains("it answered 503 Service Unavailable"));
    world.assert_whole(&world.fetch());
    assert_eq!(server.requests().last().unwrap().from, Some(300_000));
}

#[test]
fn server_that_ignores_range_is_read_from_the_start() {
    let server = Server::start(|request| match request.number {
        1 => cut(whole(&content()), 400_000),
        _ => whole(&content()),
    });
    let world = World::new(&[server.url("/a")]);
    world.assert_whole(&world.fetch());
    assert_eq!(froms(&server.requests()), [None, Some(800_000)]);
}

#[test]
fn server_that_ignores_range_and_always_breaks_is_given_up() {
    let server = Server::start(|_| cut(whole(&content()), 400_000));
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    let error = world.assert_missing(&said);
    assert!(error.contains("gave up after 5 attempts"), "{error}");
    assert_eq!(fs::read(world.path(".part")).unwrap(), content()[..800_000]);
}

#[test]
fn another_version_on_the_server_starts_again() {
    let server = Server::start(|request| good(request, &content(), "\"v2\""));
    let world = World::new(&[server.url("/a")]);
    world.put(".part", &[7; 5_000]);
    world.put(".part.json", format!("{{\"url\":\"{}\",\"validator\":\"\\\"v1\\\"\"}}", server.url("/a")).as_bytes());
    world.assert_whole(&world.fetch());
    let requests = server.requests();
    assert_eq!((requests.len(), requests[0].from, requests[0].if_range.as_deref()), (1, Some(5_000), Some("\"v1\"")));
}

#[test]
fn pieces_of_two_versions_are_noticed_by_their_hash() {
    let server = Server::start(|request| good(request, &content(), TAG));
    let world = World::new(&[server.url("/a")]);
    world.put(".part", &[7; 5_000]);
    world.put(".part.json", format!("{{\"url\":\"{}\",\"validator\":null}}", server.url("/a")).as_bytes());
    let said = world.fetch();
    world.assert_whole(&said);
    assert_eq!(froms(&server.requests()), [Some(5_000), None]);
    assert!(said.log.contains("the pieces do not fit together"), "{}", said.log);
}

#[test]
fn part_of_unknown_origin_is_not_trusted() {
    let server = Server::start(|request| good(request, &content(), TAG));
    let world = World::with(&[server.url("/a")], "");
    world.put(".part", &[7; 5_000]);
    world.assert_whole(&world.fetch());
    assert_eq!(froms(&server.requests()), [None]);
}

#[test]
fn part_longer_than_the_file_is_thrown_away() {
    let server = Server::start(|request| good(request, &content(), TAG));
    let world = World::new(&[server.url("/a")]);
    world.put(".part", &[7; 2_000_000]);
    world.put(".part.json", format!("{{\"url\":\"{}\",\"validator\":null}}", server.url("/a")).as_bytes());
    world.assert_whole(&world.fetch());
    assert_eq!(froms(&server.requests()), [Some(2_000_000), None]);
}

#[test]
fn finished_part_needs_no_second_download() {
    let server = Server::start(|request| good(request, &content(), TAG));
    for (known, asked) in [(format!("bytes = {}", content().len()), vec![]), (String::new(), vec![Some(content().len())])] {
        let world = World::with(&[server.url("/a")], &known);
        world.put(".part", &content());
        world.put(".part.json", format!("{{\"url\":\"{}\",\"validator\":\"\\\"v1\\\"\"}}", server.url("/a")).as_bytes());
        let before = server.requests().len();
        world.assert_whole(&world.fetch());
        assert_eq!(froms(&server.requests()[before..]), asked);
    }
}

#[test]
fn length_told_too_short_is_not_believed() {
    let server = Server::start(|request| match request.number {
        1 => reply("200 OK", &[("Content-Length", "600000"), ("ETag", TAG)], &content()[..600_000]),
        _ => good(request, &content(), TAG),
    });
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(said.log.contains("it stopped after 600000 of 1200000 bytes"), "{}", said.log);
}

#[test]
fn length_told_too_long_is_refused_unread() {
    let server = Server::start(|_| reply("200 OK", &[("Content-Length", "5000000000000")], &[1; 5_000]));
    let other = Server::start(|request| good(request, &content(), TAG));
    let world = World::new(&[server.url("/a"), other.url("/b")]);
    let said = world.fetch();
    world.assert_whole(&said);
    assert_eq!(server.requests().len(), 1);
    assert!(said.log.contains("it has a file of 5000000000000 bytes, 1200000 are expected"), "{}", said.log);
}

#[test]
fn endless_body_is_stopped() {
    let server = Server::start(|_| reply("200 OK", &[], &[1; 8_000_000]));
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    assert!(error.contains("it sent more than the 1.20 MB expected"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn wrong_file_is_refused_and_the_next_address_tried() {
    let mut changed = content();
    changed[1_000_000] ^= 1;
    let (got, wanted) = (sha256(&changed), sha256(&content()));
    let wrong = Server::start(move |_| whole(&changed));
    let right = Server::start(|request| good(request, &content(), TAG));
    let world = World::new(&[wrong.url("/a"), right.url("/b")]);
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(said.log.contains(&got) && said.log.contains(&wanted), "{}", said.log);
    assert_eq!((wrong.requests().len(), right.requests().len()), (1, 1));
}

#[test]
fn wrong_file_everywhere_leaves_nothing() {
    let server = Server::start(|_| whole(&vec![9; content().len()]));
    let world = World::new(&[server.url("/a"), server.url("/b")]);
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    assert!(error.contains(&sha256(&content())) && error.contains("all 2 addresses failed"), "{error}");
}

#[test]
fn wrong_pieces_twice_end_the_matter() {
    // Breaks each time, goes on each time, and is never the right file.
    let wrong = vec![9; content().len()];
    let server = Server::start(move |request| match request.from {
        None => cut(good(request, &wrong, TAG), 1_000),
        Some(_) => good(request, &wrong, TAG),
    });
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    assert!(world.assert_no_trace(&said).contains("it sent another file"));
    assert_eq!(froms(&server.requests()), [None, Some(1_199_000), None, Some(1_199_000)]);
}

#[test]
fn redirects_in_a_circle_end() {
    let server = Server::start(|request| {
        let other = if request.path == "/a" { "/b" } else { "/a" };
        reply("302 Found", &[("Location", other), ("Content-Length", "0")], b"")
    });
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    assert!(error.contains("it redirected more than 10 times"), "{error}");
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn missing_everywhere_lists_every_address() {
    let server = Server::start(|_| reply("404 Not Found", &[("Content-Length", "0")], b""));
    let urls = [server.url("/a"), server.url("/b"), server.url("/c")];
    let world = World::new(&urls);
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    for url in &urls {
        assert!(error.contains(&format!("{url}: it answered 404 Not Found")), "{error}");
    }
    assert!(error.contains("fetch-data --from numbers/numbers.bin=PATH"), "{error}");
    assert_eq!(server.requests().len(), 3, "a 404 is no passing trouble");
    assert!(said.table.contains("failed"), "{}", said.table);
}

#[test]
fn server_that_is_gone_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/a");
    let world = World::new(std::slice::from_ref(&url));
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    assert!(error.contains(&url) && error.to_lowercase().contains("refused"), "{error}");
}

#[test]
fn failing_address_does_not_cost_what_another_brought() {
    let broken = Server::start(|request| match request.number {
        1 => cut(good(request, &content(), TAG), 200_000),
        2..=5 => reply("502 Bad Gateway", &[("Content-Length", "0")], b""),
        _ => good(request, &content(), TAG),
    });
    let gone = Server::start(|_| reply("404 Not Found", &[("Content-Length", "0")], b""));
    let world = World::new(&[broken.url("/a"), gone.url("/b")]);
    world.assert_missing(&world.fetch());
    assert_eq!(fs::read(world.path(".part")).unwrap(), content()[..1_000_000]);
    world.assert_whole(&world.fetch());
    assert_eq!(broken.requests().last().unwrap().from, Some(1_000_000));
}

#[test]
fn silent_server_is_left_in_time() {
    let server = Server::start(|request| {
        if request.number == 1 {
            sleep(Duration::from_secs(3));
        }
        good(request, &content(), TAG)
    });
    let world = World { patience: Patience { stall: Duration::from_millis(500), ..PATIENCE }, ..World::new(&[server.url("/a")]) };
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(said.log.contains("it sent nothing for too long"), "{}", said.log);
}

#[test]
fn web_page_is_not_taken_for_a_file() {
    let server = Server::start(|_| reply("200 OK", &[("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "6")], b"<html>"));
    let world = World::with(&[server.url("/a")], "");
    let said = world.fetch();
    assert!(world.assert_no_trace(&said).contains("it sent a web page, not the file"));
}

#[test]
fn proxy_is_asked_for_the_host() {
    let proxy = Server::start(|_| reply("502 Bad Gateway", &[("Content-Length", "0")], b""));
    let world = World::new(&["http://data.example/a".to_owned()]);
    let through = ureq::Proxy::new(&proxy.url("")).unwrap();
    let said = world.run_through(Some(through), &FetchArgs { all: true, ..FetchArgs::default() });
    world.assert_no_trace(&said);
    let requests = proxy.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("CONNECT", "data.example:80"));
}

#[test]
fn d1_a_rest_of_another_version_is_not_joined() {
    for (tag, size) in [("\"v2\"", 1_200_000), (TAG, 1_300_000)] {
        // A server that answers with a part although the mark is another one.
        let server = Server::start(move |request| match request.from {
            Some(from) if from < size => {
                let (range, length) = (format!("bytes {from}-{}/{size}", size - 1), (size - from).to_string());
                reply(
                    "206 Partial Content",
                    &[("Content-Length", &length), ("Content-Range", &range), ("ETag", tag)],
                    &vec![1; size - from],
                )
            }
            _ if request.number == 1 => cut(good(request, &content(), TAG), 700_000),
            _ => whole(&content()),
        });
        let world = World::with(&[server.url("/a")], "");
        let said = world.fetch();
        world.assert_whole(&said);
        assert!(said.log.contains("is another one by now"), "{}", said.log);
    }
}

#[test]
fn d2_a_file_that_was_told_to_be_longer_is_not_whole() {
    let server = Server::start(|request| match request.from {
        None => cut(good(request, &content(), TAG), 200_000),
        Some(_) => reply("416 Range Not Satisfiable", &[("Content-Range", "bytes */1000000")], b""),
    });
    let world = World::with(&[server.url("/a")], "");
    let said = world.fetch();
    world.assert_missing(&said);
    let empty = Server::start(|_| reply("200 OK", &[("Content-Length", "0")], b""));
    let world = World::with(&[empty.url("/a")], "");
    let said = world.fetch();
    assert!(world.assert_no_trace(&said).contains("it sent an empty file"), "{said:?}");
}

#[test]
fn d5_a_server_that_drips_is_given_up() {
    let server = Server::start(|request| good(request, &content(), TAG));
    let patience = Patience { window: Duration::ZERO, slowest: u64::MAX, ..PATIENCE };
    let world = World { patience, ..World::new(&[server.url("/a")]) };
    let said = world.fetch();
    assert!(world.assert_missing(&said).contains("--min-speed"), "{said:?}");
}

#[test]
fn d6_a_host_that_is_not_there_is_said_once() {
    let urls = ["http://nowhere.invalid/a".to_owned(), "http://nowhere.invalid/b".to_owned()];
    let world = World::new(&urls);
    let said = world.fetch();
    let error = world.assert_no_trace(&said);
    assert!(error.contains("1 of 1 files could not be brought") && error.contains("could not be reached"), "{error}");
    assert_eq!(said.log.matches("could not be reached").count(), 1, "{}", said.log);
}

#[test]
fn d3_what_comes_over_an_open_line_is_said_to_be_trusted() {
    let server = Server::start(|request| match request.number {
        1 => cut(good(request, &content(), TAG), 700_000),
        _ => good(request, &content(), TAG),
    });
    let world = World::with(&[server.url("/a")], "md5 = \"00112233445566778899aabbccddeeff\"");
    let said = world.fetch();
    world.assert_whole(&said);
    let hash = format!("sha256 {}", sha256(&content()));
    for part in
        ["warning: numbers/numbers.bin: no hash was known", "over an unencrypted line", &hash, "MD5 00112233445566778899aabbccddeeff"]
    {
        assert!(said.log.contains(part), "{part}: {}", said.log);
    }
    assert!(said.table.contains("fetched, came unencrypted, hash remembered"), "{}", said.table);
    // A hash that is known says that no one has changed it.
    let world = World::new(&[server.url("/a")]);
    let said = world.fetch();
    world.assert_whole(&said);
    assert!(!said.log.contains("warning") && !said.table.contains("unencrypted"), "{said:?}");
}

#[test]
fn d4_a_redirect_to_something_else_than_a_server_is_named() {
    for elsewhere in ["file:///etc/passwd", "ftp://data.example/a", "data:text/plain,x"] {
        let server = Server::start(move |_| reply("302 Found", &[("Location", elsewhere), ("Content-Length", "0")], b""));
        let world = World::with(&[server.url("/a")], "");
        let said = world.fetch();
        let error = world.assert_no_trace(&said);
        assert!(error.contains(&format!("it redirected to {elsewhere}, which is no address of a web server")), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}
