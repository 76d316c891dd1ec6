//! Trained networks whose first layers c2w3 takes over.

use std::sync::Arc;

use anyhow::{Result, bail};
use practicum_core::data::{ArraySource, Data};
use practicum_core::layers::LayerSpec;
use practicum_core::prelude::*;
use practicum_vision::applications::{
    Options, Scaling, efficientnet_b0, efficientnet_lite0, inception_v3, load_efficientnet_lite0, mobilenet_v2, pretrained_sketch_net,
    resnet50, squeezenet, vgg16,
};

use crate::data::{INCEPTION, Weights};
use crate::week::{BackboneName, WeekRun};

/// The part of a trained network that is taken over.
pub(super) struct Backbone {
    /// The layers up to the cut; its name is that of the network.
    base: Model,
    scaling: Scaling,
    /// Fine-tuning lets the layers after this one learn.
    last_frozen: &'static str,
    /// Which network it is the part of.
    pub(super) network: BackboneName,
}

/// A network, the layer to cut it after, how it wants pixels, and the last layer that fine-tuning leaves alone.
fn network(name: BackboneName, side: usize) -> Result<(Model, &'static str, Scaling, &'static str)> {
    let options = Options::new().include_top(false).input_shape([side, side, 3]);
    Ok(match name {
        BackboneName::Inception => (inception_v3(options)?, "mixed7", Scaling::Symmetric, "mixed6"),
        BackboneName::Mobilenet => (mobilenet_v2(options)?, "out_relu", Scaling::Symmetric, "block_15_add"),
        BackboneName::Resnet50 => (resnet50(options)?, "conv5_block3_out", Scaling::Caffe, "conv4_block6_out"),
        BackboneName::Efficientnet => (efficientnet_b0(options)?, "top_activation", Scaling::Plain, "block6d_add"),
        BackboneName::Lite0 => (efficientnet_lite0(options)?, "head_activation", Scaling::Lite, "block14_add"),
        BackboneName::Vgg16 => (vgg16(options)?, "block5_pool", Scaling::Caffe, "block4_pool"),
        BackboneName::Squeezenet => (squeezenet(options)?, "fire9_concat", Scaling::Caffe, "fire8_concat"),
        BackboneName::Sketch => (pretrained_sketch_net([side, side, 3])?, "unit5", Scaling::Symmetric, "unit4"),
    })
}

impl Backbone {
    /// The network that was asked for; else InceptionV3 where its weights are there, else the small one that comes with the program.
    pub(super) fn of(run: &mut WeekRun<'_>, side: usize) -> Result<Self> {
        let asked = run.settings.backbone;
        let weights = if asked == Some(BackboneName::Sketch) { Arc::new(Weights::BuiltIn) } else { run.data(&INCEPTION)? };
        let by_weights = if matches!(*weights, Weights::BuiltIn) { BackboneName::Sketch } else { BackboneName::Inception };
        let name = asked.unwrap_or(by_weights);
        let (mut model, cut, scaling, last_frozen) = network(name, side)?;
        match &*weights {
            Weights::File(path) if name == BackboneName::Lite0 => load_efficientnet_lite0(&mut model, path)?,
            Weights::File(path) => model.load_weights(path)?,
            Weights::BuiltIn if name == BackboneName::Sketch => {}
            Weights::BuiltIn => bail!("--backbone {name} needs a file of its weights\n  hint: give it with --from inception=FILE"),
        }
        let mut base = model.up_to(&[cut])?;
        base.set_name(model.name());
        Ok(Self { base, scaling, last_frozen, network: name })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        self.base.name()
    }

    /// The same network for pixels of another scale than those it was trained on.
    pub(super) fn scaled(self, scaling: Scaling) -> Self {
        Self { scaling, ..self }
    }

    /// The same network, whose last layers may learn, its normalizations excepted: their means over few pictures would be worse than
    /// those over many.
    pub(super) fn tunable(mut self) -> Result<Self> {
        let names: Vec<String> = self.base.layer_names().into_iter().map(str::to_owned).collect();
        let last = names.iter().position(|name| name == self.last_frozen).unwrap_or(names.len());
        for (index, name) in names.iter().enumerate() {
            let learns = index > last && self.base.get_layer(name.as_str())?.class_name() != "BatchNormalization";
            self.base.set_trainable(name, learns)?;
        }
        Ok(self)
    }

    /// A model of pixels from 0 to 1 that ends with the maps of this network, for a head to be added.
    pub(super) fn begin(&self, run: &WeekRun<'_>) -> Result<Sequential> {
        let shapes = self.base.input_shapes()?;
        let dims: Vec<usize> = shapes.iter().flat_map(|shape| shape.dims().iter().skip(1).flatten().copied()).collect();
        Ok(run.sequential().add(Input::new(dims)).add(scaling_layer(self.scaling)?).add(self.base.clone()))
    }

    /// The maps of pictures whose pixels go from 0 to 1: computed once, because neither pictures nor weights change.
    pub(super) fn features(&self, run: &WeekRun<'_>, pictures: &Data) -> Result<Tensor> {
        Ok(self.begin(run)?.predict(ArraySource::new(pictures, (), 20)?)?)
    }
}

/// From pixels from 0 to 1 to those that a network was trained on.
fn scaling_layer(scaling: Scaling) -> Result<LayerSpec> {
    let rescaling = |scale: f32, offset: f32| Rescaling::new(scale).offset(offset).named("scaling");
    Ok(match scaling {
        Scaling::Plain => rescaling(255.0, 0.0),
        Scaling::Symmetric => rescaling(2.0, -1.0),
        Scaling::Lite => rescaling(255.0 / 128.0, -127.0 / 128.0),
        // Red and blue change places, which a convolution of single pixels can do.
        Scaling::Caffe => {
            let mut kernel = vec![0.0; 9];
            [2, 4, 6].into_iter().for_each(|swapped| kernel[swapped] = 255.0);
            let weights = vec![Tensor::new([1, 1, 3, 3], kernel)?, Tensor::new([3], vec![-103.939, -116.779, -123.68])?];
            Conv2D::new(3, 1).named("scaling").with_weights(weights).frozen()
        }
        _ => rescaling(1.0, 0.0),
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_network_has_the_layers_that_it_is_cut_at() {
        for name in BackboneName::value_variants() {
            let (model, cut, _, last_frozen) = network(*name, 96).unwrap();
            let names = model.layer_names();
            let at = |layer: &str| names.iter().position(|name| *name == layer);
            assert!(at(last_frozen).is_some_and(|last| at(cut).is_some_and(|cut| last < cut)), "{name}: {last_frozen}, {cut}");
        }
    }

    #[test]
    fn the_layer_in_front_scales_as_the_network_wants_it() {
        let pixels = Tensor::new([1, 1, 2, 3], vec![0.0, 51.0, 102.0, 153.0, 204.0, 255.0]).unwrap();
        let unit = pixels.affine(1.0 / 255.0, 0.0).unwrap();
        for scaling in [Scaling::Plain, Scaling::Unit, Scaling::Symmetric, Scaling::Lite, Scaling::Caffe] {
            let model = Sequential::new().add(Input::new([1, 2, 3])).add(scaling_layer(scaling).unwrap());
            let (got, wanted) = (model.predict(&unit).unwrap(), scaling.apply(&pixels).unwrap());
            let far = got.as_slice().iter().zip(wanted.as_slice()).any(|(a, b)| (a - b).abs() > 1e-4 * b.abs().max(1.0));
            assert!(!far, "{scaling:?}: {got:?} for {wanted:?}");
        }
    }
}
