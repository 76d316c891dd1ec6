//! Series in CSV files, and dates.

use practicum_tests::fuzz::Fuzz;
use practicum_timeseries::datasets::{sunspots, temps};
use practicum_timeseries::series::CsvReader;
use practicum_timeseries::{Date, Series};

use super::{of_file, of_text, told};

const FILES: [&str; 9] = [
    "date,value\n2020-01-01,1\n2020-01-02,2.5\n2020-01-03,NA\n",
    "Datum;Wert\n31.01.2020;1.234,5\n29.02.2020;2,5\n31.03.2020;-3\n",
    "# made by hand\nWeek\tsales\n2021-12-27\t10\n2021-12-20\t9\n2021-12-13\t8\n",
    "time,price\n1700000000,1\n1700003600,2\n1700007200,3\n",
    "day,clock,load\n2024-10-27,01:30:00,1\n2024-10-27,02:30:00,2\n2024-10-27,02:30:00,3\n2024-10-27,03:30:00,4\n",
    "Quarter,gdp\n1960-Q1,\"8,746.6\"\n1960-Q2,\"8,800.1\"\n1960-Q3,\"9,000\"\n",
    "Month,passengers\n1949-01,112\n1949-02,118\n1949-03,132\n",
    "when,x\n2020-03-29T00:00:00+01:00,1\n2020-03-29T01:00:00Z,2\n2020-03-29T04:00:00.5[Europe/Berlin],3\n",
    "1\n2\n3\n5\n8\n",
];

const WORDS: &[&str] = &[
    ",",
    ";",
    "\t",
    "|",
    "\"",
    "\n",
    "\r\n",
    "#",
    "date",
    "NaN",
    "1e308",
    "-",
    "Z",
    "+14:00",
    "24:00",
    "12:00 PM",
    "2020-02-30",
    "0000-01-01",
    "9999-12-31",
    "Q5",
    "W53",
    "Feb",
    "32",
    "é",
    "\u{feff}",
    "[Mars/Olympus]",
    "1,2,3",
    "1.234.567",
    "  ",
];

fn readers() -> Vec<CsvReader> {
    let new = CsvReader::new;
    vec![
        new(),
        new().sort(true),
        new().delimiter(';').decimal_comma(true).thousands('.'),
        new().thousands(','),
        new().header(false),
        new().dates(0).times(1).time_zone("Europe/Berlin"),
        new().column(1).dates(0).date_format("%d.%m.%Y"),
        new().missing("-").sort(true).time_zone("America/New_York"),
    ]
}

/// What a program does next with a series.
fn used(series: &Series) {
    let _ = series.fill_gaps();
    let _ = series.next_dates(3);
    let _ = series.values();
}

#[test]
fn series_in_csv_are_read_or_refused() {
    let readers = readers();
    let mut turn = 0;
    Fuzz::new("series-csv", FILES).words(WORDS).run(|bytes| {
        // The first of all readers that takes a whole file decides; broken ones are read by each in turn.
        let text = String::from_utf8_lossy(bytes);
        if FILES.contains(&&*text) {
            return told(
                readers.iter().find_map(|reader| reader.parse(&text).ok()).ok_or_else(|| practicum_core::Error::data("no reader")),
            );
        }
        turn += 1;
        told(readers[turn % readers.len()].parse(&text).inspect(used))
    });
}

#[test]
fn series_in_csv_files_of_any_encoding_are_read_or_refused() {
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(FILES[0].encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let latin1 = b"date,gr\xf6\xdfe\n2020-01-01,1\n2020-01-02,2\n".to_vec();
    let (plain, latin) = (CsvReader::new(), CsvReader::new().latin1(true));
    Fuzz::new("series-files", [utf16, latin1]).words(WORDS).run(of_file(|path| plain.read(path).or_else(|_| latin.read(path))));
}

#[test]
fn dates_are_read_or_refused() {
    let formats = ["%Y-%m-%d", "%d.%m.%y %H:%M", "%Y-Q%q", "%b %Y", "%Y%m%d", "%s", "%Y-%m-%dT%H:%M:%S%.f%:z", "%U %Y", "%"];
    let seeds = ["2020-02-29", "31.12.99 23:59", "1960-Q2", "Feb 2020", "20240131", "1700000000", "2020-03-29T01:00:00.25+01:00"];
    let mut turn = 0;
    Fuzz::new("dates", seeds).words(WORDS).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        if seeds.contains(&&*text) {
            return Ok(());
        }
        turn += 1;
        // Every other time the text is the format.
        let format = formats[turn % formats.len()];
        told(if turn % 2 == 0 { Date::parse(&text, format) } else { Date::parse(format, &text) })
    });
}

#[test]
fn the_courses_series_are_read_or_refused() {
    let suns = ",Date,Monthly Mean Total Sunspot Number\n0,1749-01-31,96.7\n1,1749-02-28,104.3\n";
    Fuzz::new("sunspots", [suns]).words(WORDS).run(tolerant(suns, of_file(|path| sunspots::load(path))));
    let days = "\"Date\",\"Temp\"\n\"1981-01-01\",20.7\n\"1981-01-02\",17.9\n";
    Fuzz::new("temps", [days]).words(WORDS).run(tolerant(days, of_file(|path| temps::load(path))));
    Fuzz::new("from-csv", [FILES[0]]).words(WORDS).run(of_text(Series::from_csv));
}

/// The loaders want all rows of their set: a short file is whole, though they refuse it.
fn tolerant(whole: &'static str, mut read: impl FnMut(&[u8]) -> Result<(), String>) -> impl FnMut(&[u8]) -> Result<(), String> {
    move |bytes| if bytes == whole.as_bytes() { Ok(()) } else { read(bytes) }
}
