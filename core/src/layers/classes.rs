//! The classes of layers that Keras knows, and how each is made.

use std::any::{Any, TypeId};

use super::Registry;
use super::kit::refuse_others;
use super::{
    Activate, ActivityRegularization, Add, AlphaDropout, Average, AveragePooling1D, AveragePooling2D, BatchNormalization, Bidirectional,
    Concatenate, Config, Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Cropping1D, Cropping2D, Dense, DepthwiseConv1D, DepthwiseConv2D,
    Dot, Dropout, ELU, Embedding, Flatten, GRU, GaussianDropout, GaussianNoise, GlobalAveragePooling1D, GlobalAveragePooling2D,
    GlobalMaxPooling1D, GlobalMaxPooling2D, GroupNormalization, Identity, Input, LSTM, Lambda, Layer, LayerNormalization, LeakyReLU,
    Masking, MaxPooling1D, MaxPooling2D, Maximum, Minimum, Multiply, Normalization, PReLU, Permute, RMSNormalization, ReLU, RepeatVector,
    Rescaling, Reshape, SeparableConv1D, SeparableConv2D, SimpleRNN, Softmax, SpatialDropout1D, SpatialDropout2D, Subtract,
    TimeDistributed, UnitNormalization, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D,
};
use crate::Result;

/// Whether a layer is one of Keras', made by this crate: neither a model, nor a custom layer, whatever its name.
pub(crate) fn is_of_keras(layer: &dyn Layer) -> bool {
    CLASSES.iter().any(|(_, of, _)| *of == (layer as &dyn Any).type_id())
}

/// Makes a layer of its options; layers within it are made by the registry.
pub(super) type Make = fn(&Registry, Config) -> Result<Box<dyn Layer>>;

/// Each with its type: a custom layer may have the same name.
pub(super) const CLASSES: &[(&str, TypeId, Make)] = &[
    ("Activation", TypeId::of::<Activate>(), |_, config| Activate::from_config(config)),
    ("ActivityRegularization", TypeId::of::<ActivityRegularization>(), |_, config| ActivityRegularization::from_config(config)),
    ("Add", TypeId::of::<Add>(), |_, config| plain("Add", &config, Add)),
    ("AlphaDropout", TypeId::of::<AlphaDropout>(), |_, config| AlphaDropout::from_config(config)),
    ("Average", TypeId::of::<Average>(), |_, config| plain("Average", &config, Average)),
    ("AveragePooling1D", TypeId::of::<AveragePooling1D>(), |_, config| AveragePooling1D::from_config(config)),
    ("AveragePooling2D", TypeId::of::<AveragePooling2D>(), |_, config| AveragePooling2D::from_config(config)),
    ("BatchNormalization", TypeId::of::<BatchNormalization>(), |_, config| BatchNormalization::from_config(config)),
    ("Bidirectional", TypeId::of::<Bidirectional>(), Bidirectional::from_config),
    ("Concatenate", TypeId::of::<Concatenate>(), |_, config| Concatenate::from_config(config)),
    ("Conv1D", TypeId::of::<Conv1D>(), |_, config| Conv1D::from_config(config)),
    ("Conv1DTranspose", TypeId::of::<Conv1DTranspose>(), |_, config| Conv1DTranspose::from_config(config)),
    ("Conv2D", TypeId::of::<Conv2D>(), |_, config| Conv2D::from_config(config)),
    ("Conv2DTranspose", TypeId::of::<Conv2DTranspose>(), |_, config| Conv2DTranspose::from_config(config)),
    ("Cropping1D", TypeId::of::<Cropping1D>(), |_, config| Cropping1D::from_config(config)),
    ("Cropping2D", TypeId::of::<Cropping2D>(), |_, config| Cropping2D::from_config(config)),
    ("Dense", TypeId::of::<Dense>(), |_, config| Dense::from_config(config)),
    ("DepthwiseConv1D", TypeId::of::<DepthwiseConv1D>(), |_, config| DepthwiseConv1D::from_config(config)),
    ("DepthwiseConv2D", TypeId::of::<DepthwiseConv2D>(), |_, config| DepthwiseConv2D::from_config(config)),
    ("Dot", TypeId::of::<Dot>(), |_, config| Dot::from_config(config)),
    ("Dropout", TypeId::of::<Dropout>(), |_, config| Dropout::from_config(config)),
    ("ELU", TypeId::of::<ELU>(), |_, config| ELU::from_config(config)),
    ("Embedding", TypeId::of::<Embedding>(), |_, config| Embedding::from_config(config)),
    ("Flatten", TypeId::of::<Flatten>(), |_, config| plain("Flatten", &config, Flatten)),
    ("GaussianDropout", TypeId::of::<GaussianDropout>(), |_, config| GaussianDropout::from_config(config)),
    ("GaussianNoise", TypeId::of::<GaussianNoise>(), |_, config| GaussianNoise::from_config(config)),
    ("GlobalAveragePooling1D", TypeId::of::<GlobalAveragePooling1D>(), |_, config| GlobalAveragePooling1D::from_config(config)),
    ("GlobalAveragePooling2D", TypeId::of::<GlobalAveragePooling2D>(), |_, config| GlobalAveragePooling2D::from_config(config)),
    ("GlobalMaxPooling1D", TypeId::of::<GlobalMaxPooling1D>(), |_, config| GlobalMaxPooling1D::from_config(config)),
    ("GlobalMaxPooling2D", TypeId::of::<GlobalMaxPooling2D>(), |_, config| GlobalMaxPooling2D::from_config(config)),
    ("GroupNormalization", TypeId::of::<GroupNormalization>(), |_, config| GroupNormalization::from_config(config)),
    ("GRU", TypeId::of::<GRU>(), |_, config| GRU::from_config(config)),
    ("Identity", TypeId::of::<Identity>(), |_, config| plain("Identity", &config, Identity)),
    ("InputLayer", TypeId::of::<Input>(), |_, config| Input::from_config(config)),
    ("Lambda", TypeId::of::<Lambda>(), Lambda::from_config),
    ("LayerNormalization", TypeId::of::<LayerNormalization>(), |_, config| LayerNormalization::from_config(config)),
    ("LeakyReLU", TypeId::of::<LeakyReLU>(), |_, config| LeakyReLU::from_config(config)),
    ("LSTM", TypeId::of::<LSTM>(), |_, config| LSTM::from_config(config)),
    ("Masking", TypeId::of::<Masking>(), |_, config| Masking::from_config(config)),
    ("Maximum", TypeId::of::<Maximum>(), |_, config| plain("Maximum", &config, Maximum)),
    ("MaxPooling1D", TypeId::of::<MaxPooling1D>(), |_, config| MaxPooling1D::from_config(config)),
    ("MaxPooling2D", TypeId::of::<MaxPooling2D>(), |_, config| MaxPooling2D::from_config(config)),
    ("Minimum", TypeId::of::<Minimum>(), |_, config| plain("Minimum", &config, Minimum)),
    ("Multiply", TypeId::of::<Multiply>(), |_, config| plain("Multiply", &config, Multiply)),
    ("Normalization", TypeId::of::<Normalization>(), |_, config| Normalization::from_config(config)),
    ("Permute", TypeId::of::<Permute>(), |_, config| Permute::from_config(config)),
    ("PReLU", TypeId::of::<PReLU>(), |_, config| PReLU::from_config(config)),
    ("ReLU", TypeId::of::<ReLU>(), |_, config| ReLU::from_config(config)),
    ("RepeatVector", TypeId::of::<RepeatVector>(), |_, config| RepeatVector::from_config(config)),
    ("Rescaling", TypeId::of::<Rescaling>(), |_, config| Rescaling::from_config(config)),
    ("Reshape", TypeId::of::<Reshape>(), |_, config| Reshape::from_config(config)),
    ("RMSNormalization", TypeId::of::<RMSNormalization>(), |_, config| RMSNormalization::from_config(config)),
    ("SeparableConv1D", TypeId::of::<SeparableConv1D>(), |_, config| SeparableConv1D::from_config(config)),
    ("SeparableConv2D", TypeId::of::<SeparableConv2D>(), |_, config| SeparableConv2D::from_config(config)),
    ("SimpleRNN", TypeId::of::<SimpleRNN>(), |_, config| SimpleRNN::from_config(config)),
    ("Softmax", TypeId::of::<Softmax>(), |_, config| Softmax::from_config(config)),
    ("SpatialDropout1D", TypeId::of::<SpatialDropout1D>(), |_, config| SpatialDropout1D::from_config(config)),
    ("SpatialDropout2D", TypeId::of::<SpatialDropout2D>(), |_, config| SpatialDropout2D::from_config(config)),
    ("Subtract", TypeId::of::<Subtract>(), |_, config| plain("Subtract", &config, Subtract)),
    ("TimeDistributed", TypeId::of::<TimeDistributed>(), TimeDistributed::from_config),
    ("UnitNormalization", TypeId::of::<UnitNormalization>(), |_, config| UnitNormalization::from_config(config)),
    ("UpSampling1D", TypeId::of::<UpSampling1D>(), |_, config| UpSampling1D::from_config(config)),
    ("UpSampling2D", TypeId::of::<UpSampling2D>(), |_, config| UpSampling2D::from_config(config)),
    ("ZeroPadding1D", TypeId::of::<ZeroPadding1D>(), |_, config| ZeroPadding1D::from_config(config)),
    ("ZeroPadding2D", TypeId::of::<ZeroPadding2D>(), |_, config| ZeroPadding2D::from_config(config)),
];

/// A layer without options.
fn plain(class: &str, config: &Config, layer: impl Layer) -> Result<Box<dyn Layer>> {
    refuse_others(class, config, &Config::new())?;
    Ok(Box::new(layer))
}
