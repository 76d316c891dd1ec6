use image::{GrayImage, ImageBuffer, Luma, RgbImage, imageops};
use practicum_core::{Error, Model, Result, Tensor};
use serde_json::{Value, json};

use super::{Colormap, batch_of_one, byte, check_map_layer, dims_of, map_layers, picture_of, rgb_of};

/// Where in a picture the evidence for a class lies: see [`grad_cam`] and [`hires_cam`].
#[derive(Clone, Debug)]
pub struct HeatMap {
    layer: String,
    class: usize,
    probability: f32,
    /// Of the layer's size, from 0 to 1, row by row.
    heat: Vec<f32>,
    /// Height and width of the layer's maps.
    size: [usize; 2],
    /// Height and width of the picture.
    picture: [usize; 2],
}

/// Which parts of a picture speak for a class (Selvaraju et al., *Grad-CAM: visual explanations from deep networks via
/// gradient-based localization*, 2017).
///
/// With maps `A_k` of the layer and the score `s` of the class before its softmax or sigmoid, the weight of a map is the mean
/// of its gradient, `w_k = mean(∂s/∂A_k)`, and the heat is `max(0, Σ w_k·A_k)`, divided by its largest value. Where a `Flatten`
/// follows, a map may speak for the class in one corner and against it in another, which the mean cannot tell: then
/// [`hires_cam`] shows more.
///
/// Without a class, the likeliest is explained; a model with one sigmoid output has classes 0 and 1, and the score of class 0
/// is minus that of class 1. Without a layer, the last one with maps before the output is taken.
///
/// # Errors
/// A picture [height, width, channels] that does not fit, a class or layer that does not exist, a layer without maps, a model
/// with an output other than [batch, classes], or one with layers that are neither core's nor those of [`layers`](crate::layers).
pub fn grad_cam(model: &Model, picture: &Tensor, class: Option<usize>, layer: Option<&str>) -> Result<HeatMap> {
    explain(model, picture, class, layer, means)
}

/// Which parts of a picture speak for a class, each position by itself (Draelos and Carin, *Use HiResCAM instead of Grad-CAM for
/// faithful explanations of convolutional neural networks*, 2020).
///
/// The heat is `max(0, Σ A_k ⊙ ∂s/∂A_k)` over the maps, divided by its largest value, with the names of [`grad_cam`]. After global
/// average pooling the two are equal.
///
/// ```
/// use practicum_core::prelude::*;
/// use practicum_vision::architectures::Convnet;
/// use practicum_vision::visualize::hires_cam;
///
/// let model = Convnet::new([20, 20, 3], &[4, 8], 16).build(Sequential::new())?;
/// let picture = Tensor::full([20, 20, 3], 0.5)?;
/// let heat = hires_cam(&model, &picture, None, None)?;
/// assert_eq!(heat.overlay(&picture, 0.5)?.dimensions(), (20, 20));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
///
/// # Errors
/// As [`grad_cam`].
pub fn hires_cam(model: &Model, picture: &Tensor, class: Option<usize>, layer: Option<&str>) -> Result<HeatMap> {
    explain(model, picture, class, layer, |gradient, _| gradient.to_vec())
}

/// The heat of maps whose numbers have the weights that `weights` makes of their gradient and the number of maps.
fn explain(
    model: &Model,
    picture: &Tensor,
    class: Option<usize>,
    layer: Option<&str>,
    weights: fn(&[f32], usize) -> Vec<f32>,
) -> Result<HeatMap> {
    let x = batch_of_one(picture)?;
    let [height, width, _] = dims_of(picture)?;
    let layer = match layer {
        Some(layer) => {
            check_map_layer(model, layer)?;
            layer.to_owned()
        }
        None => map_layers(model)?.pop().unwrap_or_default(),
    };
    let answers = model.predict(&x)?;
    let outputs = answers.shape().last();
    if answers.shape().rank() != 2 || outputs == 0 {
        return Err(Error::argument(format!("expected a model with one answer a class, [batch, classes], got {}", answers.shape())));
    }
    let classes = outputs.max(2);
    let answers = answers.as_slice();
    let likeliest = if outputs == 1 { usize::from(answers[0] > 0.5) } else { largest(answers) };
    let class = class.unwrap_or(likeliest);
    if class >= classes {
        return Err(Error::argument(format!("class {class}: the model knows {classes}, counted from 0")));
    }
    let probability = match (outputs, class) {
        (1, 0) => 1.0 - answers[0],
        (1, _) => answers[0],
        (_, class) => answers[class],
    };

    let linear = without_last_activation(model)?;
    let last = linear.output_names()[0].to_owned();
    let parts = linear.up_to(&[&layer, &last])?;
    let tape = parts.tape();
    let traced = parts.call(&tape.variable(x), false)?;
    let (maps, scores) = (&traced.outputs[0], &traced.outputs[1]);
    let score = match (outputs, class) {
        (1, 0) => scores.neg()?.sum()?,
        (1, _) => scores.sum()?,
        (_, class) => scores.index(1, class)?.sum()?,
    };
    let gradient = score.backward()?.of(maps)?;
    let maps = maps.value()?;
    let shape = maps.shape();
    let &[_, rows, columns, channels] = shape.dims() else {
        return Err(Error::state(format!("layer `{layer}` lost its maps: {shape}")));
    };
    let heat = weighted(maps.as_slice(), &weights(gradient.as_slice(), channels), channels);
    Ok(HeatMap { layer, class, probability, heat, size: [rows, columns], picture: [height, width] })
}

fn largest(values: &[f32]) -> usize {
    (0..values.len()).rev().max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0)
}

/// The mean gradient of each map, for each of its numbers.
fn means(gradient: &[f32], channels: usize) -> Vec<f32> {
    let positions = gradient.len() / channels.max(1);
    let sum = |channel: usize| gradient.iter().skip(channel).step_by(channels).map(|g| f64::from(*g)).sum::<f64>();
    let means: Vec<f32> = (0..channels).map(|channel| (sum(channel) / positions as f64) as f32).collect();
    means.repeat(positions)
}

/// The weighted sum of the maps at each position, where it is above 0, from 0 to 1.
fn weighted(maps: &[f32], weights: &[f32], channels: usize) -> Vec<f32> {
    let positions = maps.chunks_exact(channels.max(1)).zip(weights.chunks_exact(channels.max(1)));
    let sum = |(maps, weights): (&[f32], &[f32])| maps.iter().zip(weights).map(|(a, w)| f64::from(*a) * f64::from(*w)).sum::<f64>();
    let heat: Vec<f64> = positions.map(|position| sum(position).max(0.0)).collect();
    let largest = heat.iter().copied().fold(0.0, f64::max);
    heat.iter().map(|heat| if largest > 0.0 { (heat / largest) as f32 } else { 0.0 }).collect()
}

/// The same model with the scores before its last softmax or sigmoid as outputs, and the same weights.
fn without_last_activation(model: &Model) -> Result<Model> {
    let mut json = model.to_json()?;
    make_linear(&mut json);
    let mut linear = Model::from_json_with(&json, &crate::layers::registry())?;
    linear.set_cpu(model.cpu().clone());
    linear.set_weights(&model.get_weights())?;
    Ok(linear)
}

/// Takes the activation from a layer, or from the last layer of a model.
fn make_linear(described: &mut Value) {
    let last = described["config"]["output_layers"][0][0].as_str().map(str::to_owned);
    if let Some(layers) = described["config"].get_mut("layers").and_then(Value::as_array_mut) {
        let named = |layer: &Value| last.as_deref().is_none_or(|last| layer["name"] == last || layer["config"]["name"] == last);
        if let Some(layer) = layers.iter_mut().rev().find(|layer| named(layer)) {
            make_linear(layer);
        }
    } else if let Some(activation) = described["config"].get_mut("activation") {
        *activation = "linear".into();
    } else if ["Softmax", "Sigmoid"].iter().any(|class| described["class_name"] == *class) {
        // A layer, or an operation of a graph.
        described["class_name"] = "Activation".into();
        described["module"] = "keras.layers".into();
        described["config"] = json!({"name": described["config"]["name"], "activation": "linear"});
    }
}

impl HeatMap {
    /// The layer whose maps were weighted.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// The class that is explained.
    pub fn class(&self) -> usize {
        self.class
    }

    /// What the model answers for that class, from 0 to 1 where its output is a softmax or sigmoid.
    pub fn probability(&self) -> f32 {
        self.probability
    }

    /// The heat at each position of the layer's maps, row by row, from 0 to 1. All zeros where nothing speaks for the class.
    pub fn heat(&self) -> &[f32] {
        &self.heat
    }

    /// Height and width of the layer's maps.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The heat in the size of the picture, from black to white.
    ///
    /// # Errors
    /// A picture of more than 65,536 pixels a side.
    pub fn picture(&self) -> Result<GrayImage> {
        let large = self.enlarged()?;
        let [height, width] = self.picture;
        picture_of(height, width, |y, x| Luma([byte(large[y * width + x] * 255.0)]))
    }

    /// The heat in colours over the picture [height, width, channels], whose values go from 0 to 1. Of a pixel's colour,
    /// `share`·heat is the heat's: parts that say nothing stay as they are.
    ///
    /// # Errors
    /// A picture of another size, or a share outside of 0 to 1.
    pub fn overlay(&self, picture: &Tensor, share: f32) -> Result<RgbImage> {
        let [height, width, _] = dims_of(picture)?;
        if [height, width] != self.picture {
            let [h, w] = self.picture;
            return Err(Error::shape(format!("the heat map is of a picture of {h} × {w} pixels, got {height} × {width}")));
        }
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::argument(format!("share is {share}: it must be from 0 to 1")));
        }
        let (large, mut shown) = (self.enlarged()?, rgb_of(picture)?);
        for (pixel, heat) in shown.pixels_mut().zip(large) {
            let (color, share) = (Colormap::Jet.color(byte(heat * 255.0)), share * heat.clamp(0.0, 1.0));
            for (channel, color) in pixel.0.iter_mut().zip(color) {
                *channel = byte(f32::from(*channel) * (1.0 - share) + f32::from(color) * share);
            }
        }
        Ok(shown)
    }

    /// Bilinear, with the middles of pixels where they are.
    fn enlarged(&self) -> Result<Vec<f32>> {
        let [rows, columns] = self.size.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        let [height, width] = self.picture.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
        let small = ImageBuffer::<Luma<f32>, _>::from_raw(columns, rows, self.heat.clone());
        let small = small.ok_or_else(|| Error::state(format!("a heat map of {rows} × {columns} lost its values")))?;
        Ok(imageops::resize(&small, width, height, imageops::FilterType::Triangle).into_raw())
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::prelude::*;

    use super::*;

    /// Class 1 is what is bright in channel 0, class 0 what is bright in channel 1; the only layer keeps both as they are.
    fn model(binary: bool) -> Sequential {
        let mut model = Sequential::new().add(Input::new([4, 6, 2])).add(Conv2D::new(2, 1)).add(GlobalAveragePooling2D::new());
        model = match binary {
            true => model.add(Dense::new(1).activation(Activation::Sigmoid)),
            false => model.add(Dense::new(2).activation(Activation::Softmax)),
        };
        model.set_weight("conv2d/kernel", Tensor::new([1, 1, 2, 2], vec![1.0, 0.0, 0.0, 1.0]).unwrap()).unwrap();
        let dense = if binary { Tensor::from([[3.0], [-3.0]]) } else { Tensor::from([[-1.0, 2.0], [2.0, -1.0]]) };
        model.set_weight("dense/kernel", dense).unwrap();
        model
    }

    /// Bright in channel 0 at (1, 4), in channel 1 at (2, 0).
    fn picture() -> Tensor {
        let mut values = vec![0.0; 48];
        (values[(6 + 4) * 2], values[12 * 2 + 1]) = (1.0, 0.5);
        Tensor::new([4, 6, 2], values).unwrap()
    }

    #[test]
    fn the_heat_lies_where_the_evidence_is() {
        for binary in [true, false] {
            let model = model(binary);
            for (class, expected) in [(1, 6 + 4), (0, 12)] {
                let heat = grad_cam(&model, &picture(), Some(class), None).unwrap();
                assert_eq!((heat.layer(), heat.class(), heat.size()), ("conv2d", class, [4, 6]));
                let hot: Vec<usize> = (0..24).filter(|at| heat.heat()[*at] > 0.0).collect();
                assert_eq!((hot, heat.heat()[expected]), (vec![expected], 1.0), "binary {binary}, class {class}");
            }
            assert_eq!(grad_cam(&model, &picture(), None, None).unwrap().class(), 1);
        }
    }

    #[test]
    fn probabilities_are_the_model_s() {
        let (two, one) = (model(false), model(true));
        for (model, class) in [(&two, 0), (&two, 1), (&one, 1)] {
            let heat = grad_cam(model, &picture(), Some(class), None).unwrap();
            let answers = model.predict(picture().reshape([1, 4, 6, 2]).unwrap()).unwrap();
            let column = if answers.len() == 1 { 0 } else { class };
            assert_eq!(heat.probability(), answers.as_slice()[column]);
        }
        let both = [0, 1].map(|class| grad_cam(&one, &picture(), Some(class), None).unwrap().probability());
        assert!((both[0] + both[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn weights_are_means_of_gradients_of_the_score_before_the_softmax() {
        // Score of class 1: the mean of 2·channel 0 − channel 1, so weights 2/24 and −1/24 for every position.
        let mut values = vec![0.0; 48];
        (values[0], values[1], values[2], values[3]) = (1.0, 1.0, 0.5, 2.0);
        let picture = Tensor::new([4, 6, 2], values).unwrap();
        let heat = grad_cam(&model(false), &picture, Some(1), Some("conv2d")).unwrap();
        assert_eq!(heat.heat()[..2], [1.0, 0.0]);
        let heat = grad_cam(&model(false), &picture, Some(0), Some("conv2d")).unwrap();
        // 2·1 − 1 = 1 and 2·2 − 0.5 = 3.5.
        assert!((heat.heat()[0] - 1.0 / 3.5).abs() < 1e-6 && heat.heat()[1] == 1.0);
    }

    #[test]
    fn a_softmax_of_its_own_is_taken_away_like_an_activation() {
        let weights = model(false).get_weights();
        let body = |first: Sequential| first.add(Conv2D::new(2, 1)).add(GlobalAveragePooling2D::new());
        let plain = Sequential::new().add(Input::new([4, 6, 2]));
        let cropped = plain.clone().add(crate::layers::CenterCrop::new(4, 6));
        let x = Input::new([4, 6, 2]).symbol();
        let scores = Dense::new(2).on(GlobalAveragePooling2D::new().on(Conv2D::new(2, 1).on(&x)));
        let models: [Model; 4] = [
            Model::clone(&body(plain).add(Dense::new(2)).add(Softmax::new())),
            Model::clone(&body(cropped).add(Dense::new(2).activation("softmax"))),
            Model::new(&x, scores.activate(Activation::Softmax)).unwrap(),
            Model::new(&x, scores.activate(Activation::Sigmoid)).unwrap(),
        ];
        let expected = hires_cam(&model(false), &picture(), Some(0), None).unwrap();
        for mut model in models {
            model.set_weights(&weights).unwrap();
            let linear = without_last_activation(&model).unwrap();
            let scores = linear.predict(picture().reshape([1, 4, 6, 2]).unwrap()).unwrap();
            assert!((scores.as_slice()[1] - 1.5 / 24.0).abs() < 1e-6, "{scores}");
            assert_eq!(hires_cam(&model, &picture(), Some(0), Some("conv2d")).unwrap().heat(), expected.heat());
        }
    }

    #[test]
    fn a_map_may_speak_for_a_class_in_one_corner_and_against_it_in_another() {
        let mut model = Sequential::new().add(Input::new([1, 4, 1])).add(Conv2D::new(1, 1)).add(Flatten::new()).add(Dense::new(1));
        model.set_weight("conv2d/kernel", Tensor::ones([1, 1, 1, 1]).unwrap()).unwrap();
        model.set_weight("dense/kernel", Tensor::from([[2.0], [-9.0], [1.0], [0.0]])).unwrap();
        let picture = Tensor::new([1, 4, 1], vec![1.0, 0.1, 1.0, 1.0]).unwrap();
        let heat = |explain: fn(&Model, &Tensor, Option<usize>, Option<&str>) -> Result<HeatMap>| {
            explain(&model, &picture, Some(1), None).unwrap().heat().to_vec()
        };
        assert_eq!((heat(grad_cam), heat(hires_cam)), (vec![0.0; 4], vec![1.0, 0.0, 0.5, 0.0]));
    }

    #[test]
    fn after_global_means_each_position_has_the_weights_of_its_map() {
        for class in [0, 1] {
            let [one, other] = [grad_cam, hires_cam].map(|explain| explain(&model(false), &picture(), Some(class), None).unwrap());
            assert_eq!(one.heat(), other.heat());
        }
    }

    #[test]
    fn what_says_nothing_stays_as_it_is() {
        let picture = Tensor::full([4, 6, 2], 0.25).unwrap();
        let mut silent = model(false);
        silent.set_weight("dense/kernel", Tensor::zeros([2, 2]).unwrap()).unwrap();
        let heat = grad_cam(&silent, &picture, Some(0), None).unwrap();
        assert!(heat.heat().iter().all(|heat| *heat == 0.0));
        assert!(heat.overlay(&picture, 0.8).unwrap().into_raw().iter().all(|byte| *byte == 64));
        assert_eq!(heat.picture().unwrap().dimensions(), (6, 4));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (model, picture) = (model(false), picture());
        assert!(grad_cam(&model, &picture, Some(2), None).unwrap_err().to_string().contains("class 2: the model knows 2"));
        assert!(grad_cam(&model, &picture, None, Some("dense")).unwrap_err().to_string().contains("`dense` has no maps"));
        assert!(grad_cam(&model, &picture, None, Some("conv")).is_err());
        assert!(grad_cam(&model, &Tensor::zeros([6, 4, 2]).unwrap(), None, None).unwrap_err().is_shape());
        let heat = grad_cam(&model, &picture, None, None).unwrap();
        assert!(heat.overlay(&Tensor::zeros([6, 4, 3]).unwrap(), 0.5).unwrap_err().is_shape());
        assert!(heat.overlay(&picture, 1.5).unwrap_err().is_argument());
    }
}
