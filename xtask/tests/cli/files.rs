//! Folders and disks that cannot be written: an error that says so, and nothing half-written.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Out, PROGRAM, Ran};

#[test]
fn a_file_in_the_place_of_a_folder() {
    let out = Out::new();
    let file = out.path().join("file");
    fs::write(&file, "mine").unwrap();
    let run = |folder: &Path| super::xtask(&["run-week", "c1w1", "--out", folder.to_str().unwrap()]);
    run(&file).failed(&[file.to_str().unwrap(), "hint: something of that name stands there"]);
    run(&file.join("deeper")).failed(&["hint: a file stands where the path has a folder"]);
    fs::write(out.path().join("c1w1"), "mine, too").unwrap();
    out.run_week(&["c1w1"]).failed(&["c1w1", "hint"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

/// No more bytes in a file than these, as on a disk that is full.
fn with_files_up_to(blocks: usize, out: &Out, arguments: &[&str]) -> Ran {
    let mut shell = Command::new("sh");
    // Without the trap the system ends the program, where it should get an error.
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh", PROGRAM, "run-week"]);
    Ran::of(&shell.args(arguments).arg("--out").arg(out.path()).stdin(Stdio::null()).output().unwrap())
}

#[test]
fn no_space_for_results_leaves_the_old_ones() {
    let out = Out::new();
    out.run_week(&["c1w1", "--no-report", "--quiet", "--lab", "1", "--epochs", "5"]).succeeded();
    let before = out.results("c1w1");
    with_files_up_to(1, &out, &["c1w1", "--no-report", "--quiet"]).failed(&["cannot write", "c1w1/results.json"]);
    assert_eq!(out.results("c1w1"), before);
    assert_eq!(super::files_below(out.path()), [".lock", "c1w1/results.json"]);
}

#[test]
fn no_space_for_what_is_said_is_told() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let ran = Ran::of(&super::command(&["list"]).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap());
    ran.failed(&["cannot write to the standard output"]);
}

#[test]
fn no_space_for_pictures_or_pages_leaves_none_in_halves() {
    let out = Out::new();
    let ran = with_files_up_to(8, &out, &["c1w1", "--quiet", "--epochs", "2"]);
    ran.failed(&["cannot write"]);
    for file in super::files_below(out.path()) {
        let size = fs::metadata(out.path().join(&file)).unwrap().len();
        assert!(!file.ends_with(".part") && size < 8 * 512, "{file}: {size} bytes");
    }
}

#[test]
fn an_error_midway_through_a_week_loses_nothing() {
    let (whole, out) = (Out::new(), Out::new());
    whole.run_week(&["c1w1", "--quiet"]).succeeded();
    let of_exercise = |file: &String| file.starts_with("c1w1/exercise") && file.ends_with(".svg");
    let picture = whole.files().into_iter().find(of_exercise).unwrap();
    // A folder stands where the exercise is to put its picture.
    fs::create_dir_all(out.path().join(&picture)).unwrap();
    let file = out.path().join("c1w1/results.json");
    let told = format!("what was done before the error is in {}", file.display());
    let ran = out.run_week(&["c1w1"]).failed(&["c1w1 exercise", &picture, &told]);

    // The labs before it are kept, and shown with their pictures.
    assert_eq!(out.runs("c1w1"), ["lab1", "lab2"]);
    let (results, all) = (out.results("c1w1"), whole.results("c1w1"));
    assert_eq!(results["interrupted"], true);
    for run in [0, 1] {
        let [kept, meant] = [&results, &all].map(|results| &results["runs"][run]);
        assert_eq!((&kept["history"], &kept["targets"]), (&meant["history"], &meant["targets"]));
    }
    let page = out.path().join("c1w1/index.html");
    assert!(ran.out.ends_with(&format!("{}\n", page.display())), "{ran:?}");
    let page = fs::read_to_string(page).unwrap();
    let shown: Vec<&str> = page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(["lab1", "lab2"].iter().all(|lab| shown.iter().any(|file| file.starts_with(lab))), "{shown:?}");
    assert!(shown.iter().all(|file| out.path().join("c1w1").join(file).is_file()), "{shown:?}");

    // Once the folder is out of the way, the exercise alone makes the week whole.
    fs::remove_dir(out.path().join(&picture)).unwrap();
    out.run_week(&["c1w1", "--quiet", "--exercise"]).succeeded();
    assert_eq!(out.runs("c1w1"), ["lab1", "lab2", "exercise"]);
}

/// The program in the hands of somebody without the rights of this test: of nobody, where the test may do everything.
struct Guest {
    program: PathBuf,
    is_nobody: bool,
    home: tempfile::TempDir,
}

impl Guest {
    /// None where this system has no way to be one.
    fn new() -> Option<Self> {
        const NOBODY: u32 = 65_534;
        let home = tempfile::tempdir().unwrap();
        allow(home.path(), 0o755);
        let closed = home.path().join("closed");
        fs::create_dir(&closed).unwrap();
        allow(&closed, 0o000);
        let is_nobody = fs::read_dir(&closed).is_ok();
        let mut program = PathBuf::from(PROGRAM);
        if is_nobody {
            program = home.path().join("xtask");
            fs::copy(PROGRAM, &program).unwrap();
            allow(&program, 0o755);
            let works = Command::new(&program).uid(NOBODY).args(["list", "--ids"]).stdout(Stdio::null()).status();
            if !works.is_ok_and(|status| status.success()) {
                eprintln!("skipped: this user may do everything, and cannot be another");
                return None;
            }
        }
        Some(Self { program, is_nobody, home })
    }

    fn xtask(&self, arguments: &[&str]) -> Ran {
        const NOBODY: u32 = 65_534;
        let mut command = Command::new(&self.program);
        if self.is_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ran::of(&command.args(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// The same where the system starts no further thread; nothing where it cannot be made to refuse.
    fn without_threads(&self, arguments: &[&str]) -> Option<Ran> {
        const NOBODY: u32 = 65_534;
        let mut command = Command::new("prlimit");
        command.arg("--nproc=1").arg(&self.program);
        if self.is_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        match command.args(arguments).stdin(Stdio::null()).output() {
            Ok(output) => Some(Ran::of(&output)),
            Err(_) => {
                eprintln!("skipped: this needs the program `prlimit` of util-linux");
                None
            }
        }
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn folders_without_rights() {
    let Some(guest) = Guest::new() else { return };
    let path = |name: &str| guest.home.path().join(name).to_str().unwrap().to_owned();
    let closed = path("closed");
    let mine = path("mine");
    fs::create_dir(&mine).unwrap();
    allow(Path::new(&mine), 0o777);

    // Data that cannot be looked at are not taken for missing.
    for choice in ["auto", "real"] {
        let ran = guest.xtask(&["run-week", "c1w2", "--data", choice, "--data-dir", &closed, "--out", &mine, "--no-report"]);
        ran.failed(&[&closed, "Permission denied", "check the rights"]);
    }
    // A folder that can be read, but not written.
    allow(Path::new(&closed), 0o555);
    guest.xtask(&["run-week", "c1w1", "--out", &closed]).failed(&[&closed, "Permission denied", "check the rights"]);
    let given = path("given");
    fs::write(&given, "eighty faces").unwrap();
    allow(Path::new(&given), 0o644);
    let ran = guest.xtask(&["fetch-data", "--from", &format!("happysad={given}"), "--data-dir", &closed]);
    ran.failed(&[&closed, "Permission denied", "check the rights"]);
    assert!(super::files_below(Path::new(&closed)).is_empty());
}

#[test]
fn r6_weeks_run_where_no_thread_can_be_started() {
    let Some(guest) = Guest::new() else { return };
    let mine = guest.home.path().join("mine");
    fs::create_dir(&mine).unwrap();
    allow(&mine, 0o777);
    let out = mine.to_str().unwrap();
    // Dense networks, and pictures that threads would decode.
    for week in [&["c1w1"][..], &["c1w4", "--exercise", "--epochs", "1"]] {
        let arguments = [&["run-week"], week, &["--data", "builtin", "--threads", "4", "--out", out]].concat();
        let Some(ran) = guest.without_threads(&arguments) else { return };
        ran.succeeded();
        assert!(mine.join(week[0]).join("index.html").is_file());
    }
}
