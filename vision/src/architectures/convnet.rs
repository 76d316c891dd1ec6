//! The family to which all convolutional networks of the course belong.

use practicum_core::prelude::*;

/// What the last layer of a network answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Head {
    /// One unit with a sigmoid: the probability of class 1 of two.
    Binary,
    /// One unit a class with a softmax: a probability for each.
    Classes(usize),
}

/// A plain convolutional network: convolutions of 3 × 3 with ReLU and without padding, each followed by the maxima of
/// windows of 2 × 2; then `Flatten`, a dense layer with ReLU, and the [`Head`].
///
/// With `n` inputs a side, a convolution has `n − 2` outputs a side, and the maxima of them `⌊(n − 2)/2⌋`. A convolution of
/// `f` filters on `c` channels has `f·(3·3·c + 1)` parameters.
///
/// ```
/// use practicum_core::Sequential;
/// use practicum_vision::architectures::Convnet;
///
/// let model = Convnet::fashion().build(Sequential::new())?;
/// assert_eq!(model.count_params()?, 243_786);
///
/// let own = Convnet::new([64, 64, 3], &[8, 16, 32], 64).classes(5).dropout(0.5);
/// assert_eq!(own.build(Sequential::new())?.output_shape()?.to_string(), "(None, 5)");
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Convnet {
    input: [usize; 3],
    filters: Vec<usize>,
    hidden: usize,
    head: Head,
    /// After convolution `i`, before its maxima.
    inner: Vec<(usize, f32)>,
    before_flatten: Option<f32>,
    after_flatten: Option<f32>,
}

impl Convnet {
    /// A network for pictures of `input` = [height, width, channels]: a convolution for each number of `filters`, `hidden`
    /// dense units, and one sigmoid at the end.
    pub fn new(input: [usize; 3], filters: &[usize], hidden: usize) -> Self {
        let (inner, before_flatten, after_flatten) = (Vec::new(), None, None);
        Self { input, filters: filters.to_vec(), hidden, head: Head::Binary, inner, before_flatten, after_flatten }
    }

    /// Course 1, week 3: two convolutions of 64 for Fashion-MNIST; 243,786 parameters.
    pub fn fashion() -> Self {
        Self::new([28, 28, 1], &[64, 64], 128).classes(10)
    }

    /// Course 1, week 3: one convolution of 32 for MNIST; 693,962 parameters.
    pub fn digits() -> Self {
        Self::new([28, 28, 1], &[32], 128).classes(10)
    }

    /// Course 1, week 4: five convolutions for horses or humans, 300 × 300; 1,704,097 parameters.
    pub fn horses() -> Self {
        Self::new([300, 300, 3], &[16, 32, 64, 64, 64], 512)
    }

    /// Course 1, week 4 (pictures of half the size) and course 2, week 1 (cats and dogs): three convolutions, 150 × 150;
    /// 9,494,561 parameters.
    pub fn cats_and_dogs() -> Self {
        Self::new([150, 150, 3], &[16, 32, 64], 512)
    }

    /// Course 1, week 4, the exercise: happy or sad faces, 150 × 150; 4,750,337 parameters.
    pub fn happy_or_sad() -> Self {
        Self::new([150, 150, 3], &[16, 32, 32], 512)
    }

    /// Course 2, week 2: four convolutions for cats and dogs, 150 × 150; 3,453,121 parameters.
    pub fn cats_and_dogs_deep() -> Self {
        Self::new([150, 150, 3], &[32, 64, 128, 128], 512)
    }

    /// Course 2, week 4: rock, paper and scissors, 150 × 150, half of the numbers dropped after `Flatten`; 3,473,475
    /// parameters.
    pub fn rock_paper_scissors() -> Self {
        Self::new([150, 150, 3], &[64, 64, 128, 128], 512).classes(3).dropout_after_flatten(0.5)
    }

    /// Course 2, week 4, the exercise: letters of the sign language, 28 × 28, 26 classes; 245,850 parameters.
    pub fn signs() -> Self {
        Self::new([28, 28, 1], &[64, 64], 128).classes(26)
    }

    /// Pictures of another size: [height, width, channels].
    #[must_use]
    pub fn input(mut self, input: [usize; 3]) -> Self {
        self.input = input;
        self
    }

    /// Other numbers of filters, one a convolution.
    #[must_use]
    pub fn filters(mut self, filters: &[usize]) -> Self {
        self.filters = filters.to_vec();
        self
    }

    /// Another number of dense units.
    #[must_use]
    pub fn hidden(mut self, units: usize) -> Self {
        self.hidden = units;
        self
    }

    /// A softmax over `classes` instead of one sigmoid.
    #[must_use]
    pub fn classes(mut self, classes: usize) -> Self {
        self.head = Head::Classes(classes);
        self
    }

    /// Dropout of `rate` before `Flatten`.
    #[must_use]
    pub fn dropout(mut self, rate: f32) -> Self {
        self.before_flatten = Some(rate);
        self
    }

    /// Dropout of `rate` after `Flatten`.
    #[must_use]
    pub fn dropout_after_flatten(mut self, rate: f32) -> Self {
        self.after_flatten = Some(rate);
        self
    }

    /// Dropout of `rate` between convolution `index`, counted from 0, and its maxima.
    #[must_use]
    pub fn dropout_after_convolution(mut self, index: usize, rate: f32) -> Self {
        self.inner.push((index, rate));
        self
    }

    /// What the last layer answers.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The picture that goes in: [height, width, channels].
    pub fn input_size(&self) -> [usize; 3] {
        self.input
    }

    /// Adds the layers to `model`, which has none yet and brings the seed and the processor.
    ///
    /// # Errors
    /// Pictures too small for the number of convolutions, a number of units or filters of 0, a rate outside of [0, 1), or
    /// dropout after a convolution that does not exist.
    pub fn build(&self, model: Sequential) -> Result<Sequential> {
        if let Some((index, _)) = self.inner.iter().find(|(index, _)| *index >= self.filters.len()) {
            let known = self.filters.len();
            return Err(Error::argument(format!("dropout after convolution {index}: the network has {known}, counted from 0")));
        }
        self.check_sides()?;
        let mut model = model.add(Input::new(self.input));
        for (index, filters) in self.filters.iter().enumerate() {
            model = model.add(Conv2D::new(*filters, 3).activation(Activation::Relu));
            for (_, rate) in self.inner.iter().filter(|(after, _)| *after == index) {
                model = model.add(Dropout::new(*rate));
            }
            model = model.add(MaxPooling2D::new(2));
        }
        if let Some(rate) = self.before_flatten {
            model = model.add(Dropout::new(rate));
        }
        model = model.add(Flatten::new());
        if let Some(rate) = self.after_flatten {
            model = model.add(Dropout::new(rate));
        }
        let hidden = Dense::new(self.hidden).activation(Activation::Relu);
        let model = match self.head {
            Head::Binary => model.add(hidden).add(Dense::new(1).activation(Activation::Sigmoid)),
            Head::Classes(classes) => model.add(hidden).add(Dense::new(classes).activation(Activation::Softmax)),
        };
        // What a layer refuses is told here, not by the first training.
        model.count_params()?;
        Ok(model)
    }

    fn check_sides(&self) -> Result<()> {
        for (side, name) in [(self.input[0], "high"), (self.input[1], "wide")] {
            let mut left = side;
            for index in 0..self.filters.len() {
                left = left.saturating_sub(2) / 2;
                if left == 0 {
                    let convolutions = self.filters.len();
                    let least = (3_u64 << convolutions.min(60)) - 2;
                    return Err(Error::argument(format!(
                        "pictures of {side} pixels {name} are used up by convolution {index} of {convolutions}"
                    ))
                    .hint(format!("{convolutions} convolutions need {least} pixels or more; take larger pictures or fewer convolutions")));
                }
            }
        }
        Ok(())
    }

    /// How each size comes about, layer by layer: for a table beside the summary.
    ///
    /// ```
    /// use practicum_vision::architectures::Convnet;
    ///
    /// let steps = Convnet::fashion().sizes();
    /// assert_eq!(steps[0].layer, "conv2d");
    /// assert_eq!(steps[0].shape, "⌊(28 + 2·0 − 3)/1⌋ + 1 = 26, so 26 × 26 × 64");
    /// assert_eq!(steps[0].parameters, "64 × (3·3·1 + 1) = 640");
    /// ```
    pub fn sizes(&self) -> Vec<SizeStep> {
        let [mut height, mut width, mut channels] = self.input;
        let mut steps = Vec::new();
        let number = |index: usize| if index == 0 { String::new() } else { format!("_{index}") };
        let side = |n: usize, window: usize, stride: usize| n.saturating_sub(window) / stride + 1;
        let formula = |n: usize, m: usize, window: usize, stride: usize, padding: &str| {
            let one = |n: usize| format!("⌊({n}{padding} − {window})/{stride}⌋ + 1 = {}", side(n, window, stride));
            if n == m { one(n) } else { format!("{} and {}", one(n), one(m)) }
        };
        for (index, filters) in self.filters.iter().enumerate() {
            let told = formula(height, width, 3, 1, " + 2·0");
            (height, width) = (side(height, 3, 1), side(width, 3, 1));
            steps.push(SizeStep {
                layer: format!("conv2d{}", number(index)),
                shape: format!("{told}, so {height} × {width} × {filters}"),
                parameters: format!("{filters} × (3·3·{channels} + 1) = {}", filters * (9 * channels + 1)),
            });
            channels = *filters;
            let told = formula(height, width, 2, 2, "");
            (height, width) = (side(height, 2, 2), side(width, 2, 2));
            steps.push(SizeStep {
                layer: format!("max_pooling2d{}", number(index)),
                shape: format!("{told}, so {height} × {width} × {channels}"),
                parameters: "0: maxima have none".to_owned(),
            });
        }
        let flat = height * width * channels;
        steps.push(SizeStep {
            layer: "flatten".to_owned(),
            shape: format!("{height}·{width}·{channels} = {flat}"),
            parameters: "0: only the order of the numbers".to_owned(),
        });
        let outputs = match self.head {
            Head::Binary => 1,
            Head::Classes(classes) => classes,
        };
        for (index, (inputs, units)) in [(flat, self.hidden), (self.hidden, outputs)].into_iter().enumerate() {
            steps.push(SizeStep {
                layer: format!("dense{}", number(index)),
                shape: format!("{units} unit{}", if units == 1 { "" } else { "s" }),
                parameters: format!("{units} × ({inputs} + 1) = {}", units * (inputs + 1)),
            });
        }
        steps
    }
}

/// How the output of a layer and the number of its parameters are worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeStep {
    /// The layer's name.
    pub layer: String,
    /// `⌊(n + 2p − f)/s⌋ + 1` a side, with the layer's numbers.
    pub shape: String,
    /// `filters × (f·f·channels + 1)` or `units × (inputs + 1)`, with the layer's numbers.
    pub parameters: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(convnet: &Convnet) -> Vec<String> {
        let model = convnet.build(Sequential::new()).unwrap();
        let summary = model.summary().unwrap();
        summary.rows().iter().map(|[layer, shape, parameters]| format!("{layer} {shape} {parameters}")).collect()
    }

    #[test]
    fn the_course_s_networks_have_the_course_s_numbers() {
        let expected = [
            (Convnet::fashion(), 243_786),
            (Convnet::digits(), 693_962),
            (Convnet::horses(), 1_704_097),
            (Convnet::cats_and_dogs(), 9_494_561),
            (Convnet::happy_or_sad(), 4_750_337),
            (Convnet::cats_and_dogs_deep(), 3_453_121),
            (Convnet::cats_and_dogs_deep().dropout(0.5), 3_453_121),
            (Convnet::rock_paper_scissors(), 3_473_475),
            (Convnet::signs(), 245_850),
        ];
        for (convnet, parameters) in expected {
            assert_eq!(convnet.build(Sequential::new()).unwrap().count_params().unwrap(), parameters, "{convnet:?}");
        }
    }

    #[test]
    fn the_network_for_horses_shrinks_as_the_course_prints_it() {
        let expected = [
            "conv2d (Conv2D) (None, 298, 298, 16) 448",
            "max_pooling2d (MaxPooling2D) (None, 149, 149, 16) 0",
            "conv2d_1 (Conv2D) (None, 147, 147, 32) 4,640",
            "max_pooling2d_1 (MaxPooling2D) (None, 73, 73, 32) 0",
            "conv2d_2 (Conv2D) (None, 71, 71, 64) 18,496",
            "max_pooling2d_2 (MaxPooling2D) (None, 35, 35, 64) 0",
            "conv2d_3 (Conv2D) (None, 33, 33, 64) 36,928",
            "max_pooling2d_3 (MaxPooling2D) (None, 16, 16, 64) 0",
            "conv2d_4 (Conv2D) (None, 14, 14, 64) 36,928",
            "max_pooling2d_4 (MaxPooling2D) (None, 7, 7, 64) 0",
            "flatten (Flatten) (None, 3136) 0",
            "dense (Dense) (None, 512) 1,606,144",
            "dense_1 (Dense) (None, 1) 513",
        ];
        assert_eq!(rows(&Convnet::horses()), expected);
    }

    #[test]
    fn the_worked_out_sizes_are_those_of_the_summary() {
        for convnet in [Convnet::fashion(), Convnet::horses(), Convnet::digits().input([29, 40, 2]), Convnet::signs()] {
            let (rows, steps) = (rows(&convnet), convnet.sizes());
            assert_eq!(rows.len(), steps.len());
            for (row, step) in rows.iter().zip(&steps) {
                assert_eq!(row.split(' ').next(), Some(step.layer.as_str()));
                let number = step.parameters.rsplit("= ").next().and_then(|number| number.split(':').next()).unwrap();
                assert_eq!(row.rsplit(' ').next().map(|number| number.replace(',', "")).as_deref(), Some(number), "{step:?}");
                if let Some((_, shape)) = step.shape.split_once("so ") {
                    assert!(row.contains(&format!("(None, {})", shape.replace(" × ", ", "))), "{row}: {step:?}");
                }
            }
        }
    }

    #[test]
    fn dropout_stands_where_it_was_asked_for() {
        let convnet = Convnet::new([40, 40, 3], &[4, 4], 8).dropout_after_convolution(1, 0.5).dropout(0.25).dropout_after_flatten(0.5);
        let model = convnet.build(Sequential::new()).unwrap();
        let expected =
            ["conv2d", "max_pooling2d", "conv2d_1", "dropout", "max_pooling2d_1", "dropout_1", "flatten", "dropout_2", "dense", "dense_1"];
        assert_eq!(model.layer_names(), expected);
    }

    #[test]
    fn what_cannot_be_built_is_told_before_training() {
        let small = Convnet::horses().input([93, 300, 3]).build(Sequential::new()).unwrap_err();
        let message = format!("{small:?}");
        assert!(small.is_argument() && message.contains("93 pixels high") && message.contains("94 pixels or more"), "{message}");
        assert!(Convnet::horses().input([94, 94, 3]).build(Sequential::new()).is_ok());
        assert!(Convnet::digits().dropout_after_convolution(1, 0.5).build(Sequential::new()).unwrap_err().is_argument());
        assert!(Convnet::digits().dropout(1.5).build(Sequential::new()).is_err());
        assert!(Convnet::digits().hidden(0).build(Sequential::new()).is_err());
    }
}
