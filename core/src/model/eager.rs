//! A model as a function on a tape: for custom loops and pictures.

use std::sync::PoisonError;

use super::trace::Pass;
use super::{Model, Traced, not_compiled};
use crate::autodiff::{Tape, Var};
use crate::{Error, Result, Tensor};

impl Model {
    /// A tape for the next step of a custom loop: it computes on this model's threads, and dropout draws what it would
    /// draw in [`fit`](Model::fit) at this step.
    ///
    /// Each further tape before the next step draws anew, so that several passes tell how sure a model with dropout is
    /// (Gal & Ghahramani, 2016). [`Tape::step`] says what a tape draws by, and [`Tape::set_step`] repeats it.
    ///
    /// ```
    /// use practicum_core::prelude::*;
    ///
    /// let model = Sequential::new().add(Input::new([4])).add(Dropout::new(0.5)).add(Dense::new(1));
    /// let pass = |tape: practicum_core::autodiff::Tape| -> Result<(u64, f32)> {
    ///     let x = tape.constant(Tensor::from([[1.0, 2.0, 3.0, 4.0]]));
    ///     Ok((tape.step(), model.call(&x, true)?.output.value()?.item()?))
    /// };
    /// let draws = (0..100).map(|_| pass(model.tape())).collect::<Result<Vec<_>>>()?;
    /// let mean = draws.iter().map(|(_, output)| output).sum::<f32>() / 100.0;
    /// let spread = draws.iter().map(|(_, output)| (output - mean).powi(2)).sum::<f32>() / 99.0;
    /// assert!(spread > 0.0);
    ///
    /// let (step, output) = draws[7];
    /// let again = model.tape();
    /// again.set_step(step);
    /// assert_eq!(pass(again)?.1, output);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn tape(&self) -> Tape {
        let tape = Tape::on(&self.cpu);
        let mut handed_out = self.tapes.lock().unwrap_or_else(PoisonError::into_inner);
        let (step, count) = match *handed_out {
            (step, count) if step == self.step() => (step, count + 1),
            _ => (self.step(), 0),
        };
        *handed_out = (step, count);
        // Far from all steps of a training.
        tape.set_step(step.wrapping_add(count << 40));
        tape
    }

    /// Computes what the model makes of a variable, so that gradients can follow it back: to the parameters for a training
    /// custom loop, or to the input for a picture of what matters in it.
    ///
    /// ```
    /// use practicum_core::losses::{Loss, MeanSquaredError};
    /// use practicum_core::prelude::*;
    ///
    /// let x = Tensor::from([[-1.0], [0.0], [1.0], [2.0]]);
    /// let y = Tensor::from([[-3.0], [-1.0], [1.0], [3.0]]);
    /// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
    /// model.compile(Sgd::new(0.1), "mse", ())?;
    ///
    /// for _ in 0..200 {
    ///     let tape = model.tape();
    ///     let traced = model.call(&tape.constant(x.clone()), true)?;
    ///     let loss = MeanSquaredError.mean(&tape.constant(y.clone()), &traced.output, None)?;
    ///     let loss = traced.with_penalties(loss)?;
    ///     model.apply_gradients(&traced.gradients(&loss)?)?;
    /// }
    ///
    /// // How much the output changes with the input: the slope of the line.
    /// let tape = model.tape();
    /// let input = tape.variable(Tensor::from([[10.0]]));
    /// let output = model.call(&input, false)?.output;
    /// assert!((output.backward()?.of(&input)?.item()? - 2.0).abs() < 1e-3);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model is not built, or the variable does not fit it.
    pub fn call(&self, x: &Var, training: bool) -> Result<Traced> {
        self.call_many(std::slice::from_ref(x), training)
    }

    /// The same for a model with several inputs.
    ///
    /// # Errors
    /// As [`call`](Model::call).
    pub fn call_many(&self, x: &[Var], training: bool) -> Result<Traced> {
        self.check_pending()?;
        let first = x.first().ok_or_else(|| Error::argument("a model is called on one variable or more, got none"))?;
        self.network.record(first.tape(), x, Pass { training, learns: true, seed: self.seed })
    }

    /// One update of the compiled optimizer, with its clipping, weight decay and schedule: a gradient for each parameter, in
    /// the order of [`parameters`](Model::parameters), and none for those that stay as they are.
    ///
    /// # Errors
    /// The model is not compiled or not built; another number of gradients than of parameters, or one of another shape: then
    /// nothing is changed.
    pub fn apply_gradients(&mut self, gradients: &[Option<Tensor>]) -> Result<()> {
        self.network.output_shapes()?;
        let params = self.network.parameters();
        if gradients.len() != params.len() {
            let (got, expected) = (gradients.len(), params.len());
            return Err(
                Error::shape(format!("the model has {expected} parameters, got {got} gradients")).hint("give `None` for those that stay")
            );
        }
        for (param, gradient) in params.iter().zip(gradients) {
            let expected = param.value().shape();
            if let Some(got) = gradient.as_ref().map(Tensor::shape).filter(|got| *got != expected) {
                return Err(Error::shape(format!("the gradient of `{}` must have its shape {expected}, got {got}", param.path())));
            }
        }
        let compiled = self.compiled.as_mut().ok_or_else(not_compiled)?;
        compiled.apply(&mut self.network, gradients, &self.cpu)
    }

    /// Gives the parameters that the optimizer does not change the values they take after a step: the moving statistics of
    /// BatchNormalization. [`fit`](Model::fit) does so by itself; a custom loop that trains such layers does it once a
    /// step.
    ///
    /// ```
    /// use practicum_core::losses::{Loss, MeanSquaredError};
    /// use practicum_core::{layers::BatchNormalization, prelude::*};
    ///
    /// let x = Tensor::from([[10.0], [12.0], [14.0], [16.0]]);
    /// let y = Tensor::from([[-3.0], [-1.0], [1.0], [3.0]]);
    /// let mut model =
    ///     Sequential::new().add(Input::new([1])).add(BatchNormalization::new()).add(Dense::new(1));
    /// model.compile(Sgd::new(0.1), "mse", ())?;
    ///
    /// for _ in 0..500 {
    ///     let tape = model.tape();
    ///     let traced = model.call(&tape.constant(x.clone()), true)?;
    ///     let loss = MeanSquaredError.mean(&tape.constant(y.clone()), &traced.output, None)?;
    ///     model.apply_gradients(&traced.gradients(&loss)?)?;
    ///     model.apply_updates(&traced)?;
    /// }
    /// let moving_mean = model.get_layer("batch_normalization")?.get_weights()[2].item()?;
    /// assert!((moving_mean - 13.0).abs() < 0.1);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// What was traced is not of this model, or was not computed.
    pub fn apply_updates(&mut self, traced: &Traced) -> Result<()> {
        let values: Vec<Tensor> = traced.updates.iter().map(|(_, value)| value.value()).collect::<Result<_>>()?;
        let params = self.network.parameters();
        let fits =
            |((place, _), value): (&(usize, Var), &Tensor)| params.get(*place).is_some_and(|param| param.value().shape() == value.shape());
        if !traced.updates.iter().zip(&values).all(fits) {
            return Err(Error::argument("these updates are of another model").hint("give what `call` of this model returned"));
        }
        let params = self.network.parameters_mut();
        traced.updates.iter().zip(values).for_each(|((place, _), value)| *params[*place].value_mut() = value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::losses::{Loss, MeanSquaredError};
    use crate::prelude::*;

    fn model(optimizer: Sgd) -> Sequential {
        let hidden = Dense::new(4).activation(Activation::Tanh).kernel_regularizer(Regularizer::l2(0.01));
        let mut model = Sequential::new().add(Input::new([3])).add(hidden).add(Dropout::new(0.5)).add(Dense::new(1));
        model.compile(optimizer, "mse", ()).unwrap();
        model
    }

    fn data() -> (Tensor, Tensor) {
        let x = Tensor::from([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-0.3, 0.8, 0.1], [1.0, 1.0, 1.0]]);
        (x, Tensor::from([[1.0], [-2.0], [0.5], [3.0]]))
    }

    fn step_by_hand(model: &mut Model) {
        let (x, y) = data();
        let tape = model.tape();
        let traced = model.call(&tape.constant(x), true).unwrap();
        let loss = MeanSquaredError.mean(&tape.constant(y), &traced.output, None).unwrap();
        let gradients = traced.gradients(&traced.with_penalties(loss).unwrap()).unwrap();
        model.apply_gradients(&gradients).unwrap();
    }

    #[test]
    fn a_loop_of_ones_own_learns_what_fit_learns_dropout_included() {
        let (mut by_hand, mut by_fit) = (model(Sgd::new(0.1)), model(Sgd::new(0.1)));
        let (x, y) = data();
        for _ in 0..5 {
            step_by_hand(&mut by_hand);
            by_fit.train_on_batch(&x, &y).unwrap();
        }
        for (a, b) in by_hand.get_weights().iter().zip(by_fit.get_weights()) {
            assert!(a.is_close(&b, 1e-6, 1e-5), "{a} is not {b}");
        }
    }

    #[test]
    fn what_is_frozen_stays_when_all_gradients_are_clipped_together() {
        let mut model = model(Sgd::new(0.1).global_clipnorm(1.0));
        let (x, y) = data();
        model.train_on_batch(&x, &y).unwrap();
        model.set_trainable("dense", false).unwrap();
        let before = model.get_layer("dense").unwrap().get_weights();
        model.train_on_batch(&x, &y).unwrap();
        step_by_hand(&mut model);
        assert_eq!(model.get_layer("dense").unwrap().get_weights(), before);
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut model = model(Sgd::new(0.1));
        let before = model.get_weights();
        assert!(model.apply_gradients(&[]).unwrap_err().is_shape());
        let mut gradients: Vec<Option<Tensor>> = before.iter().map(|weight| Some(weight.clone())).collect();
        gradients[3] = Some(Tensor::from([1.0, 2.0]));
        let error = model.apply_gradients(&gradients).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("dense_1/bias"), "{error}");
        assert_eq!((model.get_weights(), model.step()), (before, 0));

        let tape = model.tape();
        let error = model.call(&tape.constant(Tensor::from([[1.0, 2.0]])), false).unwrap_err();
        assert!(error.is_shape() && error.to_string().contains("(None, 3)"), "{error}");
    }
}
