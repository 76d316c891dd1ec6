//! `run-week` and its options.

use super::{Out, xtask};

#[test]
fn a_week_runs_whole_by_default_and_says_what_it_does() {
    let out = Out::new();
    let told = out.run_week(&["c1w1"]).succeeded().out;
    assert!(told.starts_with("c1w1  A new programming paradigm  [data in the lab]  [scale quick, seed 42]\n"), "{told}");
    assert!(
        told.contains("\nLab 1") && told.contains("predict(10) = 18.97") && told.contains("\npredict_10 18.9") && told.contains(": met ("),
        "{told}"
    );
    assert_eq!(out.runs("c1w1"), ["lab1", "lab2", "exercise"]);
    let page = out.path().join("c1w1/index.html");
    assert!(told.ends_with(&format!("{}\n", page.display())) && page.is_file(), "{told}");
    assert!(out.path().join("index.html").is_file());
}

#[test]
fn parts_of_a_week() {
    let out = Out::new();
    for (option, run) in [(&["--lab", "2"][..], "lab2"), (&["--exercise"], "exercise")] {
        let alone = Out::new();
        alone.run_week(&[&["c1w1", "--no-report"], option].concat()).succeeded();
        assert_eq!(alone.runs("c1w1"), [run]);
    }
    // Other epochs than the course's reach other numbers, which no one judges.
    let told = out.run_week(&["c1w1", "--lab", "1", "--epochs", "3", "--no-report"]).succeeded().out;
    let results = out.results("c1w1");
    let run = &results["runs"][0];
    assert_eq!((run["epochs"].as_u64(), run["history"]["loss"].as_array().map(Vec::len)), (Some(3), Some(3)));
    assert!(run["targets"].as_array().unwrap().is_empty() && !told.contains("predict_10"), "{told}");
    assert!(told.contains("\nNot judged: "), "{told}");
}

#[test]
fn without_a_report_there_are_results_alone() {
    let out = Out::new();
    out.run_week(&["c1w1", "--no-report"]).succeeded();
    assert_eq!(out.files(), ["c1w1/results.json"]);
    assert_eq!(out.results("c1w1")["artifacts"].as_array().map(Vec::len), Some(0));
}

#[test]
fn quiet_says_nothing_and_does_the_same() {
    let (loud, quiet) = (Out::new(), Out::new());
    loud.run_week(&["c1w1"]).succeeded();
    let told = quiet.run_week(&["c1w1", "--quiet"]).succeeded();
    assert_eq!(told.out, "");
    assert_eq!(quiet.files(), loud.files());
    assert_eq!(quiet.results("c1w1")["runs"][0]["history"], loud.results("c1w1")["runs"][0]["history"]);
}

#[test]
fn threads_and_instructions_change_no_bit_and_are_recorded() {
    let out = Out::new();
    let run = |more: &[&str]| {
        let first = ["c1w2", "--data", "builtin", "--lab", "1", "--epochs", "1", "--quiet", "--no-report"];
        out.run_week(&[&first, more].concat()).succeeded();
        let mut results = out.results("c1w2");
        (results["runs"][0]["history"].take(), results)
    };
    let (one, results) = run(&["--threads", "1"]);
    assert_eq!(results["threads"], 1);
    let (two, results) = run(&["--threads", "2"]);
    assert_eq!(results["threads"], 2);
    assert_eq!(one, two);
    for set in ["avx2", "avx512"] {
        let asked = ["c1w1", "--no-report", "--quiet", "--simd", set];
        let ran = out.run_week(&asked);
        if ran.status == Some(0) {
            let (history, results) = run(&["--simd", set]);
            assert_eq!((results["simd"].as_str(), history), (Some(set), one.clone()));
        } else {
            ran.failed(&[set]);
        }
    }
}

#[test]
fn the_portable_path_agrees_closely() {
    let out = Out::new();
    let loss = |simd: &str| {
        out.run_week(&["c1w1", "--lab", "1", "--simd", simd, "--quiet", "--no-report"]).succeeded();
        out.results("c1w1")["runs"][0]["metrics"]["predict_10"].as_f64().unwrap()
    };
    let (auto, portable) = (loss("auto"), loss("portable"));
    assert_eq!(out.results("c1w1")["simd"], "portable");
    assert!((auto - portable).abs() < 1e-3, "{auto} {portable}");
}

#[test]
fn a_seed_makes_other_numbers_and_the_same_ones_again() {
    let out = Out::new();
    let history = |seed: &str| {
        out.run_week(&["c1w1", "--lab", "1", "--seed", seed, "--quiet", "--no-report"]).succeeded();
        let results = out.results("c1w1");
        assert_eq!(results["seed"].as_u64(), seed.parse().ok());
        results["runs"][0]["history"].clone()
    };
    let (first, other) = (history("7"), history("8"));
    assert_ne!(first, other);
    assert_eq!(history("7"), first);
    assert!(history("18446744073709551615").is_object());
}

#[test]
fn scales_have_names_and_full_is_course() {
    let out = Out::new();
    for (options, scale) in [(&["--scale", "quick"][..], "quick"), (&["--scale", "course"], "course"), (&["--full"], "course")] {
        let told = out.run_week(&[&["c1w1", "--no-report"], options].concat()).succeeded().out;
        assert!(told.contains(&format!("[scale {scale}, ")), "{told}");
        assert_eq!(out.results("c1w1")["scale"], scale);
    }
}

#[test]
fn the_command_in_the_results_gives_the_results_again() {
    let (first, again) = (Out::new(), Out::new());
    first.run_week(&["c1w1", "--lab", "2", "--seed", "5", "--epochs", "9", "--simd", "portable", "--no-report", "--quiet"]).succeeded();
    let results = first.results("c1w1");
    let words: Vec<&str> = results["command"].as_str().unwrap().split(' ').collect();
    assert_eq!(words[..3], ["cargo", "xtask", "run-week"]);
    assert_eq!(results["sessions"][0]["made"]["options"], " --seed 5 --simd portable");
    again.run_week(&[&words[3..], &["--no-report", "--quiet"]].concat()).succeeded();
    assert_eq!(again.results("c1w1")["runs"][0]["history"], results["runs"][0]["history"]);
}

#[test]
fn several_weeks_run_in_the_order_given() {
    let out = Out::new();
    let told = out.run_week(&["c1w1", "--no-report", "--quiet"]).succeeded();
    assert!(told.out.is_empty());
    let data = out.path().join("none");
    let told = out.run_week(&["c1w2", "c1w1", "--no-report", "--data", "real", "--data-dir", data.to_str().unwrap()]);
    // The first week fails, and the others are not begun.
    assert!(!told.out.contains("c1w1 "), "{told:?}");
    told.failed(&["none/fmnist lacks"]);
}

#[test]
fn reports_are_made_again_from_the_results() {
    let out = Out::new();
    let folder = out.path().to_str().unwrap();
    xtask(&["report", "--out", folder]).failed(&["no results under", "cargo xtask run-week c1w1"]);
    out.run_week(&["c1w1", "--quiet"]).succeeded();
    let files = out.files();
    let page = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    let (overview, week) = (page("index.html"), page("c1w1/index.html"));
    for name in ["index.html", "c1w1/index.html"] {
        std::fs::remove_file(out.path().join(name)).unwrap();
    }
    let told = xtask(&["report", "--out", folder]).succeeded().out;
    let pages = [out.path().join("index.html"), out.path().join("c1w1/index.html")];
    assert_eq!(told, format!("{}\n{}\n", pages[0].display(), pages[1].display()));
    assert_eq!((page("index.html"), page("c1w1/index.html")), (overview, week));
    assert_eq!(out.files(), files);

    // Results that are none do not keep the others from their pages.
    std::fs::create_dir(out.path().join("c9w9")).unwrap();
    std::fs::write(out.path().join("c9w9/results.json"), "{\"week\": 3").unwrap();
    std::fs::remove_file(&pages[1]).unwrap();
    xtask(&["report", "--out", folder]).failed(&["c9w9/results.json is not the results of a week", "hint"]);
    assert!(pages[1].is_file());
}

#[test]
fn r3_a_part_that_is_run_again_leaves_the_others_as_they_are() {
    let out = Out::new();
    out.run_week(&["c1w1", "--quiet"]).succeeded();
    let before = out.results("c1w1");
    out.run_week(&["c1w1", "--quiet", "--lab", "1", "--seed", "3"]).succeeded();
    let after = out.results("c1w1");
    assert_eq!(out.runs("c1w1"), ["lab1", "lab2", "exercise"]);
    assert_eq!((&after["runs"][1], &after["runs"][2]), (&before["runs"][1], &before["runs"][2]));
    assert_ne!(after["runs"][0]["history"], before["runs"][0]["history"]);
    let seeds: Vec<_> = after["sessions"].as_array().unwrap().iter().map(|session| session["made"]["seed"].as_u64()).collect();
    assert_eq!(seeds, [Some(3), Some(42), Some(42)]);
    // The page shows the pictures of both, and nothing else lies about.
    let page = std::fs::read_to_string(out.path().join("c1w1/index.html")).unwrap();
    for file in out.files().iter().filter_map(|file| file.strip_prefix("c1w1/")).filter(|file| file.ends_with(".svg")) {
        assert!(page.contains(file), "{file}");
    }
}

#[test]
fn own_files_are_taken_whatever_their_name_and_refused_where_they_are_something_else() {
    let out = Out::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my own numbers.txt");
    std::fs::write(&file, "Date,Monthly Mean Total Sunspot Number\n1749-01-31,96.7\n").unwrap();
    let from = format!("sunspots={}", file.display());
    let run = |more: &[&str]| out.run_week(&[&["c4w1", "--lab", "2", "--no-report", "--from", &from], more].concat());
    let told = run(&[]).succeeded().out;
    let first = told.lines().next().unwrap();
    assert!(first.contains("sunspots built-in") && first.contains("because") && first.contains("my own numbers.txt"), "{told}");
    assert!(first.ends_with("[scale quick, seed 42]") && !told.contains("hint"), "{told}");
    let command = out.results("c4w1")["command"].as_str().unwrap().to_owned();
    assert!(command.ends_with(&format!(" --from '{from}'")), "{command}");
    let quiet = run(&["--quiet"]);
    assert!(
        quiet.status == Some(0)
            && quiet.out.is_empty()
            && quiet.err.starts_with("warning: sunspots built-in")
            && quiet.err.contains("got 1"),
        "{quiet:?}"
    );
    run(&["--data", "real"]).failed(&["my own numbers.txt", "3235 values", "got 1"]);
    run(&["--data", "builtin"]).failed(&["--data builtin refuses it"]);
    let from = |id: &str| format!("{id}={}", folder.path().display());
    out.run_week(&["c4w1", "--from", &from("sunspots")]).failed(&["is a folder without Sunspots.csv"]);
    let ran = out.run_week(&["c1w2", "--data", "real", "--from", &from("fmnist")]).failed(&["lacks", "`--from fmnist=FOLDER`"]);
    assert!(!ran.err.contains("fetch-data"), "{ran:?}");
    let file = format!("fmnist={}", file.display());
    out.run_week(&["c1w2", "--from", &file]).failed(&["it is a file; give the folder"]);
    out.run_week(&["c4w1", "--from", &from("mnist")]).failed(&["`mnist` is not among the data of c4w1: sunspots"]);
    out.run_week(&["c1w1", "--from", &from("mnist")]).failed(&["`mnist` is not among the data of c1w1: none"]);
    out.run_week(&["c4w1", "--from", &from("sunspot")]).failed(&["did you mean `sunspots`"]);
    out.run_week(&["c4w1", "--from", "sunspots"]).failed(&["expected ID=PATH"]);
}

#[test]
fn files_are_not_called_real_before_they_are_loaded() {
    let out = Out::new();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("bbc");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("bbc-text.csv"), "nothing\n").unwrap();
    let told = out.run_week(&["c3w1", "--exercise", "--no-report", "--data-dir", data.path().to_str().unwrap()]).succeeded().out;
    let first = told.lines().next().unwrap();
    assert!(first.contains(&format!("[data bbc from {}]", folder.display())), "{told}");
    assert!(told.lines().any(|line| line.starts_with("bbc built-in: ") && line.contains(", because ")), "{told}");
    assert_eq!(out.results("c3w1")["data"][0]["source"], "built-in");
}

#[test]
fn a_data_folder_that_is_not_there_is_named_as_the_reason() {
    let out = Out::new();
    let told = out.run_week(&["c3w1", "--exercise", "--no-report", "--data-dir", "/no/such"]).succeeded().out;
    let first = told.lines().next().unwrap();
    assert!(first.contains("bbc built-in: ") && first.contains(", because /no/such/bbc lacks bbc-text.csv"), "{told}");
}

#[test]
fn epochs_for_what_trains_nothing_are_told() {
    let told = Out::new().run_week(&["c4w2", "--lab", "1", "--epochs", "3", "--no-report"]).succeeded().out;
    assert!(told.contains("`--epochs` changes nothing: lab 1 of c4w2 trains no network.") && told.contains(": met ("), "{told}");
}

#[test]
fn own_files_of_weights_and_folders_of_any_name_are_looked_at_before_anything_is_trained() {
    let (out, folder) = (Out::new(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name).display().to_string();
    for classes in ["pets/train/cats", "pets/train/dogs", "pets/validation/cats"] {
        std::fs::create_dir_all(path(classes)).unwrap();
    }
    std::fs::write(path("mine"), "root:x:0:0\n").unwrap();
    let from = |id: &str, name: &str| format!("--from={id}={}", path(name));
    let pets = ["c2w3", "--lab", "1", "--data", "real", &from("catsdogs", "pets"), &from("inception", "mine")];
    out.run_week(&pets).failed(&["pets lacks validation", "`--from catsdogs=FOLDER`"]);
    std::fs::create_dir_all(path("pets/validation/dogs")).unwrap();
    out.run_week(&pets).failed(&["mine", "it holds no arrays"]);
    let words = ["c3w3", "--exercise", "--data", "real", &from("twitter", "mine"), &from("glove", "mine")];
    out.run_week(&words).failed(&["mine", "line 1 holds no numbers"]);
    assert!(out.files().is_empty());
}
