//! The bits of two trainings, as numbers: whatever computes with fused multiply-adds gets them, on every kind of processor.
//!
//! A change of the kernels that is meant to change bits changes these numbers, too.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use practicum_core::prelude::*;

/// FNV-1a over the bits of all parameters.
fn checksum(model: &Model) -> u64 {
    let weights = model.get_weights();
    let bytes = weights.iter().flat_map(|weight| weight.as_slice()).flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Numbers in [-1, 1) that no generator draws.
fn numbers(shape: &[usize], step: usize) -> Tensor {
    let len = shape.iter().product();
    let values = (0..len).map(|i| (i * step % 8191) as f32 / 4096.0 - 1.0).collect();
    Tensor::new(Shape::new(shape).unwrap(), values).unwrap()
}

/// Convolutions of all kinds.
fn pictures(cpu: &Cpu) -> u64 {
    let mut model = Sequential::new()
        .with_cpu(cpu)
        .add(Input::new([22, 21, 3]))
        .add(Conv2D::new(16, 3).activation(Activation::Relu))
        .add(MaxPooling2D::new(2))
        .add(Conv2D::new(32, 3).padding(Padding::Same).activation(Activation::Relu))
        .add(BatchNormalization::new())
        .add(Conv2D::new(24, 3).strides(2).groups(4).activation(Activation::Gelu))
        .add(DepthwiseConv2D::new(3).padding(Padding::Same))
        .add(Conv2D::new(20, 1))
        .add(GlobalAveragePooling2D::new())
        .add(Dropout::new(0.2))
        .add(Dense::new(70).activation(Activation::Tanh))
        .add(Dense::new(3).activation(Activation::Softmax));
    model.compile(Adam::new(0.01), "sparse_categorical_crossentropy", ()).unwrap();
    let classes: Vec<i32> = (0..23).map(|i| i * i % 3).collect();
    model.fit(numbers(&[23, 22, 21, 3], 4099), classes, Fit::new().epochs(2).batch_size(9).quiet()).unwrap();
    checksum(&model)
}

/// Recurrent layers.
fn sequences(cpu: &Cpu) -> u64 {
    let mut model = Sequential::new()
        .with_cpu(cpu)
        .add(Input::new([11]))
        .add(Embedding::new(50, 9))
        .add(Bidirectional::new(LSTM::new(17).return_sequences(true)))
        .add(GRU::new(20).recurrent_dropout(0.1).return_sequences(true))
        .add(Conv1D::new(8, 3).padding(Padding::Causal).activation(Activation::Sigmoid))
        .add(LayerNormalization::new())
        .add(Flatten::new())
        .add(Dense::new(1));
    model.compile(RmsProp::new(0.01), "huber", ()).unwrap();
    let ids: Vec<Vec<i32>> = (0..30).map(|row| (0..11).map(|column| (row * 7 + column * column) % 50).collect()).collect();
    model.fit(ids, numbers(&[30, 1], 3001), Fit::new().epochs(2).batch_size(8).quiet()).unwrap();
    checksum(&model)
}

#[test]
fn fused_multiply_adds_give_these_bits_on_every_processor() {
    for simd in Simd::available() {
        for threads in [1, 3] {
            let cpu = Cpu::new(threads, simd).unwrap();
            let sums = [pictures(&cpu), sequences(&cpu)];
            assert_eq!(sums == EXPECTED, simd.is_fused(), "{simd}, {threads} threads: {sums:#x?}");
        }
    }
}

const EXPECTED: [u64; 2] = [0x61e3_7e7c_556c_037b, 0xb2c3_ebe9_ea17_66fd];
