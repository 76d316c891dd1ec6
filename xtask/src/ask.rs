//! Questions to the networks of earlier runs: a picture of the user's, and what a network says about it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use practicum_core::model::State;
use practicum_core::prelude::*;
use practicum_vision::evaluation::Answers;
use practicum_vision::picture::{ColorMode, LoadImg, load_img, save_png};
use practicum_vision::visualize::hires_cam;

use crate::console::mention;

/// The folder, below that of the week, where the networks of its runs are kept.
const FOLDER: &str = "models";

/// Keeps a network for questions, under the name of its run, in one file that is written whole or not at all.
///
/// # Errors
/// A layer that cannot be described, or a file that cannot be written.
pub(crate) fn keep(week: &Path, run: &str, title: &str, model: &Model, classes: &[String]) -> Result<()> {
    let folder = week.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| Error::io("make the folder", &folder, source))?;
    let mut state = model.to_state()?;
    state.set("title", title);
    state.set("classes", classes.to_vec());
    Ok(state.save(folder.join(format!("{run}.safetensors")))?)
}

/// Asks the networks of a week's earlier runs, or those whose run begins with `session`, about each picture.
///
/// # Errors
/// No earlier run, a file that is no picture, or one that cannot be written.
pub(crate) fn ask(week: &Path, session: &str, pictures: &[PathBuf]) -> Result<()> {
    let folder = week.join(FOLDER);
    let mut kept: Vec<String> = Vec::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(&folder).map_err(|source| Error::io("read", &folder, source))? {
            let name = entry.map_err(|source| Error::io("read", &folder, source))?.file_name().to_string_lossy().into_owned();
            kept.extend(name.strip_suffix(".safetensors").map(str::to_owned));
        }
    }
    kept.sort();
    let runs: Vec<&String> = kept.iter().filter(|run| run.starts_with(session)).collect();
    if kept.is_empty() {
        bail!("no network is kept in {}\n  hint: run the week first, without --ask", folder.display());
    }
    if runs.is_empty() {
        bail!("no network of {session} is kept in {}: there are {}", folder.display(), kept.join(", "));
    }
    for run in runs {
        ask_one(&folder, run, pictures).with_context(|| format!("asking {run}"))?;
    }
    Ok(())
}

fn ask_one(folder: &Path, run: &str, pictures: &[PathBuf]) -> Result<()> {
    let state = State::load(folder.join(format!("{run}.safetensors")))?;
    let (title, classes): (String, Vec<String>) = (state.get("title")?, state.get("classes")?);
    let model = Model::from_state_with(&state, &practicum_vision::layers::registry())?;
    mention(&format!("\n{title}"))?;
    for (index, picture) in pictures.iter().enumerate() {
        let seen = as_seen(&model, picture)?;
        let x = seen.expand_dims(0)?;
        let answers = Answers::new(&model.predict(&x)?)?;
        let probabilities = answers.probabilities(0).unwrap_or_default();
        let mut told: Vec<(&str, f32)> = classes.iter().map(String::as_str).zip(probabilities.iter().copied()).collect();
        told.sort_by(|a, b| b.1.total_cmp(&a.1));
        let each: Vec<String> = told.iter().take(5).map(|(name, p)| format!("{name} {:.1} %", 100.0 * p)).collect();
        let name = picture.file_name().unwrap_or_default().to_string_lossy();
        let verdict = told.first().map_or("?", |(name, _)| *name);
        mention(&format!("{name}: {verdict} ({})", each.join(", ")))?;
        let stem = picture.file_stem().unwrap_or_default().to_string_lossy();
        // Pictures of one name, from several folders or in several formats, are numbered.
        let before = pictures[..index].iter().filter(|other| other.file_stem() == picture.file_stem()).count();
        let number = if before > 0 { format!("-{}", before + 1) } else { String::new() };
        let overlay = folder.join(format!("{run}-{stem}{number}.png"));
        let (drawn, what) = if let &[height, width] = seen.shape().dims() {
            // A network that takes pictures without channels has no maps that could show where it looked.
            let pixels = seen.as_slice().iter().map(|value| (value * 255.0).round() as u8).collect();
            let grey = image::GrayImage::from_raw(width as u32, height as u32, pixels).context("the picture is too large")?;
            (enlarged(&image::DynamicImage::from(grey).to_rgb8()), "as the network saw it")
        } else {
            let heat = hires_cam(&model, &seen, None, None)?;
            let [plain, heat] = [heat.overlay(&seen, 0.0)?, heat.overlay(&seen, 0.6)?];
            (beside(&enlarged(&plain), &enlarged(&heat)), "as the network saw it, and what spoke for the answer")
        };
        save_png(drawn, &overlay)?;
        mention(&format!("  {what}: {}", overlay.display()))?;
    }
    Ok(())
}

/// A picture as the network takes it: its size, its channels, from 0 to 1.
fn as_seen(model: &Model, path: &Path) -> Result<Tensor> {
    let shapes = model.input_shapes()?;
    let dims: Vec<usize> = shapes.first().into_iter().flat_map(|shape| shape.dims().iter().skip(1).flatten().copied()).collect();
    let (&[height, width] | &[height, width, _]) = dims.as_slice() else { bail!("this network takes no pictures: {shapes:?}") };
    let mode = if matches!(dims[2..], [] | [1]) { ColorMode::Grayscale } else { ColorMode::Rgb };
    let picture = load_img(path, &LoadImg::new().target_size((height, width)).color_mode(mode))?;
    Ok(Tensor::new(Shape::new(&dims)?, picture.iter().map(|pixel| f32::from(*pixel) / 255.0).collect())?)
}

/// A small picture with squares for pixels.
fn enlarged(picture: &image::RgbImage) -> image::RgbImage {
    let (width, height) = picture.dimensions();
    let times = (256 / height.max(1)).max(1);
    image::RgbImage::from_fn(width * times, height * times, |x, y| *picture.get_pixel(x / times, y / times))
}

/// Two pictures of one size side by side.
fn beside(left: &image::RgbImage, right: &image::RgbImage) -> image::RgbImage {
    let (width, height) = left.dimensions();
    let pixel = |x, y| if x < width { *left.get_pixel(x, y) } else { *right.get_pixel(x - width, y) };
    image::RgbImage::from_fn(2 * width, height, pixel)
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::Array3;
    use practicum_vision::architectures::Convnet;
    use practicum_vision::picture::save_img;

    use super::*;

    #[test]
    fn a_kept_network_answers_about_a_picture_and_shows_where_it_looked() {
        let week = tempfile::tempdir().unwrap();
        let error = ask(week.path(), "lab1", &[]).unwrap_err().to_string();
        assert!(error.contains("no network is kept") && error.contains("run the week first"), "{error}");

        let model = Convnet::new([20, 20, 1], &[4], 8).build(Sequential::new()).unwrap();
        keep(week.path(), "lab1", "Lab 1", &model, &["cats".to_owned(), "dogs".to_owned()]).unwrap();
        let files = std::fs::read_dir(week.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(files.collect::<Vec<_>>(), ["lab1.safetensors"]);
        let picture = week.path().join("mine.png");
        save_img(&picture, Array3::from_shape_fn((30, 40, 3), |(y, x, _)| (y * x % 250) as u8).view()).unwrap();
        ask(week.path(), "", std::slice::from_ref(&picture)).unwrap();
        let shown = image::open(week.path().join("models/lab1-mine.png")).unwrap();
        assert_eq!((shown.width(), shown.height()), (2 * 240, 240));

        let dense = Sequential::new().add(Input::new([28, 28])).add(Flatten::new()).add(Dense::new(2).activation("softmax"));
        keep(week.path(), "lab2", "Lab 2", &dense, &["cats".to_owned(), "dogs".to_owned()]).unwrap();
        ask(week.path(), "lab2", std::slice::from_ref(&picture)).unwrap();
        let shown = image::open(week.path().join("models/lab2-mine.png")).unwrap();
        assert_eq!((shown.width(), shown.height()), (252, 252));

        let same = week.path().join("mine.bmp");
        std::fs::copy(&picture, &same).unwrap();
        ask(week.path(), "lab2", &[picture.clone(), same]).unwrap();
        assert!(week.path().join("models/lab2-mine-2.png").is_file());

        std::fs::write(&picture, "no picture").unwrap();
        assert!(ask(week.path(), "lab1", &[picture]).is_err());
        let error = ask(week.path(), "exercise", &[]).unwrap_err().to_string();
        assert!(error.contains("no network of exercise") && error.ends_with("there are lab1, lab2"), "{error}");
    }
}
