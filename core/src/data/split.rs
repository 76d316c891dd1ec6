//! Examples to train on and examples to test with.

use std::collections::BTreeMap;

use super::{Data, IntoArrays, check_lengths};
use crate::rng::{DEFAULT_SEED, Key};
use crate::{Error, Result};

/// How [`train_test_split`] divides examples: see its page.
#[derive(Clone, Debug)]
pub struct SplitOptions {
    test: f64,
    seed: u64,
    shuffle: bool,
    stratify: bool,
}

impl SplitOptions {
    /// With this share of the examples to test with: above 0 and below 1.
    pub fn new(test_size: f64) -> Self {
        Self { test: test_size, seed: DEFAULT_SEED, shuffle: true, stratify: false }
    }

    /// What the examples are drawn by: 42 if not set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether the examples are drawn; if not, the last ones are those to test with.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Divides the examples of each class by the same share, but for rounding: each part has one or more of each class. The
    /// classes are `y`, one whole number an example.
    #[must_use]
    pub fn stratify(mut self, stratify: bool) -> Self {
        self.stratify = stratify;
        self
    }
}

impl From<f64> for SplitOptions {
    fn from(test_size: f64) -> Self {
        Self::new(test_size)
    }
}

/// Examples with their targets: what [`fit`](crate::Model::fit) and [`evaluate`](crate::Model::evaluate) take.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part {
    /// An array for each that was given as `x`.
    pub x: Vec<Data>,
    /// An array for each that was given as `y`.
    pub y: Vec<Data>,
    /// Which of the examples these are.
    pub indices: Vec<usize>,
}

/// Divides examples into those to train on and those to test with: scikit-learn's `train_test_split`.
///
/// `x` and `y` are what [`fit`](crate::Model::fit) takes as arrays; each keeps its type. `options` is the share of the
/// examples to test with, or [`SplitOptions`]. As in scikit-learn, there are `⌈share·n⌉` of n examples to test with. The same
/// seed draws the same examples.
///
/// ```
/// use practicum_core::data::{SplitOptions, train_test_split};
/// use practicum_core::prelude::*;
///
/// let x = Tensor::arange(20)?.reshape([10, 2])?;
/// let y = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
/// let options = SplitOptions::new(0.5).seed(7).stratify(true);
/// let (train, test) = train_test_split(&x, y, options)?;
/// assert_eq!(test.y[0].to_tensor()?.sum()?.item()?, 2.0);
///
/// let mut model = Sequential::new().add(Dense::new(1).activation("sigmoid"));
/// model.compile("adam", "binary_crossentropy", "accuracy")?;
/// model.fit(&train.x, &train.y, Fit::new().quiet())?;
/// model.evaluate(&test.x, &test.y)?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
///
/// # Errors
/// A share outside of (0, 1), or so small or large that one part has no example; arrays of different lengths. Where classes are
/// divided alike: `y` that are no classes, a class of one example, and a part with fewer examples than there are classes.
pub fn train_test_split(x: impl IntoArrays, y: impl IntoArrays, options: impl Into<SplitOptions>) -> Result<(Part, Part)> {
    let (x, y, options) = (x.into_arrays()?, y.into_arrays()?, options.into());
    check_lengths(&x, &y)?;
    let examples = x.first().map(Data::len).ok_or_else(|| Error::data("there are no examples to divide"))?;
    if !(options.test > 0.0 && options.test < 1.0) {
        return Err(Error::argument(format!("the share to test with is above 0 and below 1, got {}", options.test)));
    }
    if options.stratify && !options.shuffle {
        return Err(Error::argument("classes are divided alike by drawing: `stratify` goes with `shuffle(true)`"));
    }
    let tested = (options.test * examples as f64).ceil() as usize;
    if tested == 0 || tested >= examples {
        return Err(Error::argument(format!(
            "a share of {} of {examples} examples leaves {} to train on: both parts need one or more",
            options.test,
            examples - tested.min(examples)
        )));
    }
    let order: Vec<usize> = if options.shuffle {
        let drawn = Key::new(options.seed).fold_str("train_test_split").permutation(examples as u32)?;
        drawn.into_iter().map(|index| index as usize).collect()
    } else {
        (0..examples).collect()
    };
    let is_tested = match (options.stratify, &y[..]) {
        (false, _) => last_of(&order, tested),
        (true, [labels]) => of_each_class(&order, tested, labels)?,
        (true, several) => {
            return Err(Error::argument(format!("`stratify` needs one array of classes as y, got {} arrays", several.len())));
        }
    };
    let part = |which: bool| {
        let indices: Vec<usize> = order.iter().copied().filter(|index| is_tested[*index] == which).collect();
        let of = |arrays: &[Data]| arrays.iter().map(|data| data.select(&indices)).collect::<Result<Vec<_>>>();
        Ok(Part { x: of(&x)?, y: of(&y)?, indices })
    };
    Ok((part(false)?, part(true)?))
}

fn last_of(order: &[usize], count: usize) -> Vec<bool> {
    let mut chosen = vec![false; order.len()];
    order[order.len() - count..].iter().for_each(|index| chosen[*index] = true);
    chosen
}

/// `count` examples, of each class the same share but for rounding: one at least, and one at least stays. What is left goes to
/// the classes that were rounded down by most; what is too much comes from those that were rounded down by least.
fn of_each_class(order: &[usize], count: usize, labels: &Data) -> Result<Vec<bool>> {
    if let Some((index, value)) = labels.first_not_a_class(1 << 24) {
        return Err(Error::data(format!("`stratify` goes with classes: y{index:?} is {value}, and classes are whole numbers from 0")));
    }
    let labels = labels.to_tensor()?;
    if labels.len() != order.len() {
        let shape = labels.shape();
        return Err(Error::shape(format!("`stratify` goes with one class an example, got y of shape {shape}")));
    }
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for index in order {
        classes.entry(labels.as_slice()[*index] as u32).or_default().push(*index);
    }
    if let Some((class, _)) = classes.iter().find(|(_, members)| members.len() < 2) {
        return Err(Error::data(format!("class {class} has one example: both parts need one of each class"))
            .hint("leave the class out, or do not `stratify`"));
    }
    if count.min(order.len() - count) < classes.len() {
        let (classes, kept) = (classes.len(), order.len() - count);
        return Err(Error::argument(format!(
            "{kept} examples to train on and {count} to test with: {classes} classes need one each in both"
        ))
        .hint("choose a share nearer to 0.5, or do not `stratify`"));
    }
    let share = count as f64 / order.len() as f64;
    let exact: Vec<(f64, &Vec<usize>)> = classes.values().map(|members| (share * members.len() as f64, members)).collect();
    let mut counts: Vec<usize> = exact.iter().map(|(exact, members)| (exact.floor() as usize).clamp(1, members.len() - 1)).collect();
    let mut by_rest: Vec<usize> = (0..exact.len()).collect();
    by_rest.sort_by(|a, b| exact[*b].0.fract().total_cmp(&exact[*a].0.fract()));
    let mut chosen_now: usize = counts.iter().sum();
    if chosen_now > count {
        by_rest.reverse();
    }
    while chosen_now != count {
        let more = chosen_now < count;
        by_rest.retain(|class| if more { counts[*class] + 1 < exact[*class].1.len() } else { counts[*class] > 1 });
        for class in by_rest.iter().take(chosen_now.abs_diff(count)) {
            if more { counts[*class] += 1 } else { counts[*class] -= 1 }
        }
        chosen_now = counts.iter().sum();
    }
    let mut chosen = vec![false; order.len()];
    for ((_, members), count) in exact.iter().zip(counts) {
        members.iter().take(count).for_each(|index| chosen[*index] = true);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn numbers(data: &Data) -> Vec<f32> {
        data.to_tensor().unwrap().to_vec()
    }

    #[test]
    fn u5_examples_stay_with_their_targets_and_none_is_lost() {
        let x = Tensor::arange(30).unwrap().reshape([10, 3]).unwrap();
        let bytes = Data::from_u8([10], (0..10).collect()).unwrap().scaled(0.5);
        let (train, test) = train_test_split((&x, &bytes), Tensor::arange(10).unwrap(), 0.25).unwrap();
        assert_eq!((train.x[0].len(), test.x[0].len(), train.y[0].len(), test.y[0].len()), (7, 3, 7, 3));
        for part in [&train, &test] {
            for (index, row) in part.indices.iter().zip(numbers(&part.x[0]).chunks(3)) {
                assert_eq!(row[0], 3.0 * *index as f32);
            }
            assert_eq!(numbers(&part.y[0]), part.indices.iter().map(|index| *index as f32).collect::<Vec<_>>());
            assert_eq!(numbers(&part.x[1]), part.indices.iter().map(|index| 0.5 * *index as f32).collect::<Vec<_>>());
            assert!(part.x[1].is_integer());
        }
        let mut all = [train.indices.clone(), test.indices.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        let again = train_test_split(&x, (), SplitOptions::new(0.25)).unwrap();
        assert_eq!((&again.0.indices, again.1.y.len()), (&train.indices, 0));
        assert_ne!(train_test_split(&x, (), SplitOptions::new(0.25).seed(1)).unwrap().1.indices, test.indices);
        let (_, last) = train_test_split(&x, (), SplitOptions::new(0.25).shuffle(false)).unwrap();
        assert_eq!(last.indices, [7, 8, 9]);
    }

    #[test]
    fn u5_classes_are_divided_alike() {
        let labels: Vec<i32> = (0..103).map(|i| if i % 10 == 0 { 2 } else { i % 2 }).collect();
        let x = Tensor::arange(103).unwrap();
        let (train, test) = train_test_split(&x, &labels, SplitOptions::new(0.2).stratify(true)).unwrap();
        assert_eq!((train.indices.len(), test.indices.len()), (82, 21));
        for class in 0..3 {
            let of = |numbers: Vec<f32>| numbers.iter().filter(|label| **label == class as f32).count() as f64;
            let whole = labels.iter().filter(|label| **label == class).count() as f64;
            assert!((of(numbers(&test.y[0])) - 21.0 / 103.0 * whole).abs() < 1.0, "class {class}");
            assert_eq!(of(numbers(&test.y[0])) + of(numbers(&train.y[0])), whole);
        }
    }

    #[test]
    fn each_part_has_each_class_however_rare() {
        for (sizes, share) in
            [(&[2, 998][..], 0.2), (&[2, 2, 2, 94], 0.1), (&[2; 10], 0.5), (&[2, 2, 2, 2, 80], 0.9), (&[5, 2, 40, 3], 0.85)]
        {
            let labels: Vec<i32> = sizes.iter().zip(0..).flat_map(|(size, class)| vec![class; *size]).collect();
            let x = Tensor::arange(labels.len()).unwrap();
            let (train, test) = train_test_split(&x, &labels, SplitOptions::new(share).stratify(true)).unwrap();
            assert_eq!(test.indices.len(), (share * labels.len() as f64).ceil() as usize);
            for (class, size) in sizes.iter().enumerate() {
                let of = |part: &Part| numbers(&part.y[0]).iter().filter(|label| **label == class as f32).count();
                assert!(of(&train) > 0 && of(&test) > 0 && of(&train) + of(&test) == *size, "{sizes:?} {share} class {class}");
            }
        }
        let (x, labels) = (Tensor::arange(8).unwrap(), [0, 0, 1, 1, 2, 2, 3, 3]);
        let error = train_test_split(&x, labels, SplitOptions::new(0.25).stratify(true)).unwrap_err().to_string();
        assert!(error.contains("6 examples to train on and 2 to test with: 4 classes"), "{error}");
    }

    #[test]
    fn u5_what_cannot_be_divided_is_said() {
        let x = Tensor::arange(4).unwrap();
        let stratify = SplitOptions::new(0.5).stratify(true);
        for (error, words) in [
            (train_test_split(&x, (), 1.0).unwrap_err(), "above 0 and below 1, got 1"),
            (train_test_split(&x, (), f64::NAN).unwrap_err(), "got NaN"),
            (train_test_split(&x, (), 0.9).unwrap_err(), "leaves 0 to train on"),
            (train_test_split(&x, [1, 2, 3], 0.5).unwrap_err(), "4"),
            (train_test_split(&x, [0.0, 1.0, 0.5, 1.0], stratify.clone()).unwrap_err(), "y[2] is 0.5"),
            (train_test_split(&x, [0, 0, 0, 1], stratify.clone()).unwrap_err(), "class 1 has one example"),
            (train_test_split(&x, (), stratify).unwrap_err(), "one array of classes as y, got 0 arrays"),
        ] {
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
