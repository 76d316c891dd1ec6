//! How many useful operations a step asks for: two for each multiply-add of products and convolutions, nothing else.

/// A layer with weights: the operations of its forward pass, and whether its input wants a gradient.
pub(super) type Counted = (usize, bool);

/// Operations of the forward pass of a dense layer for one example.
pub(super) fn dense(inputs: usize, units: usize) -> usize {
    2 * inputs * units
}

/// Of a convolution with this output height and width, channels and kernel.
pub(super) fn conv(out: [usize; 2], inputs: usize, filters: usize, kernel: [usize; 2]) -> usize {
    2 * out[0] * out[1] * inputs * filters * kernel[0] * kernel[1]
}

/// Of a recurrent layer over this many steps: LSTM has 4 gates, GRU 3, SimpleRNN 1.
pub(super) fn recurrent(steps: usize, inputs: usize, units: usize, gates: usize) -> usize {
    2 * steps * gates * units * (inputs + units)
}

/// Of a training step: forward, the gradients of all weights, and those of the inputs that want one.
pub(super) fn training(batch: usize, layers: &[Counted]) -> f64 {
    let of = |&(forward, input): &Counted| forward * if input { 3 } else { 2 };
    batch as f64 * layers.iter().map(of).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_counted_by_its_products() {
        let dense = [(dense(784, 128), false), (dense(128, 10), true)];
        assert_eq!(training(32, &dense), 13_090_816.0);
        assert_eq!(conv([26, 26], 1, 64, [3, 3]), 778_752);
        assert_eq!(recurrent(120, 16, 32, 4), 1_474_560);
    }
}
