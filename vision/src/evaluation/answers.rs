use practicum_core::{Error, Result, Tensor};

use super::check_lengths;

/// What a classifier answered for several examples: a class for each, and the probability that it gives that class.
#[derive(Clone, Debug)]
pub struct Answers {
    /// [examples, classes]
    probabilities: Vec<f32>,
    class_count: usize,
    classes: Vec<usize>,
}

/// An example that was put into a wrong class.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mistake {
    /// Which example.
    pub index: usize,
    /// Its class.
    pub truth: usize,
    /// The class that was answered.
    pub answer: usize,
    /// The probability that was given to the wrong class.
    pub probability: f32,
}

impl Answers {
    /// From what [`predict`](practicum_core::Model::predict) returns: [examples, classes] with a probability a class, or
    /// [examples, 1] with the probability of class 1 of two, which is answered where it is above 0.5.
    ///
    /// The likeliest class is answered; of equally likely ones, the first.
    ///
    /// # Errors
    /// Another shape, or values that are no probabilities: outside of 0 to 1, or not numbers.
    pub fn new(outputs: &Tensor) -> Result<Self> {
        let shape = outputs.shape();
        let (examples, columns) = match *shape.dims() {
            [examples, columns] if columns > 0 => (examples, columns),
            _ => return Err(Error::shape(format!("expected answers [examples, classes] or [examples, 1], got {shape}"))),
        };
        let values = outputs.as_slice();
        if let Some(at) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            let (example, value) = (at / columns, values[at]);
            return Err(Error::data(format!("example {example} has the answer {value}: expected probabilities from 0 to 1"))
                .hint("the last layer needs a softmax or a sigmoid"));
        }
        let probabilities: Vec<f32> = if columns == 1 { values.iter().flat_map(|p| [1.0 - p, *p]).collect() } else { values.to_vec() };
        let class_count = columns.max(2);
        let classes = (0..examples)
            .map(|example| match columns {
                1 => usize::from(values[example] > 0.5),
                _ => likeliest(&values[example * columns..][..columns]),
            })
            .collect();
        Ok(Self { probabilities, class_count, classes })
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// How many classes there are.
    pub fn class_count(&self) -> usize {
        self.class_count
    }

    /// The class answered for each example.
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// The probabilities of one example, one a class. None where there is no such example.
    pub fn probabilities(&self, example: usize) -> Option<&[f32]> {
        self.probabilities.chunks_exact(self.class_count).nth(example)
    }

    /// The probability of the class that was answered.
    pub fn confidence(&self, example: usize) -> Option<f32> {
        self.probabilities(example).map(|all| all[self.classes[example]])
    }

    /// The probability of one class for each example: scores for [`Roc`](super::Roc). Empty where there is no such class.
    pub fn scores(&self, class: usize) -> Vec<f32> {
        self.probabilities.chunks_exact(self.class_count).filter_map(|all| all.get(class).copied()).collect()
    }

    /// The wrong answers, the most confident first.
    ///
    /// # Errors
    /// Another number of true classes than of examples.
    pub fn mistakes(&self, truth: &[usize]) -> Result<Vec<Mistake>> {
        check_lengths(truth.len(), self.len())?;
        let wrong = (0..self.len()).filter(|&example| self.classes[example] != truth[example]);
        let mut wrong: Vec<Mistake> = wrong
            .map(|index| {
                let answer = self.classes[index];
                let probability = self.probabilities[index * self.class_count + answer];
                Mistake { index, truth: truth[index], answer, probability }
            })
            .collect();
        wrong.sort_by(|a, b| b.probability.total_cmp(&a.probability).then(a.index.cmp(&b.index)));
        Ok(wrong)
    }
}

fn likeliest(probabilities: &[f32]) -> usize {
    let mut best = 0;
    for (class, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_output_means_two_classes() {
        let answers = Answers::new(&Tensor::from([[0.5], [0.75], [0.25]])).unwrap();
        assert_eq!((answers.classes(), answers.class_count()), ([0, 1, 0].as_slice(), 2));
        assert_eq!((answers.confidence(1), answers.confidence(2), answers.confidence(3)), (Some(0.75), Some(0.75), None));
        assert_eq!(answers.scores(0), [0.5, 0.25, 0.75]);
    }

    #[test]
    fn of_equals_the_first_is_answered() {
        let answers = Answers::new(&Tensor::from([[0.4, 0.4, 0.2], [0.1, 0.2, 0.7]])).unwrap();
        assert_eq!(answers.classes(), [0, 2]);
        assert_eq!(answers.probabilities(1), Some([0.1, 0.2, 0.7].as_slice()));
    }

    #[test]
    fn mistakes_come_by_confidence_then_in_order() {
        let answers = Answers::new(&Tensor::from([[0.6, 0.4], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])).unwrap();
        let found: Vec<(usize, usize)> = answers.mistakes(&[1, 0, 1, 1]).unwrap().iter().map(|m| (m.index, m.answer)).collect();
        assert_eq!(found, [(1, 1), (3, 0), (0, 0)]);
        assert!(answers.mistakes(&[1]).unwrap_err().is_shape());
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let error = Answers::new(&Tensor::from([[0.5, 0.5], [3.0, -2.0]])).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("example 1 has the answer 3"), "{error}");
        assert!(Answers::new(&Tensor::from([[f32::NAN]])).is_err());
        assert!(Answers::new(&Tensor::from(vec![0.5, 0.5])).unwrap_err().is_shape());
    }
}
