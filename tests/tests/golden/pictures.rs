use practicum_core::layers::LayerSpec;
use practicum_core::ndarray::{Array3, Array4};
use practicum_core::prelude::{Input, Sequential};
use practicum_tests::golden::{Case, Family, Outcome, widen};
use practicum_vision::augment::{FillMode, ImageDataGenerator, Transform};
use practicum_vision::picture::{Aspect, ColorMode, Interpolation, LoadImg, decode_img, resize, save_img};

type Found<T> = Result<T, Box<dyn std::error::Error>>;

#[test]
fn pictures_are_loaded_resized_and_transformed_as_by_keras() {
    let family = Family::load("pictures").unwrap();
    family
        .run(&[("layer_rotation_wrap", "the layers refuse `wrap`: see `Look::check`")], check)
        .unwrap_or_else(|failures| panic!("{failures}"));
}

fn check(case: &Case<'_>) -> Outcome {
    match case.name().split_once('_').map(|(kind, _)| kind) {
        Some("file") => file(case),
        Some("resize") => resized(case),
        Some("crop") => fitted(case, Aspect::Crop),
        Some("pad") => fitted(case, Aspect::Pad([0; 3])),
        Some("transform") => transformed(case),
        Some("layer") => layer(case),
        _ => standardized(case),
    }
}

fn pixels(case: &Case<'_>, key: &str) -> Found<Array3<f32>> {
    let tensor = case.tensor(key)?;
    let dims = tensor.shape().dims().to_vec();
    let [height, width, channels] = dims[..] else { return Err(format!("{key} is no picture: {dims:?}").into()) };
    Ok(Array3::from_shape_vec((height, width, channels), tensor.as_slice().to_vec())?)
}

fn bytes(case: &Case<'_>, key: &str) -> Found<Array3<u8>> {
    Ok(pixels(case, key)?.mapv(|value| value as u8))
}

/// Compares within a tolerance in levels of 0…255.
fn near(case: &Case<'_>, key: &str, got: &Array3<f32>, tolerance: f32) -> Outcome {
    let expected = pixels(case, key)?;
    if got.dim() != expected.dim() {
        case.fail(format!("{key} has the shape {:?}, expected {:?}", got.dim(), expected.dim()));
        return Ok(());
    }
    let apart = got.indexed_iter().zip(&expected).find(|((_, got), expected)| !((*got - *expected).abs() <= tolerance));
    if let Some(((index, got), expected)) = apart {
        case.fail(format!("{key}{index:?} is {got}, expected {expected} (allowed apart: {tolerance})"));
    }
    Ok(())
}

fn file(case: &Case<'_>) -> Outcome {
    let bytes: Vec<u8> = case.tensor("bytes")?.as_slice().iter().map(|byte| *byte as u8).collect();
    let tolerance = case.json("tolerance").as_f64().ok_or("no tolerance")? as f32;
    for mode in case.listed("outputs") {
        let options = LoadImg::new().color_mode(ColorMode::by_name(&mode)?);
        let got = decode_img(&bytes, &options).map_err(|error| format!("{mode}: {error}"))?;
        near(case, &mode, &got.mapv(f32::from), tolerance)?;
    }
    Ok(())
}

fn size(case: &Case<'_>) -> Found<(usize, usize)> {
    let size = case.numbers("size")?;
    Ok((size[0] as usize, size[1] as usize))
}

fn resized(case: &Case<'_>) -> Outcome {
    let (how, size) = (Interpolation::by_name(case.text("how")?)?, size(case)?);
    let tolerance = match how {
        Interpolation::Nearest => 0.0,
        // Pillow rounds to bytes after each axis.
        Interpolation::Lanczos => 1.0,
        _ => 1e-3,
    };
    if how != Interpolation::Lanczos {
        near(case, "resized", &resize(pixels(case, "pixels")?.view(), size, how)?, tolerance)?;
    }
    near(case, "resized", &resize(bytes(case, "pixels")?.view(), size, how)?.mapv(f32::from), tolerance.max(0.501))
}

fn fitted(case: &Case<'_>, aspect: Aspect) -> Outcome {
    let path = std::env::temp_dir().join(format!("practicum-{}-{}.png", std::process::id(), case.name()));
    save_img(&path, bytes(case, "pixels")?.view())?;
    let options = LoadImg::new().target_size(size(case)?).interpolation(Interpolation::by_name(case.text("how")?)?).aspect(aspect);
    let loaded = practicum_vision::picture::load_img(&path, &options);
    std::fs::remove_file(&path)?;
    near(case, "resized", &loaded?.mapv(f32::from), 0.501)
}

fn transformed(case: &Case<'_>) -> Outcome {
    let parameters = case.json("parameters");
    let number = |name: &str| parameters[name].as_f64();
    let transform = Transform {
        theta: number("theta").ok_or("no theta")?,
        tx: number("tx").ok_or("no tx")?,
        ty: number("ty").ok_or("no ty")?,
        shear: number("shear").ok_or("no shear")?,
        zx: number("zx").ok_or("no zx")?,
        zy: number("zy").ok_or("no zy")?,
        flip_horizontal: parameters["flip_horizontal"].as_bool().unwrap_or(false),
        flip_vertical: parameters["flip_vertical"].as_bool().unwrap_or(false),
        channel_shift_intensity: number("channel_shift_intensity"),
        brightness: number("brightness"),
    };
    let generator = ImageDataGenerator::new()
        .fill_mode(FillMode::by_name(case.text("fill_mode")?)?)
        .cval(case.json("cval").as_f64().ok_or("no cval")? as f32)
        .interpolation_order(case.json("order").as_u64().ok_or("no order")? as u8);
    let got = generator.apply_transform(pixels(case, "pixels")?.view(), &transform)?;
    // Brightness cuts off to whole numbers: what is nearly one may fall to the next.
    near(case, "transformed", &got, if transform.brightness.is_some() { 1.001 } else { 0.01 })
}

fn layer(case: &Case<'_>) -> Outcome {
    let layer = practicum_vision::layers::registry().make(case.class()?, case.config())?;
    let x = case.tensor("input")?;
    let dims = x.shape().dims().to_vec();
    let model = Sequential::new().add(Input::new([dims[1], dims[2], dims[3]])).add(LayerSpec::boxed(layer));
    let tape = model.tape();
    let got = model.call(&tape.constant(x), true)?.output.value()?;
    let expected = case.tensor("output")?;
    case.expect("shape", got.shape(), expected.shape());
    // TensorFlow computes its maps in f32.
    let apart = got.as_slice().iter().zip(expected.as_slice()).map(|(got, expected)| (got - expected).abs()).fold(0.0, f32::max);
    if !(apart <= 0.02) {
        case.fail(format!("output is {apart} apart"));
    }
    Ok(())
}

fn standardized(case: &Case<'_>) -> Outcome {
    let options = case.json("options");
    let wants = |name: &str| options[name].as_bool().unwrap_or(false);
    let mut generator = ImageDataGenerator::new()
        .samplewise_center(wants("samplewise_center"))
        .samplewise_std_normalization(wants("samplewise_std_normalization"))
        .featurewise_center(wants("featurewise_center"))
        .featurewise_std_normalization(wants("featurewise_std_normalization"))
        .zca_whitening(wants("zca_whitening"));
    if let Some(rescale) = options["rescale"].as_f64() {
        generator = generator.rescale(rescale as f32);
    }
    if let Some(epsilon) = options["zca_epsilon"].as_f64() {
        generator = generator.zca_epsilon(epsilon);
    }
    let tensor = case.tensor("pixels")?;
    let dims = tensor.shape().dims().to_vec();
    let all = Array4::from_shape_vec((dims[0], dims[1], dims[2], dims[3]), tensor.as_slice().to_vec())?;
    generator.fit(all.view())?;
    let got = generator.standardize(all.index_axis(practicum_core::ndarray::Axis(0), 0).to_owned())?;
    let expected = case.tensor("standard")?;
    case.compare_slices("standard", &widen(got.as_slice().unwrap_or_default()), &widen(expected.as_slice()));
    Ok(())
}
