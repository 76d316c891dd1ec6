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
    // The same file gives the same bytes, also where no one reads what is told.
    fs::remove_file(out.join("forecast.csv")).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert!(command(&arguments).stdout(writer).status().unwrap().success());
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
    call(&["--value", "sold", "--horizon", "0"]).failed(&["the horizon is 0, expected 1 step or more"]);
    for (rows, said) in [
        ("2024-01-01,1\n2024-01-02,2\n2024-02-01,3\n", "21 of 24 values are missing"),
        ("2024-01-01,1e307\n2024-01-02,2e307\n2024-01-03,4e307\n", "the largest value is 4e307 in size"),
        ("2024-01-01,1e-200\n2024-01-02,2e-200\n2024-01-03,4e-200\n", "the largest value is 4e-200 in size"),
        ("2024-01-01,\"1,001.5\"\n", "say `--thousands ,`"),
        ("2024-01-01,\"0,5\"\n", "say `--decimal-comma`"),
        ("1/2/2024,5\n", "--date-format"),
    ] {
        fs::write(&file, format!("day,sold\n{rows}")).unwrap();
        call(&["--value", "sold"]).failed(&[said]);
    }
    assert!(!out.exists());
}

#[test]
fn files_without_dates_are_forecast_by_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("rows.csv"), folder.path().join("out"));
    let call = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let arguments = ["forecast", file.to_str().unwrap(), "--value", "v", "--out", out.to_str().unwrap(), "--horizon", "2"];
        xtask(&[&arguments, more].concat()).succeeded();
        fs::read_to_string(out.join("forecast.csv")).unwrap()
    };
    let rows = |row: fn(u32) -> String| (1..=30).map(row).collect::<Vec<_>>().join("\n");
    assert!(call(&format!("v\n{}", rows(|i| (i * i % 7).to_string())), &[]).contains("\n30,"));
    // A column that counts the rows holds no dates, whatever its name.
    assert!(call(&format!("day,v\n{}", rows(|i| format!("{i},{}", i * i % 7))), &[]).contains("\n30,"));
    let dated = rows(|i| format!("{i},2024-01-{i:02},{}", i * i % 7));
    assert!(call(&format!("period,stamp,v\n{dated}"), &[]).contains("\n2024-01-31,"));
    let german = rows(|i| format!("{i:02}.01.2024;{},{}", i * i % 7, i % 10));
    assert!(call(&format!("Tag;v\n{german}"), &["--decimal-comma"]).contains("\n2024-01-31,"));
}

#[test]
fn a_tab_is_asked_for_in_the_words_of_the_hint() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("rows.tsv"), folder.path().join("out"));
    fs::write(&file, (1..=30).fold("day\tv\n".to_owned(), |text, i| text + &format!("2024-01-{i:02}\t{}\n", i * i % 7))).unwrap();
    let call = |delimiter: &str| {
        let arguments = ["forecast", file.to_str().unwrap(), "--value", "v", "--out", out.to_str().unwrap(), "--delimiter", delimiter];
        xtask(&arguments)
    };
    call(",").failed(&[r"say `--delimiter '\t'`"]);
    call(r"\t").succeeded();
    call("tab").succeeded();
    call("tabs").misused(&[r"expected one character, \t or tab"]);
}
