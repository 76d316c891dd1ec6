//! Inputs of a model from files.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use practicum_core::{Model, PartialShape, Shape, Tensor};
use practicum_vision::applications::Scaling;
use practicum_vision::image;

use super::npy;

/// The inputs of a model in their order, from files in that order, as NAME=FILE, or from an `.npz` with their names.
pub(super) fn read(model: &Model, files: &[String], scaling: Scaling) -> Result<Vec<Tensor>> {
    let names: Vec<String> = model.input_names().into_iter().map(str::to_owned).collect();
    let shapes = model.input_shapes()?;
    let mut found: Vec<Option<Tensor>> = vec![None; names.len()];
    // Several pictures for a model with one input are a batch.
    if names.len() == 1 && files.len() > 1 {
        let picture = |given: &String| read_file(addressed(&names, given)?.1, &shapes[0], scaling);
        let pictures: Vec<Tensor> = files.iter().map(picture).collect::<Result<_>>()?;
        return Ok(vec![Tensor::concat(&pictures.iter().collect::<Vec<_>>(), 0)?]);
    }
    for (index, given) in files.iter().enumerate() {
        let (named, path) = addressed(&names, given)?;
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if npy::is_npz(&bytes) {
            let arrays = npy::from_npz(&bytes).and_then(|arrays| take(&names, named, index, arrays));
            for (index, value) in arrays.with_context(|| path.display().to_string())? {
                put(&names, &mut found, index, value)?;
            }
            continue;
        }
        let index = named.unwrap_or(index);
        let shape = shapes.get(index).ok_or_else(|| too_many(&names))?;
        put(&names, &mut found, index, read_file(path, shape, scaling)?)?;
    }
    let missing = |(name, value): (&String, Option<Tensor>)| value.ok_or_else(|| anyhow!("there is no file for the input `{name}`"));
    names.iter().zip(found).map(missing).collect()
}

/// The input that `NAME=FILE` is for, if a name is given, and the file.
fn addressed<'a>(names: &[String], given: &'a str) -> Result<(Option<usize>, &'a Path)> {
    let Some((name, file)) = given.split_once('=') else { return Ok((None, Path::new(given))) };
    match names.iter().position(|known| known == name) {
        Some(index) => Ok((Some(index), Path::new(file))),
        None if Path::new(given).exists() => Ok((None, Path::new(given))),
        None => bail!("the model has no input `{name}`: known are {}", names.join(", ")),
    }
}

/// Gives an input its value.
fn put(names: &[String], found: &mut [Option<Tensor>], index: usize, value: Tensor) -> Result<()> {
    match found.get_mut(index).ok_or_else(|| too_many(names))?.replace(value) {
        Some(_) => bail!("there are two values for the input `{}`", names[index]),
        None => Ok(()),
    }
}

fn too_many(names: &[String]) -> anyhow::Error {
    anyhow!("the model has {} inputs ({}), got more files", names.len(), names.join(", "))
}

/// The arrays of an npz with the inputs they are for: the one of a named input, or its only one; else those that have the names of
/// inputs, or, where none has, all in their order from the file's own place on.
fn take(names: &[String], named: Option<usize>, index: usize, arrays: Vec<(String, Tensor)>) -> Result<Vec<(usize, Tensor)>> {
    let list = arrays.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(input) = named {
        let only = arrays.len() == 1;
        let found = arrays.into_iter().find(|(name, _)| only || *name == names[input]);
        return match found {
            Some((_, value)) => Ok(vec![(input, value)]),
            None => bail!("no array of the npz has the name `{}`: it has {list}", names[input]),
        };
    }
    let any = arrays.iter().any(|(name, _)| names.contains(name));
    if !any && arrays.len() > names.len() {
        bail!("no array of the npz has the name of an input: it has {list}, the model {}", names.join(", "));
    }
    let input = |at: usize, name: &String| if any { names.iter().position(|known| known == name) } else { Some(index + at) };
    Ok(arrays.into_iter().enumerate().filter_map(|(at, (name, value))| Some((input(at, &name)?, value))).collect())
}

fn read_file(path: &Path, shape: &PartialShape, scaling: Scaling) -> Result<Tensor> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let tensor = if npy::is_npy(&bytes) {
        npy::from_npy(&bytes)
    } else if let Ok(picture) = image::load_from_memory(&bytes) {
        from_picture(&picture, shape, scaling)
    } else {
        from_csv(&bytes, shape)
    };
    tensor.with_context(|| path.display().to_string())
}

/// A picture in the size of the input, as a batch of one.
fn from_picture(picture: &image::DynamicImage, shape: &PartialShape, scaling: Scaling) -> Result<Tensor> {
    let &[_, rows, columns, Some(channels)] = shape.dims() else {
        bail!("the model takes {shape}: expected (batch, height, width, channels)")
    };
    let size = |open: Option<usize>, own: u32| open.and_then(|size| u32::try_from(size).ok()).unwrap_or(own);
    let (width, height) = (size(columns, picture.width()), size(rows, picture.height()));
    let resized = picture.resize_exact(width, height, image::imageops::FilterType::Triangle);
    let bytes = match channels {
        1 => resized.to_luma8().into_raw(),
        3 => resized.to_rgb8().into_raw(),
        4 => resized.to_rgba8().into_raw(),
        other => bail!("the model takes pictures of {other} channels: known are 1, 3 and 4"),
    };
    let pixels = bytes.into_iter().map(f32::from).collect();
    Ok(scaling.apply(&Tensor::new([1, height as usize, width as usize, channels], pixels)?)?)
}

/// Rows of numbers, an example each, in the shape of the input; a first row in which no cell is a number is a header.
fn from_csv(bytes: &[u8], shape: &PartialShape) -> Result<Tensor> {
    let text = std::str::from_utf8(bytes).map_err(|_| anyhow!("this is none of npz, npy, csv and pictures"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut numbers, mut rows, mut each) = (Vec::new(), 0, 0);
    for (line, row) in text.lines().enumerate().filter(|(_, row)| !row.trim().is_empty()) {
        let line = line + 1;
        let cells: Vec<Option<f32>> = row.split(',').map(|cell| cell.trim().parse().ok()).collect();
        if line == 1 && cells.iter().all(Option::is_none) {
            continue;
        }
        let before = numbers.len();
        numbers.extend(cells.iter().flatten());
        let found = numbers.len() - before;
        if found < cells.len() {
            bail!("line {line}: `{row}` is no row of numbers");
        }
        if rows == 0 {
            each = found;
        } else if found != each {
            bail!("line {line} has {found} numbers, expected {each} as in the row before");
        }
        rows += 1;
    }
    if rows == 0 {
        bail!("there is no row of numbers");
    }
    let open = shape.example().iter().filter(|dim| dim.is_none()).count();
    let known: usize = shape.example().iter().flatten().product();
    let fits = match open {
        0 => known == each,
        1 => known > 0 && each % known == 0,
        _ => false,
    };
    if !fits {
        bail!("{each} numbers per row do not make an example of {shape}");
    }
    let dims: Vec<usize> = std::iter::once(rows).chain(shape.example().iter().map(|dim| dim.unwrap_or(each / known))).collect();
    Ok(Tensor::new(Shape::new(&dims)?, numbers)?)
}
