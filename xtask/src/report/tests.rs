//! Whole reports of made-up weeks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use practicum_core::plot::{Axis, Chart, Mark, Scale, Series};

use super::*;
use crate::results::{DataSource, DataUsed, Figure, ParamCount, RunResults, TargetResult, Verdict};

const GARMENTS: [&str; 10] = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

fn history(rows: &[(&str, &[f64])]) -> BTreeMap<String, Vec<f64>> {
    rows.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect()
}

fn target(metric: &str, bound: &str, value: f64, met: bool) -> TargetResult {
    TargetResult {
        metric: metric.into(),
        bound: bound.into(),
        value,
        verdict: if met { Verdict::Met } else { Verdict::Missed },
        print: false,
        source: "the course's own runs, five seeds".into(),
        course: None,
    }
}

fn week(id: &str, title: &str, data: &[(&str, DataSource)], runs: Vec<RunResults>, figures: Vec<Figure>) -> WeekResults {
    let artifacts = figures.iter().flat_map(|figure| [Some(figure.file.clone()), figure.dark_file.clone()]).flatten().collect();
    WeekResults {
        week: id.into(),
        title: title.into(),
        command: format!("cargo xtask run-week {id} --seed 42"),
        scale: "course".into(),
        seed: 42,
        threads: 2,
        simd: "avx512".into(),
        machine: "Intel Xeon 2.1 GHz, 2 cores, Linux x86_64".into(),
        started: 1_795_494_659,
        seconds: 14.2,
        data: data.iter().map(|&(id, source)| DataUsed { id: id.into(), source }).collect(),
        runs,
        figures,
        artifacts,
        ..WeekResults::default()
    }
}

/// Gradient descent on six points of y = 2x − 1, computed here, so that the curve has the shape of a real one.
fn line_losses(epochs: usize) -> (Vec<f64>, f64, f64) {
    let xs = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0];
    let (mut weight, mut bias, mut losses) = (0.4_f64, 0.0_f64, Vec::new());
    for _ in 0..epochs {
        let errors = xs.map(|x| weight * x + bias - (2.0 * x - 1.0));
        losses.push(errors.iter().map(|error| error * error).sum::<f64>() / 6.0);
        weight -= 0.02 * errors.iter().zip(xs).map(|(error, x)| error * x).sum::<f64>() / 6.0;
        bias -= 0.02 * errors.iter().sum::<f64>() / 6.0;
    }
    (losses, weight, bias)
}

fn first_week(out: &Path) -> WeekResults {
    let (losses, weight, bias) = line_losses(500);
    let folder = out.join("c1w1");
    let figures = Figures { folder: &folder, run: "lab1" };
    let points: Vec<(f64, f64)> = (-1..=4).map(|x| (f64::from(x), 2.0 * f64::from(x) - 1.0)).collect();
    let at = |x: f64| (x, weight * x + bias);
    let fit = LineFit { axes: ("x", "y"), points: &points, line: &[at(-1.0), at(10.0)], predictions: &[at(10.0)] };
    let mut shown = vec![figures.line_fit("fit", "One neuron learns y = 2x − 1", &fit).unwrap()];
    let history = history(&[("loss", &losses)]);
    shown.extend(figures.curves(&history).unwrap());
    let run = |id: &str, title: &str| RunResults {
        id: id.into(),
        title: title.into(),
        params: ParamCount { total: 2, trainable: 2, non_trainable: 0 },
        epochs: 500,
        seconds: 0.0031,
        history: history.clone(),
        metrics: BTreeMap::from([("predict_10".to_owned(), at(10.0).1), ("train_loss".to_owned(), losses[499])]),
        targets: vec![target("predict_10", "in [18.975, 18.988]", at(10.0).1, true)],
        notes: vec![format!("The neuron found y = {weight:.4} x − {:.4}.", -bias)],
        ..RunResults::default()
    };
    let exercise = Figures { folder: &folder, run: "exercise" };
    shown.extend(exercise.curves(&history).unwrap());
    let runs = vec![run("lab1", "Hello world: one neuron, six points"), run("exercise", "Exercise: house prices")];
    week("c1w1", "A new programming paradigm", &[("six points", DataSource::Inline)], runs, shown)
}

/// Discs and bars, grey.
fn drawn(count: usize) -> Vec<Vec<u8>> {
    let shade = |kind: usize, x: i32, y: i32| match kind % 3 {
        0 => (255 - (x - 14).pow(2) * 2 - (y - 14).pow(2) * 2).max(0) as u8,
        1 => u8::from((8..20).contains(&x)) * 200,
        _ => (x * y % 256) as u8,
    };
    (0..count).map(|kind| (0..28).flat_map(|y| (0..28).map(move |x| shade(kind, x, y))).collect()).collect()
}

fn second_week(out: &Path) -> WeekResults {
    let history = history(&[
        ("loss", &[0.4989, 0.3745, 0.3378, 0.3126, 0.2943]),
        ("accuracy", &[0.8252, 0.8652, 0.8769, 0.8854, 0.8915]),
        ("val_loss", &[0.4312, 0.3891, 0.3702, 0.3655, 0.3594]),
        ("val_accuracy", &[0.8461, 0.8590, 0.8653, 0.8688, 0.8744]),
    ]);
    let folder = out.join("c1w2");
    let figures = Figures { folder: &folder, run: "lab1" };
    let mut shown = figures.curves(&history).unwrap();

    let pixels = drawn(12);
    let pictures: Vec<Picture<'_>> = pixels
        .iter()
        .enumerate()
        .map(|(index, pixels)| {
            let right = index % 5 != 3;
            let guess = Guess {
                class: GARMENTS[if right { index % 10 } else { (index + 3) % 10 }],
                probability: 0.9997 - 0.05 * index as f64,
                of_truth: 0.01,
                right,
            };
            Picture { pixels, width: 28, height: 28, channels: 1, truth: GARMENTS[index % 10], guess: Some(guess) }
        })
        .collect();
    let caption = "Under each picture its true class, then what the model takes it for and how sure it is.";
    shown.push(figures.picture_grid("samples", "The first test pictures", caption, &pictures).unwrap());

    let counts: Vec<u64> = (0..100_u64)
        .map(|cell| match (cell / 10, cell % 10) {
            (row, column) if row == column => 1000 - 37 * (row + 1),
            (0, 6) | (6, 0) => 131,
            (2, 4) | (4, 2) => 88,
            (row, column) if (row * 7 + column * 3) % 4 == 0 => row + column,
            _ => 0,
        })
        .collect();
    let matrix = Confusion { counts: &counts, classes: &GARMENTS };
    shown.push(figures.confusion_matrix("confusion", "What is taken for what", &matrix).unwrap());

    let summary = "Layer (type)              Output Shape         Param #\n\
                   flatten (Flatten)         (None, 784)                0\n\
                   dense (Dense)             (None, 128)          100,480\n\
                   dense_1 (Dense)           (None, 10)             1,290\n\
                   Total params: 101,770";
    let main = RunResults {
        id: "lab1".into(),
        title: "Fashion-MNIST with one hidden layer".into(),
        params: ParamCount { total: 101_770, trainable: 101_770, non_trainable: 0 },
        epochs: 5,
        seconds: 4.83,
        history,
        metrics: BTreeMap::from([("test_accuracy".to_owned(), 0.8744), ("test_loss".to_owned(), 0.3594)]),
        targets: vec![target("test_accuracy", ">= 0.865", 0.8744, true)],
        notes: vec![summary.into()],
        ..RunResults::default()
    };
    let failing = RunResults {
        id: "exploration4".into(),
        title: "Exploration 4: five outputs for ten classes".into(),
        notes: vec!["Fails as it must: label 9 at row 0 is out of range for 5 classes.".into()],
        ..RunResults::default()
    };
    let missed = RunResults {
        targets: vec![target("train_accuracy", ">= 0.99", 0.9874, false)],
        id: "exercise".into(),
        title: "Exercise: handwriting".into(),
        epochs: 9,
        seconds: 61.2,
        ..RunResults::default()
    };
    let data = [("fmnist", DataSource::Real), ("mnist", DataSource::BuiltIn)];
    week("c1w2", "Introduction to computer vision", &data, vec![main, failing, missed], shown)
}

fn save(out: &Path, week: &WeekResults) {
    let folder = out.join(&week.week);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("results.json"), serde_json::to_vec(week).unwrap()).unwrap();
}

/// The values of every `name="…"` in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!(" {name}=\"");
    page.split(&open).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn assert_stands_alone(path: &Path) {
    let page = fs::read_to_string(path).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"), "{}", path.display());
    let ids = attributes(&page, "id");
    let mut links = 0;
    for reference in ["href", "src", "srcset"].into_iter().flat_map(|name| attributes(&page, name)) {
        links += 1;
        match reference.strip_prefix('#') {
            Some(anchor) => assert!(ids.contains(&anchor), "{} names no place {anchor}", path.display()),
            None => assert!(path.parent().unwrap().join(reference).is_file(), "{} names {reference}", path.display()),
        }
    }
    assert!(links > 0);
    for tag in ["section", "table", "tr", "td", "figure", "a", "dl", "ul", "pre", "main", "header"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "<{tag}> in {}", path.display());
    }
    assert_eq!(page.matches("<img ").count(), attributes(&page, "alt").iter().filter(|alt| !alt.is_empty()).count());
}

#[test]
fn every_page_stands_alone() {
    let out = tempfile::tempdir().unwrap();
    for week in [second_week(out.path()), first_week(out.path())] {
        save(out.path(), &week);
    }
    let pages = run(out.path(), &[]).unwrap();
    let expected = ["index.html", "c1w1/index.html", "c1w2/index.html"].map(|page| out.path().join(page));
    assert_eq!(pages, expected);
    for page in &pages {
        assert_stands_alone(page);
    }
    let overview = fs::read_to_string(&pages[0]).unwrap();
    assert!(overview.find("c1w1").unwrap() < overview.find("c1w2").unwrap());
    assert!(overview.contains("✓ 2 of 2 met") && overview.contains("✗ 1 of 2 met"));
    let page = fs::read_to_string(&pages[2]).unwrap();
    assert!(page.contains("src=\"lab1-loss-") && page.contains("src=\"lab1-loss-dark-") && page.contains("prefers-color-scheme: dark"));
    for words in ["101,770", "0.8744", "≥ 0.865", "real data", "built-in stand-in", "4.8 s", "1 min 01 s", "--seed 42", "2026-11-24"] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn every_picture_has_a_dark_version_that_differs() {
    let out = tempfile::tempdir().unwrap();
    for week in [first_week(out.path()), second_week(out.path())] {
        assert!(week.figures.len() >= 3);
        for figure in &week.figures {
            let read = |file: &str| fs::read_to_string(out.path().join(&week.week).join(file)).unwrap();
            let (light, dark) = (read(&figure.file), read(figure.dark_file.as_ref().unwrap()));
            assert!(light.contains("#FFFFFF") && dark.contains("#1B1E23") && light != dark, "{}", figure.file);
        }
    }
}

#[test]
fn what_people_name_is_escaped() {
    let out = tempfile::tempdir().unwrap();
    let evil = "<script>alert(1)</script>\"&";
    let folder = out.path().join("c1w1");
    let pixels = [0_u8; 4];
    let guess = Some(Guess { class: evil, probability: 0.5, of_truth: 0.2, right: false });
    let picture = Picture { pixels: &pixels, width: 2, height: 2, channels: 1, truth: "T-shirt & top", guess };
    let figure = Figures { folder: &folder, run: "lab1" }.picture_grid("x", evil, evil, &[picture]).unwrap();
    let run_of_it =
        RunResults { id: "lab1".into(), title: evil.into(), notes: vec![evil.into(), format!("{evil}\n{evil}")], ..Default::default() };
    let mut week = week("c1w1", evil, &[(evil, DataSource::Inline)], vec![run_of_it], vec![figure]);
    week.machine = evil.into();
    save(out.path(), &week);
    for page in run(out.path(), &[]).unwrap() {
        assert_stands_alone(&page);
    }
    let svg = fs::read_to_string(folder.join(&week.figures[0].file)).unwrap();
    assert!(!svg.contains("<script") && svg.contains("T-shirt &amp; top"));
}

#[test]
fn curves_of_any_history_can_be_drawn() {
    let out = tempfile::tempdir().unwrap();
    let figures = Figures { folder: out.path(), run: "lab1" };
    let cases: [(&[f64], &[f64], &str); 7] = [
        (&[0.5], &[], "After 1 epoch: training 0.5000."),
        (&[0.5], &[0.6], "After 1 epoch: training 0.5000, validation 0.6000."),
        (&[0.3; 40], &[], "training 0.3000."),
        (&[0.5, f64::NAN, 0.3], &[], "1 value is not finite and left out."),
        (&[f64::NAN; 3], &[f64::INFINITY; 3], "6 values are not finite"),
        (&[60.0, 1.0, 3e-5], &[], "Logarithmic axis."),
        (&[0.0, 1.0, 0.0], &[], "training 0."),
    ];
    for (training, validation, caption) in cases {
        let shown = figures.curves(&history(&[("loss", training), ("val_loss", validation)])).unwrap();
        assert_eq!(shown.len(), 1);
        assert!(shown[0].caption.contains(caption), "{}", shown[0].caption);
        let svg = fs::read_to_string(out.path().join(&shown[0].file)).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf") && svg.ends_with("</svg>\n"));
        let finite = training.iter().chain(validation).any(|value| value.is_finite());
        assert_eq!(svg.contains("no finite values"), !finite, "{training:?}");
        assert_eq!(svg.contains("<circle") || svg.contains("stroke-width=\"16\""), finite, "{training:?}");
    }
    assert!(figures.curves(&history(&[("loss", &[])])).unwrap().is_empty());
    let names: Vec<String> = figures
        .curves(&history(&[("accuracy", &[0.001, 0.9]), ("loss", &[1.0]), ("val_mae", &[1.0])]))
        .unwrap()
        .into_iter()
        .map(|figure| figure.file[..figure.file.len() - "01234567.svg".len()].to_owned())
        .collect();
    assert_eq!(names, ["lab1-loss-", "lab1-accuracy-", "lab1-mae-"]);
}

#[test]
fn several_lines_over_a_logarithmic_axis_with_limits() {
    let points = |offset: f64| (0..100).map(|k| (1e-6 * 1.12_f64.powi(k), offset + 1e6 * f64::from(k > 80))).collect();
    let series = ["SGD", "Adam", "an optimizer with a name that is far too long for its place"];
    let lines = series.iter().zip([2.0, 4.0, 4.1]).map(|(name, offset)| Series::new(name, Mark::Line, points(offset)));
    let loss = Axis::new("loss", Scale::Linear).limits((0.0, 10.0));
    let svg = lines.fold(Chart::new(Axis::new("learning rate", Scale::Log), loss), Chart::series).wide(true).to_svg().unwrap();
    assert!(svg.contains("10⁻⁴") && svg.contains('…'), "{svg}");
}

#[test]
fn a_picture_of_the_wrong_size_is_named() {
    let out = tempfile::tempdir().unwrap();
    let figures = Figures { folder: out.path(), run: "lab1" };
    let picture = Picture { pixels: &[0; 12], width: 2, height: 2, channels: 3, truth: "cat", guess: None };
    assert!(figures.picture_grid("grid", "Colour", "", std::slice::from_ref(&picture)).is_ok());
    let short = Picture { pixels: &[0; 3], ..picture.clone() };
    let error = format!("{:#}", figures.picture_grid("grid", "Colour", "", &[picture, short]).unwrap_err());
    assert!(error.contains("picture 1 of 2") && error.contains("got 3 bytes"), "{error}");
    assert!(figures.picture_grid("grid", "None", "", &[]).is_err());
}

#[test]
fn broken_results_are_named_and_the_others_get_their_page() {
    let out = tempfile::tempdir().unwrap();
    let error = run(out.path(), &[]).unwrap_err().to_string();
    assert!(error.contains("no results") && error.contains("run-week"), "{error}");
    save(out.path(), &first_week(out.path()));
    fs::create_dir(out.path().join("c1w2")).unwrap();
    fs::write(out.path().join("c1w2/results.json"), "{\"week\":").unwrap();
    let error = run(out.path(), &[]).unwrap_err().to_string();
    assert!(error.contains("c1w2/results.json"), "{error}");
    assert!(out.path().join("c1w1/index.html").is_file() && out.path().join("index.html").is_file());
}

#[test]
fn a_missing_picture_is_said_not_linked() {
    let out = tempfile::tempdir().unwrap();
    let week = first_week(out.path());
    save(out.path(), &week);
    fs::remove_file(out.path().join("c1w1").join(&week.figures[0].file)).unwrap();
    for page in run(out.path(), &[]).unwrap() {
        assert_stands_alone(&page);
    }
    let page = fs::read_to_string(out.path().join("c1w1/index.html")).unwrap();
    assert!(page.contains("is not there: run the week again"));
}
