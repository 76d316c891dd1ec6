//! What the program says of itself, and to people who mistype.

use super::{Out, xtask};

#[test]
fn list_tells_weeks_to_people_and_to_scripts() {
    let ids = xtask(&["list", "--ids"]).succeeded().out;
    assert!(ids.starts_with("c1w1\nc1w2\n"), "{ids}");
    let told = xtask(&["list"]).succeeded().out;
    let table = xtask(&["list", "--markdown"]).succeeded().out;
    for id in ids.lines() {
        assert!(told.lines().any(|line| line.starts_with(&format!("{id}  "))), "{told}");
        assert!(table.lines().any(|line| line.starts_with(&format!("| {id} | "))), "{table}");
    }
    assert!(told.contains("lab 1 ") && told.contains("exercise ") && told.contains("fmnist (built in: "), "{told}");
}

#[test]
fn help_and_version_are_no_failures() {
    let help = xtask(&["--help"]).succeeded().out;
    for command in ["list", "fetch-data", "run-week", "bench", "report", "forecast"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
    let help = xtask(&["run-week", "--help"]).succeeded().out;
    let options = ["--lab", "--exercise", "--exploration", "--scale", "--full", "--data ", "--data-dir", "--epochs"];
    for option in options.into_iter().chain(["--seed", "--threads", "--simd", "--out", "--no-report", "--quiet"]) {
        assert!(help.contains(&format!(" {option}")), "{option} is not in {help}");
    }
    assert!(xtask(&["--version"]).succeeded().out.contains("xtask "));
}

#[test]
fn questions_go_to_weeks_with_a_network() {
    let out = Out::new();
    out.run_week(&["c1w1", "--ask", "hello"]).failed(&["c1w1 has no network to ask", "c1w2", "c3w4"]);
    out.run_week(&["c1w1", "--seed", "-1"]).misused(&["expected a whole number from 0 to 18446744073709551615"]);
    out.run_week(&["c3w4", "--temperature", "1"]).misused(&["--ask"]);
    out.run_week(&["c1w2", "--ask", "mine.png", "--full", "--epochs", "3", "--seed", "7"])
        .failed(&["--ask asks networks that earlier runs of c1w2 have trained: leave out --full --epochs 3 --seed 7"]);
    out.run_week(&["c3w4", "--ask", "--temperature", "-1"]).failed(&["--temperature is -1: expected a finite number of 0 or more"]);
}

#[test]
fn c3_workloads_of_the_bench_are_told_each_with_a_line() {
    let help = xtask(&["bench", "--help"]).succeeded().out;
    let unknown = xtask(&["bench", "foo"]).failed(&["there is no workload `foo`"]).err;
    for (id, what) in [("W1", "a line through six points"), ("augment-all", "pictures"), ("holt-winters", "Holt-Winters")] {
        let line = |told: &str| told.lines().any(|line| line.trim_start().starts_with(&format!("{id} ")) && line.contains(what));
        assert!(line(&help) && line(&unknown), "{id}: {help}\n{unknown}");
    }
}

#[test]
fn a_slip_gets_the_nearest_name() {
    xtask(&["run-wek", "c1w1"]).misused(&["run-wek", "'run-week'"]);
    xtask(&["list", "--idz"]).misused(&["--idz", "'--ids'"]);
    xtask(&["run-week", "c1w1", "--no-reprot"]).misused(&["--no-reprot", "'--no-report'"]);
    xtask(&["run-week", "c1w1", "--data", "reel"]).misused(&["reel", "auto, real, builtin", "'real'"]);
    xtask(&["run-week", "c1w1", "--scale", "big"]).misused(&["big", "quick, course"]);
    xtask(&["run-week", "c1w1", "--seed", "many"]).misused(&["many", "--seed"]);
    xtask(&["run-week"]).misused(&["<ID>"]);
    xtask(&["fetch-data", "mnits"]).failed(&["unknown data set `mnits`", "did you mean `mnist`?"]);
    xtask(&["fetch-data", "--week", "c1w22"]).failed(&["unknown week `c1w22`", "did you mean `c1w2`?"]);
}

#[test]
fn run_week_refuses_what_makes_no_sense_before_it_writes() {
    let out = Out::new();
    out.run_week(&["c1w22"]).failed(&["unknown week `c1w22`", "known are c1w1, c1w2", "did you mean `c1w2`?"]);
    out.run_week(&["c1w1", "c1w1"]).failed(&["week `c1w1` is asked for twice"]);
    for option in [&["--lab", "1"][..], &["--exercise"], &["--exploration", "2"], &["--epochs", "3"]] {
        let words = format!("{} goes with one week, got 2: c1w1, c1w2", option[0]);
        out.run_week(&[&["c1w1", "c1w2"], option].concat()).failed(&[&words]);
    }
    out.run_week(&["c1w1", "--lab", "7"]).failed(&["c1w1 has no lab 7: it has lab 1, lab 2, exercise"]);
    out.run_week(&["c1w1", "--exploration", "3"]).failed(&["c1w1 has no exploration 3"]);
    out.run_week(&["c1w1", "--lab", "1", "--exercise"]).misused(&["--lab", "--exercise"]);
    out.run_week(&["c1w1", "--full", "--scale", "quick"]).misused(&["--full", "--scale"]);
    out.run_week(&["c1w1", "--epochs", "0"]).failed(&["--epochs is 0"]);
    out.run_week(&["c1w1", "--threads", "0"]).failed(&["threads must be 1 to 1024, got 0"]);
    out.run_week(&["c1w1", "--simd", "avx3"]).failed(&["unknown instruction set `avx3`", "portable, avx2, avx512", "did you mean `avx2`?"]);
    assert!(super::files_below(out.path()).is_empty());
}
