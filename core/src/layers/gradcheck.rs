use super::{Build, Call, Effects, Layer};
use crate::autodiff::{GradientCheck, Var};
use crate::rng::{DEFAULT_SEED, Key};
use crate::{PartialShape, Result, Tensor};

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
        let (mut layer, mut drawn) = (layer.boxed_clone(), Vec::new());
        let key = Key::new(DEFAULT_SEED);
        layer.build(&mut Build::new(key, &mut drawn), &PartialShape::batch_of(x.shape().without_batch().dims()))?;
        let learned = drawn.iter().filter(|weight| weight.spec.trainable);
        let inputs: Vec<Tensor> = std::iter::once(x.clone()).chain(learned.clone().map(|weight| weight.value.clone())).collect();
        let output = |vars: &[Var]| -> Result<Var> {
            let (tape, mut learned) = (vars[0].tape(), vars[1..].iter().cloned());
            let constant = |value: &Tensor| tape.constant(value.clone());
            let weights: Vec<Var> = drawn
                .iter()
                .map(|weight| if weight.spec.trainable { learned.next() } else { None }.unwrap_or_else(|| constant(&weight.value)))
                .collect();
            let effects = Effects::default();
            let cx = Call { tape, weights: &weights, masks: &[], training: true, trainable: true, key, effects: &effects };
            let y = layer.call(&cx, &vars[0])?;
            let mut parts = vec![y.reshape([y.shape().size()])?];
            for (weight, var) in drawn.iter().zip(&weights) {
                let penalty = weight.spec.regularizer.map(|regularizer| regularizer.penalty(var)).transpose()?;
                effects.penalties.borrow_mut().extend(penalty.flatten());
            }
            for penalty in effects.penalties.into_inner() {
                parts.push(penalty.reshape([1])?);
            }
            Var::concat(&parts.iter().collect::<Vec<_>>(), 0)
        };
        self.run(&inputs, output).map_err(|error| {
            let names: Vec<&str> = std::iter::once("x").chain(learned.map(|weight| weight.spec.name.as_str())).collect();
            error.context(layer.describe()).note(format!("the inputs are, from 0: {}", names.join(", ")))
        })
    }
}
