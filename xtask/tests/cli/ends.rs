//! How a run ends before its time: Ctrl-C, another run in the same folder, an output that no one reads.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Out, Ran, command};

/// A run that would go on for hours, and has begun.
fn endless(out: &Out) -> Child {
    let mut child =
        out.command(&["c1w1", "--epochs", "2000000000", "--no-report"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("c1w1"), "{line}");
    child
}

/// What Ctrl-C sends.
fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for the end, which must come soon.
fn end_of(mut child: Child) -> Ran {
    let began = Instant::now();
    // Nothing here fills the pipes, so they can be read afterwards.
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ran::of(&child.wait_with_output().unwrap())
}

#[test]
fn ctrl_c_ends_cleanly_with_what_is_done_written() {
    let out = Out::new();
    let child = endless(&out);
    std::thread::sleep(Duration::from_millis(50));
    interrupt(&child);
    let ran = end_of(child);
    assert_eq!(ran.status, Some(130), "{ran:?}");
    assert!(ran.err.starts_with("stopped; what was done so far is in ") && ran.err.trim_end().ends_with("c1w1/results.json"), "{ran:?}");
    let results = out.results("c1w1");
    assert_eq!((results["interrupted"].as_bool(), out.runs("c1w1")), (Some(true), vec!["lab1".to_owned()]));
    // R1: the run that was stopped says so, reached no target, and no other was begun.
    assert_eq!((&results["runs"][0]["partial"], results["runs"][0]["targets"].as_array().map(Vec::len)), (&true.into(), Some(0)));
    let epochs = results["runs"][0]["epochs"].as_u64().unwrap();
    assert!((1..2_000_000_000).contains(&epochs), "{epochs}");
    assert_eq!(results["runs"][0]["history"]["loss"].as_array().unwrap().len() as u64, epochs);
    // Nothing half-written lies about, and no one is in the way of the next.
    assert_eq!(out.files(), ["c1w1/results.json"]);
    out.run_week(&["c1w1", "--no-report", "--quiet"]).succeeded();
    assert_eq!(out.results("c1w1")["interrupted"], false);
}

#[test]
fn r1_after_ctrl_c_no_further_training_begins() {
    let out = Out::new();
    let mut child = out.command(&["c4w3", "--full", "--no-report"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Lab 1: sweep") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the sweep never began");
    }
    let rest = std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let ran = end_of(child);
    rest.join().unwrap().unwrap();
    assert_eq!(ran.status, Some(130), "{ran:?}");
    // The sweep is there as far as it came; the trainings after it are left out.
    let results = out.results("c4w3");
    assert_eq!(out.runs("c4w3"), ["lab1-sweep"]);
    assert_eq!((&results["runs"][0]["partial"], results["runs"][0]["targets"].as_array().map(Vec::len)), (&true.into(), Some(0)));
}

#[test]
fn r1_ctrl_c_before_the_first_training_leaves_nothing_and_says_so() {
    let out = Out::new();
    let mut child =
        out.command(&["c1w2", "--data", "builtin", "--lab", "2"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The line that tells of the data, which are drawn after it.
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    interrupt(&child);
    let ran = end_of(child);
    assert!(ran.status == Some(130) && ran.err == "stopped before anything was done\n", "{ran:?}");
    assert!(out.files().is_empty(), "{:?}", out.files());
}

#[test]
fn r8_what_a_killed_process_left_is_removed_by_the_next() {
    let out = Out::new();
    let week = out.path().join("c1w1");
    std::fs::create_dir(&week).unwrap();
    let [left, open, own] = [".lab1-curves-0123abcd.svg.999999.3.part", ".lab1-loss-0123abcd.svg.1.0.part", ".mine.part"].map(|name| {
        let path = week.join(name);
        std::fs::write(&path, "half").unwrap();
        path
    });
    // One that another process is writing.
    let held = std::fs::File::open(&open).unwrap();
    held.lock().unwrap();
    out.run_week(&["c1w1", "--quiet", "--lab", "1"]).succeeded();
    assert!(!left.exists() && open.exists() && own.exists());
    drop(held);
    out.run_week(&["c1w1", "--quiet", "--lab", "1", "--no-report"]).succeeded();
    assert!(!open.exists() && own.exists());
}

#[test]
fn r2_a_run_that_was_stopped_does_not_replace_whole_results() {
    let out = Out::new();
    out.run_week(&["c1w1", "--no-report", "--quiet"]).succeeded();
    let before = out.results("c1w1");
    let child = endless(&out);
    std::thread::sleep(Duration::from_millis(50));
    interrupt(&child);
    let ran = end_of(child);
    assert!(ran.status == Some(130) && ran.err.starts_with("stopped; the results of before are still in "), "{ran:?}");
    assert_eq!(out.results("c1w1"), before);
}

#[test]
fn r4_a_killed_run_leaves_a_page_with_its_own_pictures() {
    let out = Out::new();
    let page = out.path().join("c1w1/index.html");
    let read = |file: &str| std::fs::read(out.path().join("c1w1").join(file)).unwrap();
    // The pictures that the page shows, with their content.
    let shown = || -> Vec<(String, Vec<u8>)> {
        let page = std::fs::read_to_string(&page).unwrap();
        let files = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        files.map(|file| (file.to_owned(), read(file))).collect()
    };
    out.run_week(&["c1w1", "--quiet"]).succeeded();
    for (seed, delay) in [5, 20, 40, 60, 80, 100, 130, 160, 200].into_iter().enumerate() {
        let (before, pictures) = (std::fs::read(&page).unwrap(), shown());
        let mut child = out.command(&["c1w1", "--quiet", "--seed", &seed.to_string()]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let now = shown();
        assert!(std::fs::read(&page).unwrap() != before || now == pictures, "killed after {delay} ms");
    }
}

#[test]
fn r7_a_file_in_the_place_of_the_lock_is_left_alone() {
    let out = Out::new();
    let (mine, lock) = (out.path().join("mine"), out.path().join(".lock"));
    std::fs::write(&mine, "mine").unwrap();
    std::os::unix::fs::symlink(&mine, &lock).unwrap();
    out.run_week(&["c1w1", "--no-report"]).failed(&[".lock", "not a regular file", "hint"]);
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    std::fs::remove_file(&lock).unwrap();
    std::fs::write(&lock, "mine, too").unwrap();
    out.run_week(&["c1w1", "--no-report"]).failed(&[".lock is not a lock file of this program"]);
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), "mine, too");
}

#[test]
fn a_second_run_into_the_same_folder_stops_and_says_so() {
    let out = Out::new();
    let child = endless(&out);
    let second = out.run_week(&["c1w1", "--no-report"]).failed(&["another run is writing to", out.path().to_str().unwrap(), "--out"]);
    assert_eq!(second.out, "");
    Out::new().run_week(&["c1w1", "--no-report"]).succeeded();
    interrupt(&child);
    assert_eq!(end_of(child).status, Some(130));
    assert_eq!(out.runs("c1w1"), ["lab1"]);
}

#[test]
fn a_run_killed_outright_does_not_block_the_next() {
    let out = Out::new();
    let mut child = endless(&out);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(out.files().is_empty());
    out.run_week(&["c1w1", "--no-report", "--quiet"]).succeeded();
}

#[test]
fn a_closed_output_is_no_reason_to_stop() {
    let out = Out::new();
    let run = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(&out.command(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap());
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
    };
    run(&["c1w1"]);
    assert_eq!(out.runs("c1w1"), ["lab1", "lab2", "exercise"]);
    assert!(out.path().join("c1w1/index.html").is_file());
    run(&["c1w2", "--data", "builtin", "--lab", "2", "--epochs", "1", "--no-report"]);
    assert_eq!(out.runs("c1w2"), ["lab2-accuracy", "lab2-loss"]);
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    for arguments in [&["list"][..], &["list", "--markdown"], &["fetch-data"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(&command(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap());
        assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    // As `run-week c1w1 | head -1` does.
    let out = Out::new();
    let mut child = out.command(&["c1w1", "--no-report"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!((&first, end_of(child).status), (b"c1w1", Some(0)));
}

/// Runs the program on a terminal, which `script` of util-linux makes; nothing where there is none.
fn on_a_terminal(arguments: &[&str], no_color: Option<&str>) -> Option<String> {
    let words: Vec<String> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let mut script = Command::new("script");
    script.args(["-qec", &format!("'{}' {}", super::PROGRAM, words.join(" ")), "/dev/null"]).stdin(Stdio::null());
    script.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    script.envs(no_color.map(|value| ("NO_COLOR", value)));
    let Ok(output) = script.output() else {
        eprintln!("skipped: this needs the program `script` of util-linux");
        return None;
    };
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn colours_are_for_terminals_whose_users_want_them() {
    const BOLD: &str = "\x1b[1mepoch";
    let out = Out::new();
    let folder = out.path().to_str().unwrap();
    let run = ["run-week", "c1w2", "--data", "builtin", "--lab", "1", "--epochs", "1", "--no-report", "--out", folder];
    if let Some(told) = on_a_terminal(&run, None) {
        assert!(told.contains(BOLD), "{told}");
        for value in ["1", "yes"] {
            let told = on_a_terminal(&run, Some(value)).unwrap();
            assert!(told.contains("epoch 1/1") && !told.contains("\x1b[1m") && !told.contains("\x1b[3"), "{told}");
        }
        let slip = ["run-week", "--no-reprot"];
        let told = [None, Some("1")].map(|no_color| on_a_terminal(&slip, no_color).unwrap());
        assert!(told[0].contains("\x1b[") && !told[1].contains("\x1b["), "{told:?}");
    }
    let told = super::xtask(&run).succeeded().out;
    assert!(told.contains("epoch 1/1") && !told.contains('\x1b'), "{told}");
}

#[test]
fn c2_long_trainings_show_a_live_line_that_never_wraps() {
    let out = Out::new();
    let folder = out.path().to_str().unwrap();
    let run = ["run-week", "c4w2", "--lab", "2", "--no-report", "--out", folder];
    if let Some(told) = on_a_terminal(&run, None) {
        let live: Vec<&str> = told.split("\r\x1b[K").skip(1).filter(|line| line.starts_with("\x1b[?7l")).collect();
        assert!(live.len() > 50 && live.iter().all(|line| line.contains("epoch ") && line.contains("\x1b[?7h")), "{told}");
    }
    assert!(!super::xtask(&run).succeeded().out.contains('\x1b'));
}
