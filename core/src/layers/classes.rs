//! The classes of layers that Keras knows, and how each is made.

use super::Registry;
use super::kit::refuse_others;
use super::{
    Activate, ActivityRegularization, Add, AlphaDropout, Average, AveragePooling1D, AveragePooling2D, BatchNormalization, Bidirectional,
    Concatenate, Config, Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Cropping1D, Cropping2D, Dense, DepthwiseConv1D, DepthwiseConv2D,
    Dot, Dropout, ELU, Embedding, Flatten, GRU, GaussianDropout, GaussianNoise, GlobalAveragePooling1D, GlobalAveragePooling2D,
    GlobalMaxPooling1D, GlobalMaxPooling2D, GroupNormalization, Input, LSTM, Lambda, Layer, LayerNormalization, LeakyReLU, Masking,
    MaxPooling1D, MaxPooling2D, Maximum, Minimum, Multiply, Normalization, PReLU, Permute, RMSNormalization, ReLU, RepeatVector, Rescaling,
    Reshape, SeparableConv1D, SeparableConv2D, SimpleRNN, Softmax, SpatialDropout1D, SpatialDropout2D, Subtract, TimeDistributed,
    UnitNormalization, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D,
};
use crate::Result;

/// Makes a layer of its options; layers within it are made by the registry.
pub(super) type Make = fn(&Registry, Config) -> Result<Box<dyn Layer>>;

pub(super) const CLASSES: &[(&str, Make)] = &[
    ("Activation", |_, config| Activate::from_config(config)),
    ("ActivityRegularization", |_, config| ActivityRegularization::from_config(config)),
    ("Add", |_, config| plain("Add", &config, Add)),
    ("AlphaDropout", |_, config| AlphaDropout::from_config(config)),
    ("Average", |_, config| plain("Average", &config, Average)),
    ("AveragePooling1D", |_, config| AveragePooling1D::from_config(config)),
    ("AveragePooling2D", |_, config| AveragePooling2D::from_config(config)),
    ("BatchNormalization", |_, config| BatchNormalization::from_config(config)),
    ("Bidirectional", Bidirectional::from_config),
    ("Concatenate", |_, config| Concatenate::from_config(config)),
    ("Conv1D", |_, config| Conv1D::from_config(config)),
    ("Conv1DTranspose", |_, config| Conv1DTranspose::from_config(config)),
    ("Conv2D", |_, config| Conv2D::from_config(config)),
    ("Conv2DTranspose", |_, config| Conv2DTranspose::from_config(config)),
    ("Cropping1D", |_, config| Cropping1D::from_config(config)),
    ("Cropping2D", |_, config| Cropping2D::from_config(config)),
    ("Dense", |_, config| Dense::from_config(config)),
    ("DepthwiseConv1D", |_, config| DepthwiseConv1D::from_config(config)),
    ("DepthwiseConv2D", |_, config| DepthwiseConv2D::from_config(config)),
    ("Dot", |_, config| Dot::from_config(config)),
    ("Dropout", |_, config| Dropout::from_config(config)),
    ("ELU", |_, config| ELU::from_config(config)),
    ("Embedding", |_, config| Embedding::from_config(config)),
    ("Flatten", |_, config| plain("Flatten", &config, Flatten)),
    ("GaussianDropout", |_, config| GaussianDropout::from_config(config)),
    ("GaussianNoise", |_, config| GaussianNoise::from_config(config)),
    ("GlobalAveragePooling1D", |_, config| GlobalAveragePooling1D::from_config(config)),
    ("GlobalAveragePooling2D", |_, config| GlobalAveragePooling2D::from_config(config)),
    ("GlobalMaxPooling1D", |_, config| GlobalMaxPooling1D::from_config(config)),
    ("GlobalMaxPooling2D", |_, config| GlobalMaxPooling2D::from_config(config)),
    ("GroupNormalization", |_, config| GroupNormalization::from_config(config)),
    ("GRU", |_, config| GRU::from_config(config)),
    ("InputLayer", |_, config| Input::from_config(config)),
    ("Lambda", Lambda::from_config),
    ("LayerNormalization", |_, config| LayerNormalization::from_config(config)),
    ("LeakyReLU", |_, config| LeakyReLU::from_config(config)),
    ("LSTM", |_, config| LSTM::from_config(config)),
    ("Masking", |_, config| Masking::from_config(config)),
    ("Maximum", |_, config| plain("Maximum", &config, Maximum)),
    ("MaxPooling1D", |_, config| MaxPooling1D::from_config(config)),
    ("MaxPooling2D", |_, config| MaxPooling2D::from_config(config)),
    ("Minimum", |_, config| plain("Minimum", &config, Minimum)),
    ("Multiply", |_, config| plain("Multiply", &config, Multiply)),
    ("Normalization", |_, config| Normalization::from_config(config)),
    ("Permute", |_, config| Permute::from_config(config)),
    ("PReLU", |_, config| PReLU::from_config(config)),
    ("ReLU", |_, config| ReLU::from_config(config)),
    ("RepeatVector", |_, config| RepeatVector::from_config(config)),
    ("Rescaling", |_, config| Rescaling::from_config(config)),
    ("Reshape", |_, config| Reshape::from_config(config)),
    ("RMSNormalization", |_, config| RMSNormalization::from_config(config)),
    ("SeparableConv1D", |_, config| SeparableConv1D::from_config(config)),
    ("SeparableConv2D", |_, config| SeparableConv2D::from_config(config)),
    ("SimpleRNN", |_, config| SimpleRNN::from_config(config)),
    ("Softmax", |_, config| Softmax::from_config(config)),
    ("SpatialDropout1D", |_, config| SpatialDropout1D::from_config(config)),
    ("SpatialDropout2D", |_, config| SpatialDropout2D::from_config(config)),
    ("Subtract", |_, config| plain("Subtract", &config, Subtract)),
    ("TimeDistributed", TimeDistributed::from_config),
    ("UnitNormalization", |_, config| UnitNormalization::from_config(config)),
    ("UpSampling1D", |_, config| UpSampling1D::from_config(config)),
    ("UpSampling2D", |_, config| UpSampling2D::from_config(config)),
    ("ZeroPadding1D", |_, config| ZeroPadding1D::from_config(config)),
    ("ZeroPadding2D", |_, config| ZeroPadding2D::from_config(config)),
];

/// A layer without options.
fn plain(class: &str, config: &Config, layer: impl Layer) -> Result<Box<dyn Layer>> {
    refuse_others(class, config, &Config::new())?;
    Ok(Box::new(layer))
}
