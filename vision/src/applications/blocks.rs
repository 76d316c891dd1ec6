//! What the networks are put together from.

use practicum_core::layers::{
    Activate, Activation, BatchNormalization, Conv2D, DepthwiseConv2D, LayerExt, Padding, Sizes, Symbol, ZeroPadding2D,
};

/// A convolution without bias.
pub(super) fn conv(filters: usize, kernel: impl Into<Sizes>, strides: usize, padding: Padding) -> Conv2D {
    Conv2D::new(filters, kernel).strides(strides).padding(padding).use_bias(false)
}

/// A convolution of each channel without bias.
pub(super) fn depthwise(kernel: usize, strides: usize, padding: Padding) -> DepthwiseConv2D {
    DepthwiseConv2D::new(kernel).strides(strides).padding(padding).use_bias(false)
}

pub(super) fn activate(activation: Activation, name: &str, x: &Symbol) -> Symbol {
    Activate::new(activation).named(name).on(x)
}

/// A batch normalization with another epsilon than Keras' default of 0.001.
pub(super) fn normalize(epsilon: f32, name: &str, x: &Symbol) -> Symbol {
    BatchNormalization::new().epsilon(epsilon).named(name).on(x)
}

/// The zeros with which windows that move in twos meet a map as in Keras' networks: one fewer before an even size.
pub(super) fn pad_for_strides(kernel: usize, map: [usize; 2], name: &str, x: &Symbol) -> Symbol {
    let half = kernel / 2;
    let [rows, columns] = map.map(|size| (half - (1 - size % 2), half));
    ZeroPadding2D::new((rows, columns)).named(name).on(x)
}

/// Half of a size, rounded up.
pub(super) fn halved(map: [usize; 2]) -> [usize; 2] {
    map.map(|size| size.div_ceil(2))
}
