//! Where numbers stop being finite in a model.

use std::fmt::{self, Display};

use super::Model;
use crate::autodiff::Scope;
use crate::data::{Data, IntoArrays};
use crate::{Result, Shape};

/// Where numbers stop being finite: see [`Model::find_non_finite`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NonFinite {
    /// The layer that put them out first, as errors name it: after the models it is in.
    pub layer: String,
    /// The names of that layer and of the models it is in, from the outside: `encoder/dense`. Empty for penalties.
    pub path: String,
    /// The operation in the layer that made them.
    pub operation: String,
    /// The shape of what the operation made.
    pub shape: Shape,
    /// The index of the first such number in it.
    pub place: Vec<usize>,
    /// The number: NaN, or infinite.
    pub value: f32,
    /// How much of it is not finite, from 0 to 1.
    pub share: f64,
    /// The parameters the operation read that were not finite before: the fault lies in the training step that made them so.
    pub bad_parameters: Vec<String>,
    /// Whether the data were not finite to begin with.
    pub bad_input: bool,
}

impl Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, operation, shape, place, value, share, bad_parameters, bad_input, .. } = self;
        write!(f, "{layer}: {operation} makes {value} at {place:?}; {:.1}% of {shape} is not finite", 100.0 * share)?;
        if !bad_parameters.is_empty() {
            write!(f, "; its parameters were not finite before: {}", bad_parameters.join(", "))?;
        }
        if *bad_input {
            write!(f, "; the data were not finite to begin with")?;
        }
        Ok(())
    }
}

impl Model {
    /// Looks for the first layer that outputs NaN or an infinite number for these data: `None` if all layers output finite
    /// numbers. With `training`, layers do what they do in the next training step.
    ///
    /// A loss that is NaN says nothing about where it became so, and one step later all parameters are NaN. Keep the weights
    /// from before, and ask on the batch that did it.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let model = Sequential::new()
    ///     .add(Input::new([2]))
    ///     .add(Dense::new(4).named("features"))
    ///     .add(Lambda::new("ln", |x| x.ln()).named("logarithm"))
    ///     .add(Dense::new(1));
    /// let found = model.find_non_finite(Tensor::from([[0.0, 0.0]]), false)?.expect("ln(0) is infinite");
    /// assert_eq!((found.value, found.share), (f32::NEG_INFINITY, 1.0));
    /// assert!(
    ///     found
    ///         .to_string()
    ///         .starts_with("layer 1 `logarithm` (Lambda ln): ln makes -inf at [0, 0]; 100.0% of [1, 4]")
    /// );
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not built, or the data do not fit it.
    pub fn find_non_finite(&self, x: impl IntoArrays, training: bool) -> Result<Option<NonFinite>> {
        let arrays = x.into_arrays()?;
        let bad_input = arrays.iter().any(|array| array.first_not_finite().is_some());
        let tape = self.tape();
        let vars: Vec<_> = arrays.iter().map(|array| Ok(tape.constant(array.to_tensor()?))).collect::<Result<_>>()?;
        let traced = self.call_many(&vars, training)?;
        let ends: Vec<_> = traced.outputs.iter().chain(&traced.penalties).collect();
        let Some(culprit) = tape.first_non_finite(&ends) else { return Ok(None) };
        let output = Data::from_tensor(culprit.output)?;
        let Some((place, value)) = output.first_not_finite() else { return Ok(None) };
        let numbers = output.to_tensor()?;
        let bad = numbers.as_slice().iter().filter(|x| !x.is_finite()).count();
        Ok(Some(NonFinite {
            path: culprit.scope.as_ref().map(Scope::path).unwrap_or_default(),
            layer: culprit.scope.map_or_else(|| "the penalties".to_owned(), |scope| scope.to_string()),
            operation: culprit.operation.to_owned(),
            shape: output.shape(),
            place,
            value,
            share: bad as f64 / numbers.len() as f64,
            bad_parameters: culprit.params.iter().map(|param| self.parameters()[*param].path().to_owned()).collect(),
            bad_input,
        }))
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn model() -> Sequential {
        let hidden = Dense::new(4).activation(Activation::Relu);
        Sequential::new().add(Input::new([3])).add(hidden).add(Dense::new(2).named("head"))
    }

    #[test]
    fn finite_numbers_are_no_news_even_where_one_is_infinite_within_a_layer() {
        let x = Tensor::from([[1.0, -2.0, 0.5]]);
        assert_eq!(model().find_non_finite(&x, true).unwrap(), None);
        // 1/(1 + e^(−z)) with an overflow inside.
        let logistic = Lambda::new("logistic", |x| x.scale(-1000.0)?.exp()?.affine(1.0, 1.0)?.pow(-1.0));
        let model = Sequential::new().add(Input::new([3])).add(logistic).add(Dense::new(1));
        assert_eq!(model.find_non_finite(&x, false).unwrap(), None);
    }

    #[test]
    fn parameters_that_were_bad_before_are_named() {
        let mut model = model();
        let mut bias = model.get_layer("head").unwrap().get_weights()[1].to_vec();
        bias[1] = f32::NAN;
        model.set_weight("head/bias", Tensor::new([2], bias).unwrap()).unwrap();
        let found = model.find_non_finite(Tensor::ones([2, 3]).unwrap(), false).unwrap().unwrap();
        assert_eq!((found.bad_parameters, found.bad_input), (vec!["head/bias".to_owned()], false));
        assert_eq!((found.place, found.share), (vec![0, 1], 0.5));
        assert!(found.layer.contains("`head`"), "{}", found.layer);
    }

    #[test]
    fn bad_data_are_told_from_bad_layers() {
        let found = model().find_non_finite(Tensor::from([[1.0, f32::INFINITY, 0.5]]), false).unwrap().unwrap();
        assert!(found.bad_input && found.layer.contains("`dense`"), "{found}");
    }

    #[test]
    fn a_layer_of_a_model_within_is_named_by_its_path() {
        let inner = Sequential::new().name("inner").add(Dense::new(2)).add(Lambda::new("ln", |x| x.abs()?.scale(0.0)?.ln()).named("log"));
        let model = Sequential::new().add(Input::new([3])).add(inner).add(Dense::new(1));
        let found = model.find_non_finite(Tensor::ones([1, 3]).unwrap(), false).unwrap().unwrap();
        assert_eq!((found.path.as_str(), found.layer.as_str()), ("inner/log", "layer 0 `inner` (Sequential): layer 1 `log` (Lambda ln)"));
    }

    #[test]
    fn models_with_several_inputs_are_searched_too() {
        let (a, b) = (Input::new([3]).symbol(), Input::new([3]).symbol());
        let far = Lambda::new("far", |x| x.scale(1e38)).on(&b);
        let model = Model::new([&a, &b], crate::layers::Multiply::new().named("product").on([&a, &far])).unwrap();
        let x = [Tensor::from([[1.0, 2.0, 3.0]]), Tensor::from([[1.0, 2.0, 3.0]])];
        let found = model.find_non_finite(&x[..], false).unwrap().unwrap();
        assert!(found.layer.contains("`product`") && found.place == [0, 1], "{found}");
    }
}
