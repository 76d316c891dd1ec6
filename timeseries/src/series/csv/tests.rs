use super::*;

fn error(reader: &CsvReader, text: &str) -> String {
    reader.parse(text).unwrap_err().to_string()
}

#[test]
fn the_courses_files() {
    let spots = ",Date,Monthly Mean Total Sunspot Number\n0,1749-01-31,96.7\n1,1749-02-28,104.3\n";
    let series = CsvReader::new().dates(1).column(2).parse(spots).unwrap();
    assert_eq!(series.values().unwrap(), [96.7, 104.3]);
    assert_eq!(series.names(), ["Monthly Mean Total Sunspot Number"]);
    let temps = "\"Date\",\"Temp\"\r\n\"1981-01-01\",20.7\r\n\"1981-01-02\",17.9\r\n";
    assert_eq!(CsvReader::new().parse(temps).unwrap().dates().unwrap()[1].to_string(), "1981-01-02");
    let two = CsvReader::new().column("b").column("a").parse("\u{feff}a,b\n1,2\n").unwrap();
    assert_eq!(two.names(), ["b", "a"]);
    let bare = CsvReader::new().header(false).column(1).parse("7,2\n8,?\n").unwrap();
    assert!(bare.column("1").unwrap()[1].is_nan());
}

#[test]
fn columns_that_do_not_exist_list_those_that_do() {
    let reader = CsvReader::new();
    let message = error(&reader.clone().column("Tmp"), "Date,Temp\n1981-01-01,1\n");
    assert!(message.contains("unknown column `Tmp`: known are 0 `Date`, 1 `Temp`"), "{message}");
    assert!(error(&reader.clone().column(2), "Date,Temp\n1981-01-01,1\n").contains("unknown column `2`"));
    assert!(error(&reader.clone().delimiter(',').column("Temp"), "Date;Temp\n1981-01-01;1\n").contains("say `.delimiter(';')`"));
    assert!(error(&reader.clone().column("temp"), "Date,Temp\n1981-01-01,1\n").contains("did you mean `Temp`?"));
    assert!(error(&reader.clone().column("a").column(1), "b,a\n1,2\n").contains("column 1 `a` is named twice"));
    let which = error(&reader, "Date,a,b\n1981-01-01,1,2\n");
    assert!(which.contains("any of 2 columns: 1 `a`, 2 `b`") && which.contains(".column("), "{which}");
    assert!(error(&reader, "a,a\n1,2\n").contains("columns 0 and 1 are both called `a`"));
}

#[test]
fn lines_are_named() {
    let reader = CsvReader::new();
    let comma = error(&reader, "Date,Temp\n1981-01-01,1\n1981-01-02,\"20,7\"\n");
    assert!(comma.contains("line 3, column `Temp`: `20,7` is not a number") && comma.contains("decimal_comma(true)"), "{comma}");
    assert!(error(&reader, "Date,Temp\n1981-01-01,20,7\n").contains("line 2 has 3 fields, the first line 2"));
    assert!(error(&reader, "Date,Temp\n1981-01-01,warm\n").contains(".missing("));
    assert!(error(&reader, "Date,Temp\n1981-01-01,inf\n").contains("line 2, column `Temp`: inf is not a finite number"));
    assert!(error(&reader, "Date,Temp\n1981-01-31,1\n31/1981,1\n").contains("line 3, column `Date`: `31/1981` is not a date"));
    assert!(error(&reader, "Date,Temp\n1981-01-02,1\n1981-01-01,1\n").contains("the date 1981-01-01 at line 3 is before 1981-01-02"));
    assert!(error(&reader, "Date,Temp\n1981-01-02,1\n\n1981-01-02,1\n").contains("1981-01-02 at line 4 occurs twice"));
    assert!(error(&reader, "1981-01-02,1\n1981-01-03,1\n").contains("line 1 holds values"));
    assert!(error(&reader, "").contains("no rows") && error(&reader, "a\n").contains("no rows"));
    assert!(error(&reader.clone().delimiter('→'), "a\n1\n").contains("ASCII"));
}

#[test]
fn files() {
    assert!(CsvReader::new().read("/nowhere/at.csv").unwrap_err().is_io());
}

#[test]
fn t3_groups_of_thousands_are_checked() {
    let text = "Date,Price\n1981-01-01,\"8,746.6\"\n";
    let message = error(&CsvReader::new(), text);
    assert!(message.contains("say `.thousands(',')`") && !message.contains("decimal_comma"), "{message}");
    let reader = CsvReader::new().thousands(',');
    assert_eq!(reader.parse(text).unwrap().values().unwrap(), [8746.6]);
    assert_eq!(reader.parse("Date,Price\n1981-01-01,\"-1,008,746\"\n").unwrap().values().unwrap(), [-1_008_746.0]);
    for wrong in ["87,46.6", "8,74", ",746", "8,7466", "8,746,6", "8.746,6"] {
        assert!(error(&reader, &format!("Date,Price\n1981-01-01,\"{wrong}\"\n")).contains("is not a number"), "{wrong}");
    }
    let european = CsvReader::new().decimal_comma(true);
    assert_eq!(european.parse("Date;Price\n1981-01-01;8.746,6\n").unwrap().values().unwrap(), [8746.6]);
    assert!(error(&european, "Date;Price\n1981-01-01;8,746.6\n").contains("is not a number"));
    assert!(error(&CsvReader::new(), "Date;Price\n1981-01-01;8,746\n").contains("if its comma separates thousands"));
}

#[test]
fn t4_the_column_of_dates_is_found() {
    for name in ["Week", "Month", "Year", "Date/Time", "observation_date", "Zeitpunkt"] {
        let text = format!("{name},sold\n2024-01-15,2\n2024-01-08,1\n");
        let message = error(&CsvReader::new(), &text);
        assert!(message.contains("2024-01-08 at line 3 is before 2024-01-15") && message.contains(".sort(true)"), "{message}");
        let series = CsvReader::new().sort(true).parse(&text).unwrap();
        assert_eq!(series.values().unwrap(), [1.0, 2.0]);
        assert_eq!(series.dates().unwrap()[0].to_string(), "2024-01-08");
    }
    let years = CsvReader::new().parse("Year,sold\n1749,1\n1750,2\n").unwrap();
    assert_eq!(years.step().unwrap().to_string(), "1 year");
    let none = error(&CsvReader::new(), "a,b\n1,2\n");
    assert!(none.contains("no column of dates was found") && none.contains(".dates("), "{none}");
    assert!(error(&CsvReader::new().sort(true).column("a"), "a,b\n1,2\n").contains("no column of dates to sort by"));
}

#[test]
fn columns_of_times_and_of_values_are_not_taken_for_dates() {
    let ambiguous = "time,day,v\n18:00,01/02/2024,1\n18:00,02/02/2024,2\n";
    let message = error(&CsvReader::new().times("time"), ambiguous);
    assert!(message.contains("column `day`: `01/02/2024 18:00`") && message.contains("as well as"), "{message}");
    // A year counts as a date where it is not asked for as a value.
    let years = "year,stamp\n1990,2024-01-01\n1991,2024-01-02\n";
    for reader in [CsvReader::new().column(0), CsvReader::new().column("year")] {
        let series = reader.parse(years).unwrap();
        assert_eq!((series.values().unwrap(), series.dates().unwrap()[1].to_string()), (&[1990.0, 1991.0][..], "2024-01-02".into()));
    }
}

#[test]
fn t7_dates_as_exports_have_them() {
    let dates = |reader: CsvReader, rows: &[&str]| -> Vec<String> {
        let text = rows.iter().fold("Date,x\n".to_owned(), |text, row| text + &format!("\"{row}\",1\n"));
        reader.parse(&text).unwrap().dates().unwrap().iter().map(ToString::to_string).collect()
    };
    let new = CsvReader::new;
    assert_eq!(dates(new(), &["2024-01-01T00:00:00+00:00", "2024-01-01T01:00:00Z"]), ["2024-01-01", "2024-01-01T01:00:00"]);
    assert_eq!(dates(new(), &["2024-01-01 00:00:00.500", "2024-01-01 00:00:01.500"])[1], "2024-01-01T00:00:01.5");
    assert_eq!(dates(new(), &["1704067200", "1704070800"]), ["2024-01-01", "2024-01-01T01:00:00"]);
    assert_eq!(dates(new(), &["1704067200000", "1704070800000"])[1], "2024-01-01T01:00:00");
    assert_eq!(dates(new(), &["20240101", "20240102"]), ["2024-01-01", "2024-01-02"]);
    assert_eq!(dates(new(), &["202004", "202005"]), ["2020-04-01", "2020-05-01"]);
    assert_eq!(dates(new(), &["31/12/23", "01/01/24"]), ["2023-12-31", "2024-01-01"]);
    assert_eq!(dates(new(), &["1960-Q1", "1960-Q2"]), ["1960-01-01", "1960-04-01"]);
    assert_eq!(dates(new(), &["Q1 1960", "Q2 1960"]), ["1960-01-01", "1960-04-01"]);
    assert_eq!(dates(new(), &["1949", "1949.08333333333", "1949.16666666667"]), ["1949-01-01", "1949-02-01", "1949-03-01"]);
    assert_eq!(dates(new(), &["1949.92", "1950", "1950.08", "1950.17"]), ["1949-12-01", "1950-01-01", "1950-02-01", "1950-03-01"]);
    assert_eq!(dates(new(), &["1960", "1960.25", "1960.5"]), ["1960-01-01", "1960-04-01", "1960-07-01"]);
    // The middles of months, as observatories write them.
    assert_eq!(dates(new(), &["1749.042", "1749.123", "1749.204"]), ["1749-01-01", "1749-02-01", "1749-03-01"]);
    assert_eq!(dates(new(), &["Jan 31, 2024", "Feb 1, 2024"]), ["2024-01-31", "2024-02-01"]);
    assert_eq!(dates(new(), &["12/31/2023 11:00 PM", "01/01/2024 12:00 AM"]), ["2023-12-31T23:00:00", "2024-01-01"]);
    assert_eq!(dates(new().date_format("%d.%m.%y"), &["01.02.24", "02.02.24"]), ["2024-02-01", "2024-02-02"]);
    // Summer ends: with offsets, and with a zone, every hour has its place.
    let offsets = ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"];
    assert_eq!(dates(new(), &offsets), ["2024-10-27", "2024-10-27T01:00:00"]);
    let shown = ["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"];
    let utc = ["2024-10-26T23:00:00", "2024-10-27", "2024-10-27T01:00:00", "2024-10-27T02:00:00"];
    assert_eq!(dates(new().time_zone("Europe/Berlin"), &shown), utc);

    let text = |rows: &[&str]| rows.iter().fold("Date,x\n".to_owned(), |text, row| text + &format!("{row},1\n"));
    assert!(error(&new(), &text(&["1994", "1994.041"])).contains("`1994.041` is not a date"));
    let both = error(&new(), &text(&["01/02/2024", "02/02/2024"]));
    assert!(both.contains("fit `%d/%m/%Y` as well as `%m/%d/%Y`") && both.contains(".date_format("), "{both}");
    assert!(error(&new(), &text(&["2024-10-27 02:30", "2024-10-27 02:00"])).contains(".sort(true)"));
    let back = error(&new(), &text(&["2024-10-27 01:00", "2024-10-27 02:30", "2024-10-27 02:00", "2024-10-27 03:00"]));
    assert!(back.contains(".time_zone("), "{back}");
    assert!(error(&new().date_format("%m-%d"), &text(&["01-05"])).contains("has no year"));
    assert!(error(&new().time_zone("Berlin/Europe"), &text(&["2024-01-01"])).contains("unknown time zone"));
    let mixed = error(&new(), &text(&["2024-01-01T00:00:00Z", "2024-01-02"]));
    assert!(mixed.contains("has no offset from UTC"), "{mixed}");
}

#[test]
fn t7_files_as_exports_have_them() {
    let series = CsvReader::new()
        .times("time")
        .parse("# from the station\n# unit: K\ndate;time;x\n2024-01-01;18:00;1\n2024-01-01;19:30;2\n")
        .unwrap();
    assert_eq!(series.dates().unwrap()[1].to_string(), "2024-01-01T19:30:00");
    let message = error(&CsvReader::new(), "# note\ndate;x\n2024-01-01;warm\n");
    assert!(message.contains("line 3, column `x`"), "{message}");
    let folder = std::env::temp_dir().join(format!("practicum-series-{}", std::process::id()));
    let read = |bytes: &[u8], reader: CsvReader| {
        fs::write(&folder, bytes).unwrap();
        let series = reader.read(&folder);
        fs::remove_file(&folder).unwrap();
        series
    };
    let latin1 = b"date,K\xf6ln\n2024-01-01,1\n";
    assert!(read(latin1, CsvReader::new()).unwrap_err().to_string().contains("line 1 is not UTF-8"));
    assert_eq!(read(latin1, CsvReader::new().latin1(true)).unwrap().names(), ["Köln"]);
    let utf16: Vec<u8> = "\u{feff}date\tKöln\n2024-01-01\t1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf16, CsvReader::new()).unwrap().names(), ["Köln"]);
}
