//! Data that are missing, wrong or given: `--data`, `--data-dir`, `fetch-data`.

use std::fs;
use std::path::Path;

use super::{Out, Ran, command, files_below, xtask};

const FASHION: [&str; 4] =
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];

#[test]
fn real_data_that_are_missing_are_named() {
    let (out, data) = (Out::new(), tempfile::tempdir().unwrap());
    let folder = data.path().to_str().unwrap();
    let asked = ["c1w2", "--data", "real", "--data-dir", folder, "--no-report"];
    let ran = out.run_week(&asked).failed(&FASHION).said(&["fmnist lacks", "cargo xtask fetch-data fmnist", "--data real"]);
    assert_eq!(ran.out, "");
    fs::create_dir(data.path().join("fmnist")).unwrap();
    fs::write(data.path().join("fmnist").join(FASHION[1]), "there").unwrap();
    let ran = out.run_week(&asked).failed(&[FASHION[0], FASHION[2], FASHION[3]]);
    assert!(!ran.err.contains(FASHION[1]), "{ran:?}");
    assert!(out.files().is_empty());
}

#[test]
fn incomplete_data_are_replaced_by_those_built_in() {
    let (out, data) = (Out::new(), tempfile::tempdir().unwrap());
    fs::create_dir(data.path().join("fmnist")).unwrap();
    fs::write(data.path().join("fmnist").join(FASHION[1]), "there").unwrap();
    let asked = ["c1w2", "--data-dir", data.path().to_str().unwrap(), "--lab", "1", "--epochs", "1", "--no-report"];
    let told = out.run_week(&asked).succeeded().out;
    assert!(told.lines().next().unwrap().contains("fmnist built-in: "), "{told}");
    assert_eq!(out.results("c1w2")["data"][0]["source"], "built-in");
    assert_eq!(files_below(data.path()), [format!("fmnist/{}", FASHION[1])], "a run writes nothing into the data folder");
}

#[test]
fn wrong_data_are_named_and_replaced_or_refused() {
    let (out, data) = (Out::new(), tempfile::tempdir().unwrap());
    fs::create_dir(data.path().join("fmnist")).unwrap();
    FASHION.iter().for_each(|name| fs::write(data.path().join("fmnist").join(name), "no pictures").unwrap());
    let asked = ["c1w2", "--data-dir", data.path().to_str().unwrap(), "--lab", "1", "--epochs", "1", "--no-report"];
    out.run_week(&[&asked[..], &["--data", "real"]].concat()).failed(&["c1w2", FASHION[0]]);
    assert!(out.files().is_empty());
    let told = out.run_week(&asked).succeeded().out;
    assert!(told.contains("fmnist built-in: ") && told.contains("because") && told.contains(FASHION[0]), "{told}");
    assert_eq!(out.results("c1w2")["data"][0]["source"], "built-in");
}

#[test]
fn a_data_folder_that_is_a_file_is_an_error() {
    let (out, data) = (Out::new(), tempfile::NamedTempFile::new().unwrap());
    let path = data.path().to_str().unwrap();
    out.run_week(&["c1w2", "--data", "real", "--data-dir", path]).failed(&[path]);
    fetch(data.path(), &["--from", &format!("happysad={path}")]).failed(&[path]);
}

#[test]
fn a_file_that_is_given_is_copied_and_remembered() {
    let (data, given) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (train, test) = (given.path().join("sign_mnist_train.csv"), given.path().join("sign_mnist_test.csv"));
    fs::write(&train, "letters").unwrap();
    fs::write(&test, "other letters").unwrap();
    let ran = fetch(data.path(), &["--from", &format!("signmnist={}", given.path().display())]);
    assert!(ran.status == Some(0) && ran.out.contains("sign_mnist_test.csv") && ran.out.contains("copied, hash remembered"), "{ran:?}");
    assert!(ran.err.contains("no hash was known; the file that is here is trusted") && !ran.err.contains('\x1b'), "{ran:?}");
    let copy = data.path().join("signmnist/sign_mnist_test.csv");
    assert_eq!(fs::read_to_string(&copy).unwrap(), "other letters");

    // Again: nothing to do, even without the file.
    drop(given);
    let ran = fetch(data.path(), &["signmnist"]);
    assert!(ran.status == Some(0) && ran.out.contains("up to date"), "{ran:?}");

    // A file of another content than the one remembered is left alone, and told.
    fs::write(&copy, "more letters!").unwrap();
    let ran = fetch(data.path(), &["signmnist"]);
    assert!(ran.out.contains("differs"), "{ran:?}");
    ran.failed(&["1 of 2 files", "sign_mnist_test.csv"]);
}

#[test]
fn a_wrong_file_that_is_given_is_refused() {
    let (data, given) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    fs::write(given.path(), "no sunspots").unwrap();
    let path = given.path().to_str().unwrap();
    let ran = fetch(data.path(), &["--from", &format!("sunspots={path}")]);
    assert!(ran.status == Some(1) && ran.out.contains("failed") && ran.err.contains(path), "{ran:?}");
    assert!(files_below(data.path()).iter().all(|file| file.contains("/.") || file.starts_with('.')), "{:?}", files_below(data.path()));
    fetch(data.path(), &["--from", "sunspots=/no/such/file"]).failed(&["/no/such/file", "check the path"]);
    fetch(data.path(), &["--from", "sunspots"]).failed(&["--from sunspots: expected NAME=PATH"]);
    fetch(data.path(), &["--from", &format!("sunspot={path}")]).failed(&["unknown data set `sunspot`", "did you mean `sunspots`?"]);
}

#[test]
fn what_there_is_to_fetch_is_listed_without_fetching() {
    let data = tempfile::tempdir().unwrap();
    let told = fetch(data.path(), &[]).succeeded().out;
    assert!(told.contains("fmnist") && told.contains("sunspots") && told.contains("0 of 4"), "{told}");
    assert!(files_below(data.path()).is_empty());
    let ran = xtask(&["fetch-data", "--week", "c1w1"]);
    assert!(ran.status == Some(0) && ran.err.contains("nothing to fetch"), "{ran:?}");
}

/// `fetch-data` into a folder; with no way to the network, should it try.
fn fetch(folder: &Path, arguments: &[&str]) -> Ran {
    let mut fetch = command(&["fetch-data", "--data-dir"]);
    for proxy in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        fetch.env(proxy, "http://127.0.0.1:9");
    }
    Ran::of(&fetch.arg(folder).args(arguments).output().unwrap())
}
