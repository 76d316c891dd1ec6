use super::{Build, Call, Effects, Known, Layer, Source};
use crate::autodiff::{GradientCheck, Var};
use crate::rng::{DEFAULT_SEED, Key};
use crate::{Error, PartialShape, Result, Tensor};

impl GradientCheck {
    /// Checks the gradients of a layer, as it is in training, by its input and by each of its trainable parameters, with
    /// the penalties that it adds to the loss.
    ///
    /// ```
    /// use practicum_core::{Tensor, autodiff::GradientCheck, layers::{Activation, Dense}};
    ///
    /// let x = Tensor::from([[0.5, -1.0], [2.0, 0.25]]);
    /// GradientCheck::default().layer(&Dense::new(3).activation(Activation::Tanh), &x)?;
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// The layer does not serve inputs of this shape, or a gradient differs: see [`GradientCheck::run`].
    pub fn layer(&self, layer: &dyn Layer, x: &Tensor) -> Result<()> {
        let (mut layer, mut asked, known) = (layer.boxed_clone(), Vec::new(), Known::new());
        let key = Key::new(DEFAULT_SEED);
        layer.build(&mut Build::new(key, &mut asked, &known), &PartialShape::batch_of(x.shape().without_batch().dims()))?;
        let drawn: Vec<_> = asked
            .iter()
            .map(|weight| match &weight.source {
                Source::New(value) => Ok((&weight.spec, value)),
                Source::Known(_) | Source::Again(_) => {
                    Err(Error::argument("a layer with a part that it shares has no gradients of its own"))
                }
            })
            .collect::<Result<_>>()?;
        let learned = drawn.iter().filter(|(spec, _)| spec.trainable);
        let inputs: Vec<Tensor> = std::iter::once(x.clone()).chain(learned.clone().map(|(_, value)| (*value).clone())).collect();
        let output = |vars: &[Var]| -> Result<Var> {
            let (tape, mut learned) = (vars[0].tape(), vars[1..].iter().cloned());
            let constant = |value: &Tensor| tape.constant(value.clone());
            let weights: Vec<Var> = drawn
                .iter()
                .map(|(spec, value)| if spec.trainable { learned.next() } else { None }.unwrap_or_else(|| constant(value)))
                .collect();
            let effects = Effects::default();
            let cx = Call { tape, weights: &weights, masks: &[], training: true, trainable: true, key, effects: &effects, scope: None };
            let y = layer.call(&cx, &vars[0])?;
            let mut parts = vec![y.reshape([y.shape().size()])?];
            for ((spec, _), var) in drawn.iter().zip(&weights) {
                let penalty = spec.regularizer.map(|regularizer| regularizer.penalty(var)).transpose()?;
                effects.penalties.borrow_mut().extend(penalty.flatten());
            }
            for penalty in effects.penalties.into_inner() {
                parts.push(penalty.reshape([1])?);
            }
            Var::concat(&parts.iter().collect::<Vec<_>>(), 0)
        };
        self.run(&inputs, output).map_err(|error| {
            let names: Vec<&str> = std::iter::once("x").chain(learned.map(|(spec, _)| spec.name.as_str())).collect();
            error.context(layer.describe()).note(format!("the inputs are, from 0: {}", names.join(", ")))
        })
    }
}
