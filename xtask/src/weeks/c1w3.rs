//! Course 1, week 3: convolutions see more in garments and digits than dense layers do.

use anyhow::Result;
use practicum_core::callbacks::StopWhen;
use practicum_core::ndarray::{Array2, ArrayView2};
use practicum_core::prelude::*;
use practicum_vision::architectures::Convnet;
use practicum_vision::datasets::ImageDataset;
use practicum_vision::visualize::{Colormap, feature_maps};

use super::pictures::{
    Answers, MNIST_PICTURES, Trained, data_of, first, first_filters, heat_maps, judge, map_grids, maps_of, picture_of, sizes_of,
    some_of_each, strips, tell_stop,
};
use crate::code;
use crate::data::{ASCENT, FMNIST, MNIST};
use crate::report::{Figures, Panel};
use crate::results::{DataSource, Figure};
use crate::week::{Bound, Next, Scale, Session, SessionKind, Target, Week, WeekRun};

pub(super) static C1W3: Week = Week {
    id: "c1w3",
    title: "Convolutions",
    teaches: "Convolutions look for the same small patterns everywhere in a picture, and beat a dense network with them",
    sessions: &[
        Session {
            kind: SessionKind::Lab(1),
            title: "Improving accuracy: a dense network against two convolutions",
            task: "A dense network has a separate weight for every pixel: a shoe moved by two pixels is another picture to it. A \
                   convolution slides 64 filters of 3 × 3 over the picture, each of which looks for one pattern everywhere, and max \
                   pooling of 2 × 2 keeps what was found at a quarter of the size. Both networks are trained alike on Fashion-MNIST.",
            code: code!["c1w3.rs": "lab1", "c1w3.rs": "dense", "pictures.rs": "maps_of", "pictures.rs": "data_of", "pictures.rs": "first"],
            keras: include_str!("keras/c1w3_lab1.py"),
            notice: "The convolutions are right more often. Only 37,568 of the 243,786 parameters belong to them; most of the others are \
                     in the dense layer after Flatten. In the activations, each row is one garment and each column one layer: outlines at \
                     first, then coarse spots. The table shows how each output size and each number of parameters comes about.",
            next: &[
                Next { change: "Train longer: does the test accuracy go on rising?", command: "cargo xtask run-week c1w3 --exploration 1" },
                Next {
                    change: "A quarter of the filters: faster, and how much worse?",
                    command: "cargo xtask run-week c1w3 --exploration 2",
                },
            ],
            data: &[&FMNIST],
            targets: &[
                Target {
                    run: "lab1-convolutions",
                    metric: "test_accuracy",
                    bound: Bound::AtLeast(0.9),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "three of three seeds meet it, and end at 0.905 to 0.911",
                    course: Some(0.9089),
                },
                Target {
                    run: "lab1-convolutions",
                    metric: "test_accuracy",
                    bound: Bound::AtLeast(0.82),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "far above guessing, 0.1; eight of eight seeds meet it, and end at 0.887 to 0.907",
                    course: None,
                },
            ],
            run: lab1,
        },
        Session {
            kind: SessionKind::Lab(2),
            title: "Exploring convolutions by hand",
            task: "What does one filter do to a picture? Nine numbers are laid over each pixel and its eight neighbours, multiplied, and \
                   added up; then the largest of each 2 × 2 pixels is kept. No network, no framework: a few loops.",
            code: code!["c1w3.rs": "by_hand", "c1w3.rs": "convolve", "c1w3.rs": "max_pool", "c1w3.rs": "KERNELS", "c1w3.rs": "mean"],
            keras: include_str!("keras/c1w3_lab2.py"),
            notice: "A kernel whose numbers add up to 0 turns flat parts black and leaves edges: one kernel finds horizontal lines, \
                     another vertical ones. After max pooling the picture has a quarter of its pixels, and what the filter found is still \
                     there. The notebook swaps rows and columns, so its first kernel finds the lines that the second finds here.",
            next: &[Next {
                change: "Run the notebook's own indexing, which transposes the kernel.",
                command: "cargo xtask run-week c1w3 --exploration 4",
            }],
            data: &[&ASCENT],
            targets: &[],
            run: lab2,
        },
        Session {
            kind: SessionKind::Exercise,
            title: "MNIST to 99.8 % training accuracy with one convolution",
            task: "Reach 99.8 % on the training pictures of MNIST with exactly one convolution and one max pooling layer, in ten epochs at \
                   most, and let a callback stop the training there.",
            code: code!["c1w3.rs": "exercise", "pictures.rs": "maps_of", "pictures.rs": "first", "pictures.rs": "tell_stop"],
            keras: include_str!("keras/c1w3_exercise.py"),
            notice: "One convolution and a dense layer, 693,962 parameters in all, learn nearly all training pictures; week 2's dense \
                     network (407,050) only had to reach 99 %. The test accuracy ends a little below: most of the last few tenths of a \
                     percentage point is memorized. The worst mistakes are digits that people write in two ways.",
            next: &[Next {
                change: "See what the same network does in ten epochs without a callback.",
                command: "cargo xtask run-week c1w3 --exploration 3",
            }],
            data: &[&MNIST],
            targets: &[
                Target {
                    run: "exercise",
                    metric: "train_accuracy",
                    bound: Bound::Above(0.998),
                    on: DataSource::Real,
                    at: Scale::Course,
                    source: "what the exercise asks for, within 10 epochs; three of three seeds meet it",
                    course: Some(0.9985),
                },
                Target {
                    run: "exercise",
                    metric: "train_accuracy",
                    bound: Bound::Above(0.998),
                    on: DataSource::BuiltIn,
                    at: Scale::Any,
                    source: "what the exercise asks for, within 10 epochs; seven of seven seeds meet it",
                    course: None,
                },
            ],
            run: exercise,
        },
        Session {
            kind: SessionKind::Exploration(1),
            title: "20 epochs",
            task: "Train the convolutions four times as long. The training accuracy goes on rising, the test accuracy does not, and the \
                   test loss rises: the network learns its pictures by heart.",
            code: code!["c1w3.rs": "longer", "c1w3.rs": "garments", "pictures.rs": "maps_of", "pictures.rs": "first"],
            data: &[&FMNIST],
            run: longer,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(2),
            title: "16 filters instead of 64",
            task: "Take 16 filters in both convolutions: about a tenth of the calculations, and a point or two of accuracy less. Both \
                   networks are trained.",
            code: code!["c1w3.rs": "narrower", "c1w3.rs": "garments", "pictures.rs": "maps_of", "pictures.rs": "first"],
            data: &[&FMNIST],
            run: narrower,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(3),
            title: "One convolution on MNIST for ten epochs",
            task: "The last cell of the notebook: one convolution of 32 filters on the digits, for ten epochs and without a callback.",
            code: code!["c1w3.rs": "one_convolution", "pictures.rs": "maps_of", "pictures.rs": "first"],
            data: &[&MNIST],
            run: one_convolution,
            ..Session::BARE
        },
        Session {
            kind: SessionKind::Exploration(4),
            title: "The notebook's transposed kernel",
            task: "The notebook calls rows x and columns y, and so lays the kernel over the picture with rows and columns exchanged: its \
                   first kernel finds vertical lines, not horizontal ones.",
            code: code![
                "c1w3.rs": "transposed",
                "c1w3.rs": "by_hand",
                "c1w3.rs": "convolve",
                "c1w3.rs": "max_pool",
                "c1w3.rs": "KERNELS",
                "c1w3.rs": "mean",
            ],
            data: &[&ASCENT],
            run: transposed,
            ..Session::BARE
        },
    ],
};

fn lab1(run: &mut WeekRun<'_>) -> Result<()> {
    let all = run.data(&FMNIST)?;
    let set = first(run, &all, 6_000, 2_000)?;
    let epochs = run.epochs(5, 3);

    let mut clock = run.begin("lab1-dense", "Lab 1: a dense network first")?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures"), (epochs, 5, "epochs")])?;
    let (x_train, y_train) = data_of(&set.train, 1.0 / 255.0)?;
    let (x_test, y_test) = data_of(&set.test, 1.0 / 255.0)?;
    let mut model = dense(run);
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let history = model.fit(&x_train, &y_train, run.fit(epochs).validation_data(&x_test, &y_test))?;
    let dense_test = model.evaluate(&x_test, &y_test)?;
    // <page>
    judge(run, clock, &Trained { model: &model, history: &history, test: &dense_test }, 10)?;
    // </page>

    let mut clock = run.begin("lab1-convolutions", "Lab 1: two convolutions")?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures"), (epochs, 5, "epochs")])?;
    let (x_train, y_train) = maps_of(&set.train)?;
    let (x_test, y_test) = maps_of(&set.test)?;
    let mut model = run
        .sequential()
        .add(Input::new([28, 28, 1]))
        .add(Conv2D::new(64, 3).activation(Activation::Relu))
        .add(MaxPooling2D::new(2))
        .add(Conv2D::new(64, 3).activation(Activation::Relu))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(128).activation(Activation::Relu))
        .add(Dense::new(10).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let history = model.fit(&x_train, &y_train, run.fit(epochs).validation_data(&x_test, &y_test))?;
    let test = model.evaluate(&x_test, &y_test)?;
    // <page>
    run.keep(&clock, &model, set.test.class_names())?;
    let answers = Answers::of(&model, &x_test)?;
    let rule = "A layer with window f, stride s and padding p (here 0) turns n pixels per side into ⌊(n + 2p − f)/s⌋ + 1.";
    clock.key_figure("test_accuracy", ("dense network", dense_test.get("accuracy").unwrap_or(f64::NAN)));
    clock.note(format!("How the sizes come about:\n{rule}\n{}", sizes_of(&Convnet::fashion())));
    clock.note(answers.scores(&set.test)?);
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let mut drawn = answers.draw("test", &set.test, &figures)?;
        drawn.push(activations(&figures, &model, &set)?);
        drawn.push(heat_maps(&figures, &model, &set.test, &some_of_each(&set.test, 8))?);
        let picture = picture_of(&set.test, 0)?;
        drawn.extend([first_filters(&figures, &model)?, map_grids(&figures, &model, &picture, 2)?]);
        drawn.push(strips(&figures, &model, &picture, "The maps of the first test picture, layer by layer")?);
        run.results.figures.extend(drawn);
    }
    judge(run, clock, &Trained { model: &model, history: &history, test: &test }, 10)
    // </page>
}

fn dense(run: &WeekRun<'_>) -> Sequential {
    run.sequential()
        .add(Input::new([28, 28]))
        .add(Flatten::new())
        .add(Dense::new(128).activation(Activation::Relu))
        .add(Dense::new(10).activation(Activation::Softmax))
}

/// The notebook's figure: three garments, a row each; the first four layers, a column each; channel 1 alone.
fn activations(figures: &Figures<'_>, model: &Model, set: &ImageDataset) -> Result<Figure> {
    let layers = ["conv 1", "pool 1", "conv 2", "pool 2"];
    let mut panels = Vec::new();
    for index in some_of_each(&set.test, 3) {
        let name = set.test.class_of(index).unwrap_or("?");
        for (maps, layer) in feature_maps(model, &picture_of(&set.test, index)?)?.iter().zip(layers) {
            panels.push(Panel::new(format!("{name}\n{layer}"), Colormap::Inferno.paint(&maps.channel(1)?)));
        }
    }
    let caption = "Channel 1 of the first four layers for three test pictures.";
    figures.panels("activations", "What the layers make of three garments", caption, 4, &panels)
}

fn exercise(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exercise", "Exercise: 99.8 % with one convolution")?;
    let all = run.data(&MNIST)?;
    let set = first(run, &all, 6_000, 2_000)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = maps_of(&set.train)?;
    let (x_test, y_test) = maps_of(&set.test)?;

    let mut model = run
        .sequential()
        .add(Input::new([28, 28, 1]))
        .add(Conv2D::new(32, 3).activation(Activation::Relu))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dense::new(128).activation(Activation::Relu))
        .add(Dense::new(10).activation(Activation::Softmax));
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;

    let mut stop = StopWhen::above("accuracy", 0.998);
    let fit = run.fit(10).validation_data(&x_test, &y_test).callback(&mut stop);
    let history = model.fit(&x_train, &y_train, fit)?;
    tell_stop(run, &mut clock, &stop, "99.8 %", &history)?;
    let test = model.evaluate(&x_test, &y_test)?;
    // <page>
    run.keep(&clock, &model, set.test.class_names())?;
    let answers = Answers::of(&model, &x_test)?;
    clock.note(format!("How the sizes come about:\n{}", sizes_of(&Convnet::digits())));
    let id = clock.results.id.clone();
    if let Some(figures) = run.figures(&id) {
        let mut drawn = answers.draw("test", &set.test, &figures)?;
        drawn.push(first_filters(&figures, &model)?);
        run.results.figures.extend(drawn);
    }
    judge(run, clock, &Trained { model: &model, history: &history, test: &test }, 10)
    // </page>
}

fn longer(run: &mut WeekRun<'_>) -> Result<()> {
    garments(run, "exploration1", "Exploration 1: 20 epochs", &Convnet::fashion(), 20, None)?;
    Ok(())
}

fn narrower(run: &mut WeekRun<'_>) -> Result<()> {
    let wide = garments(run, "exploration2-64", "Exploration 2: 64 filters, as in lab 1", &Convnet::fashion(), LAB1_EPOCHS, None)?;
    let convnet = Convnet::fashion().filters(&[16, 16]);
    garments(run, "exploration2", "Exploration 2: 16 filters", &convnet, LAB1_EPOCHS, Some(wide))?;
    Ok(())
}

/// Epochs of lab 1 in the course.
const LAB1_EPOCHS: usize = 5;

/// Trains the network and returns its test accuracy, to be held against that of `wide`, or else against its own after as many
/// epochs as lab 1 has.
fn garments(run: &mut WeekRun<'_>, id: &str, title: &str, convnet: &Convnet, epochs: usize, wide: Option<f64>) -> Result<f64> {
    let mut clock = run.begin(id, title)?;
    let all = run.data(&FMNIST)?;
    let set = first(run, &all, 6_000, 2_000)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = maps_of(&set.train)?;
    let (x_test, y_test) = maps_of(&set.test)?;
    let mut model = convnet.build(run.sequential())?;
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let history = model.fit(&x_train, &y_train, run.fit(epochs).validation_data(&x_test, &y_test))?;
    let test = model.evaluate(&x_test, &y_test)?;
    // <page>
    let after_lab1 = || history.get("val_accuracy").and_then(|all| all.get(LAB1_EPOCHS - 1)).filter(|_| epochs > LAB1_EPOCHS);
    if let Some(wide) = wide {
        clock.key_figure("test_accuracy", ("64 filters", wide));
    } else if let Some(accuracy) = after_lab1() {
        clock.key_figure("test_accuracy", ("after 5 epochs", *accuracy));
    }
    judge(run, clock, &Trained { model: &model, history: &history, test: &test }, 10)?;
    // </page>
    Ok(test.get("accuracy").unwrap_or(f64::NAN))
}

fn one_convolution(run: &mut WeekRun<'_>) -> Result<()> {
    let mut clock = run.begin("exploration3", "Exploration 3: one convolution, ten epochs")?;
    let all = run.data(&MNIST)?;
    let set = first(run, &all, 6_000, 2_000)?;
    run.tell_size(&mut clock, &[(set.train.len(), MNIST_PICTURES, "training pictures")])?;
    let (x_train, y_train) = maps_of(&set.train)?;
    let (x_test, y_test) = maps_of(&set.test)?;
    let mut model = Convnet::digits().build(run.sequential())?;
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy")?;
    let history = model.fit(&x_train, &y_train, run.fit(10).validation_data(&x_test, &y_test))?;
    let test = model.evaluate(&x_test, &y_test)?;
    // <page>
    judge(run, clock, &Trained { model: &model, history: &history, test: &test }, 10)
    // </page>
}

type Kernel = [[f32; 3]; 3];

/// The kernels that the notebook offers.
const KERNELS: [(&str, Kernel); 3] = [
    ("horizontal lines", [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]),
    ("vertical lines", [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]),
    ("edges in all directions", [[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]),
];

fn lab2(run: &mut WeekRun<'_>) -> Result<()> {
    by_hand(run, "lab2", "Lab 2: convolutions by hand", false)
}

fn transposed(run: &mut WeekRun<'_>) -> Result<()> {
    by_hand(run, "exploration4", "Exploration 4: the notebook's transposed kernel", true)
}

fn by_hand(run: &mut WeekRun<'_>, id: &str, title: &str, transposed: bool) -> Result<()> {
    let mut clock = run.begin(id, title)?;
    let picture = run.data(&ASCENT)?;
    // <page>
    let mut panels = vec![Panel::new("", grey(picture.view()))];
    // </page>
    // Transposed, the first kernel finds what the second is made for, and the second what the first is.
    let names = if transposed { [1, 0, 2] } else { [0, 1, 2] }.map(|kernel: usize| KERNELS[kernel].0);
    for (name, (_, kernel)) in names.into_iter().zip(KERNELS) {
        let found = convolve(picture.view(), &kernel, transposed);
        let pooled = max_pool(found.view());
        let (before, after) = (mean(found.view()), mean(pooled.view()));
        let (height, width) = pooled.dim();
        run.say(&format!("{name}: mean {before:.2}; after maxima of 2 × 2: {height} × {width} pixels, mean {after:.2}"))?;
        // <page>
        clock.metric(&format!("mean_{}", name.replace(' ', "_")), before);
        panels.push(Panel::new(name, grey(found.view())));
        panels.push(Panel::new(format!("maxima: {height} × {width}"), grey(pooled.view())));
        // </page>
    }
    // <page>
    if let Some(figures) = run.figures(id) {
        let original = figures.panels("picture", "The picture", "512 × 512 grey pixels.", 1, &panels[..1])?;
        let caption = "Left, what the kernel leaves of the picture; right, the maxima of its 2 × 2 pixels, enlarged to the same size.";
        let found = figures.panels("kernels", "Three kernels, and the maxima of what they find", caption, 2, &panels[1..])?;
        run.results.figures.extend([original, found]);
    }
    run.finish_without_model(clock)
    // </page>
}

/// Lays the kernel over each pixel and its neighbours, multiplies and adds; the border of one pixel stays as it is. The sum is cut
/// to 0…255.
fn convolve(picture: ArrayView2<'_, u8>, kernel: &Kernel, transposed: bool) -> Array2<u8> {
    let (height, width) = picture.dim();
    let mut found = picture.to_owned();
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            let mut sum = 0.0;
            for (row, line) in kernel.iter().enumerate() {
                for (column, number) in line.iter().enumerate() {
                    let (down, right) = if transposed { (column, row) } else { (row, column) };
                    sum += number * f32::from(picture[[y + down - 1, x + right - 1]]);
                }
            }
            found[[y, x]] = sum.clamp(0.0, 255.0) as u8;
        }
    }
    found
}

/// The largest of each 2 × 2 pixels: half the height, half the width.
fn max_pool(picture: ArrayView2<'_, u8>) -> Array2<u8> {
    let (height, width) = picture.dim();
    Array2::from_shape_fn((height / 2, width / 2), |(y, x)| {
        let at = |down: usize, right: usize| picture[[2 * y + down, 2 * x + right]];
        at(0, 0).max(at(0, 1)).max(at(1, 0)).max(at(1, 1))
    })
}

fn mean(picture: ArrayView2<'_, u8>) -> f64 {
    picture.iter().map(|pixel| f64::from(*pixel)).sum::<f64>() / picture.len().max(1) as f64
}

fn grey(picture: ArrayView2<'_, u8>) -> image::RgbImage {
    let (height, width) = picture.dim();
    image::RgbImage::from_fn(width as u32, height as u32, |x, y| image::Rgb([picture[[y as usize, x as usize]]; 3]))
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::array;

    use super::*;

    #[test]
    fn a_kernel_is_laid_over_pixels_as_it_is_written() {
        // Dark above, light below: a line that lies.
        let picture = array![[10_u8, 10, 10], [10, 10, 10], [60, 60, 60]];
        let [lies, stands, _] = KERNELS.map(|(_, kernel)| kernel);
        assert_eq!(convolve(picture.view(), &lies, false)[[1, 1]], 200);
        assert_eq!(convolve(picture.view(), &stands, false)[[1, 1]], 0);
        assert_eq!(convolve(picture.view(), &lies, true)[[1, 1]], 0);
        assert_eq!(convolve(picture.view(), &stands, true)[[1, 1]], 200);
        assert_eq!(convolve(picture.view(), &lies, false)[[0, 1]], 10);
    }

    #[test]
    fn the_largest_of_four_is_kept() {
        let picture = array![[1_u8, 2, 3, 9], [4, 0, 0, 0], [7, 7, 5, 6]];
        assert_eq!(max_pool(picture.view()), array![[4, 9]]);
    }
}
