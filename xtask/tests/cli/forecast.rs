//! `forecast`: what a file with a column leads to.

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::fs;

use super::*;

/// 72 months of sales with a season, the newest first, as shops export them.
fn sales() -> String {
    let mut rows: Vec<String> = (0..72)
        .map(|month| {
            let value = 100.0 + f64::from(month) + 20.0 * (TAU * f64::from(month) / 12.0).sin() + f64::from(month * 7 % 5);
            format!("{}-{:02}-01,{value:.1},x", 2015 + month / 12, month % 12 + 1)
        })
        .collect();
    rows.reverse();
    let mut text = "# exported\nMonth,Sold,Note\n".to_owned();
    for row in rows {
        writeln!(text, "{row}").unwrap();
    }
    text
}

#[test]
fn t7_a_file_leads_to_a_ranking_a_forecast_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("sales.csv"), folder.path().join("out"));
    fs::write(&file, sales()).unwrap();
    let arguments = ["forecast", file.to_str().unwrap(), "--value", "Sold", "--horizon", "6", "--out", out.to_str().unwrap()];
    let ran = xtask(&arguments).succeeded();
    assert!(ran.out.contains("| rank | model") && ran.out.contains("Holt-Winters 12"), "{}", ran.out);
    let csv = fs::read_to_string(out.join("forecast.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines[0], lines.len()), ("date,forecast,lower,upper", 7));
    assert!(lines[1].starts_with("2021-01-01,") && lines[6].starts_with("2021-06-01,"), "{csv}");
    let numbers: Vec<f64> = lines[1].split(',').skip(1).map(|number| number.parse().unwrap()).collect();
    // The season goes on: 172 with a noise of 0 to 4.
    assert!(numbers[1] < numbers[0] && numbers[0] < numbers[2] && (numbers[0] - 174.0).abs() < 8.0, "{numbers:?}");
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    for said in ["Sold in sales.csv", "12 steps, found", "90 of 100 values", "forecast.csv", "<img"] {
        assert!(page.contains(said), "`{said}` is not in the page");
    }
    // The same file gives the same bytes.
    xtask(&arguments).succeeded();
    assert_eq!(fs::read_to_string(out.join("forecast.csv")).unwrap(), csv);
}

#[test]
fn u7_bad_requests_say_what_to_do_and_leave_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("few.csv"), folder.path().join("out"));
    fs::write(&file, "day,sold\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n").unwrap();
    let call = |more: &[&str]| xtask(&[&["forecast", file.to_str().unwrap(), "--out", out.to_str().unwrap()], more].concat());
    call(&[]).misused(&["--value"]);
    call(&["--value", "solt"]).failed(&["unknown column `solt`", "`sold`"]);
    call(&["--value", "sold", "--level", "0"]).failed(&["the level is 0"]);
    call(&["--value", "sold", "--period", "week"]).failed(&["the period is `week`", "`auto`"]);
    call(&["--value", "sold", "--horizon", "12"]).failed(&["3 values are too few", "expected"]);
    call(&["--value", "sold", "--horizon", "18446744073709551615"]).failed(&["too few"]);
    call(&["--value", "sold", "--period", "18446744073709551615"]).failed(&["too few"]);
    call(&["--value", "sold", "--date", "when"]).failed(&["when"]);
    assert!(!out.exists());
}
