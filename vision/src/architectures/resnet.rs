use practicum_core::layers::Add;
use practicum_core::prelude::*;
use practicum_core::rng::DEFAULT_SEED;

/// A residual network for small pictures (He, Zhang, Ren & Sun, *Deep residual learning for image recognition*, 2015,
/// section 4.2), with BatchNormalization.
///
/// A convolution of 3 × 3 with 16 filters, then three stages of `n` blocks with 16, 32 and 64 filters, each stage after the
/// first at half the size; the mean of every map; a softmax. A block is
/// `relu(x + bn(conv(relu(bn(conv(x))))))`; where the size changes, `x` goes through a convolution of 1 × 1 with stride 2 and
/// BatchNormalization. That makes 6n + 2 layers with weights: ResNet-8 for n = 1, ResNet-20 for n = 3. Convolutions have no
/// bias, since BatchNormalization brings one.
///
/// ```
/// use practicum_vision::architectures::ResNet;
///
/// let model = ResNet::new([32, 32, 3], 10).blocks(3).build()?;
/// let count = model.summary()?.param_count();
/// assert_eq!((count.trainable, count.non_trainable), (272_474, 1_568));
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResNet {
    input: [usize; 3],
    classes: usize,
    blocks: usize,
    filters: usize,
    seed: u64,
}

impl ResNet {
    /// For pictures of `input` = [height, width, channels]: one block a stage, 16 filters in the first.
    pub fn new(input: [usize; 3], classes: usize) -> Self {
        Self { input, classes, blocks: 1, filters: 16, seed: DEFAULT_SEED }
    }

    /// Blocks in each stage: n of 6n + 2.
    #[must_use]
    pub fn blocks(mut self, blocks: usize) -> Self {
        self.blocks = blocks;
        self
    }

    /// Filters of the first stage; the second has twice and the third four times as many.
    #[must_use]
    pub fn filters(mut self, filters: usize) -> Self {
        self.filters = filters;
        self
    }

    /// Where the model's random numbers begin.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The model, not compiled yet.
    ///
    /// # Errors
    /// No blocks, filters or classes, or a picture without pixels.
    pub fn build(&self) -> Result<Model> {
        if self.blocks == 0 {
            return Err(Error::argument("a residual network needs at least one block in each stage, got 0"));
        }
        let input = Input::new(self.input).symbol();
        let mut x = relu(&normalized(convolution(self.filters, 3, 1), &input));
        for stage in 0..3 {
            for block in 0..self.blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                x = residual(&x, self.filters << stage, stride);
            }
        }
        let means = GlobalAveragePooling2D::new().on(&x);
        let output = Dense::new(self.classes).activation(Activation::Softmax).on(&means);
        let mut model = Model::seeded(self.seed, &input, &output)?;
        model.set_name(&format!("resnet{}", 6 * self.blocks + 2));
        Ok(model)
    }
}

fn convolution(filters: usize, window: usize, stride: usize) -> Conv2D {
    Conv2D::new(filters, window).strides(stride).padding(Padding::Same).use_bias(false).kernel_initializer(Initializer::HeNormal)
}

fn normalized(convolution: Conv2D, x: &Symbol) -> Symbol {
    BatchNormalization::new().on(convolution.on(x))
}

fn relu(x: &Symbol) -> Symbol {
    Activate::new(Activation::Relu).on(x)
}

fn residual(x: &Symbol, filters: usize, stride: usize) -> Symbol {
    let inner = relu(&normalized(convolution(filters, 3, stride), x));
    let branch = normalized(convolution(filters, 3, 1), &inner);
    let shortcut = if stride == 1 { x.clone() } else { normalized(convolution(filters, 1, stride), x) };
    relu(&Add::new().on([&shortcut, &branch]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_literature() {
        // Weights with learned shortcuts of 1 × 1, as they are commonly counted, without moving statistics.
        for (blocks, trainable) in [(3, 272_474), (5, 466_906), (9, 855_770)] {
            let model = ResNet::new([32, 32, 3], 10).blocks(blocks).build().unwrap();
            assert_eq!(model.summary().unwrap().param_count().trainable, trainable, "n = {blocks}");
            assert_eq!(model.name(), format!("resnet{}", 6 * blocks + 2));
        }
    }

    #[test]
    fn the_smallest_learns() {
        let mut model = ResNet::new([8, 8, 1], 2).filters(4).build().unwrap();
        model.compile(Adam::new(0.01), "sparse_categorical_crossentropy", "accuracy").unwrap();
        // Class 1 is brighter on the right.
        let pixels: Vec<f32> = (0..16 * 64).map(|i| if (i % 8 >= 4) == (i / 64 % 2 == 1) { 1.0 } else { 0.1 * (i % 7) as f32 }).collect();
        let x = Tensor::new([16, 8, 8, 1], pixels).unwrap();
        let y = Tensor::from((0..16).map(|i| (i % 2) as f32).collect::<Vec<_>>());
        for _ in 0..30 {
            model.train_on_batch(&x, &y).unwrap();
        }
        let classes = model.predict(&x).unwrap().argmax().unwrap();
        let right = classes.iter().enumerate().filter(|(i, class)| **class == i % 2).count();
        assert!(right >= 15, "{right} of 16");
    }

    #[test]
    fn no_blocks_are_refused() {
        assert!(ResNet::new([32, 32, 3], 10).blocks(0).build().unwrap_err().is_argument());
        assert!(ResNet::new([32, 32, 3], 0).build().is_err());
    }
}
