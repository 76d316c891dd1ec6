//! What layers share: the methods that all of them have, and the options that many of them have.

use serde::{Deserialize, Serialize};

use super::{Activation, Build, Call, Weight, WeightSpec};
use crate::autodiff::Var;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use crate::{Error, Result};

pub(super) use crate::{layer_class as class, layer_options as options};

/// A kernel that every unit or filter has a part of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kernel {
    pub(super) kernel_initializer: Initializer,
    pub(super) kernel_regularizer: Option<Regularizer>,
    #[serde(skip)]
    weight: Weight,
}

impl Kernel {
    pub(super) fn build(&mut self, cx: &mut Build<'_>, dims: &[usize]) -> Result<()> {
        let spec = WeightSpec::new("kernel", dims).initializer(self.kernel_initializer.clone());
        self.weight = cx.weight(spec.regularizer(self.kernel_regularizer))?;
        Ok(())
    }

    pub(super) fn of(&self, cx: &Call<'_>) -> Result<Var> {
        cx.weight(self.weight)
    }
}

/// What is added to the products with a kernel, and what is applied to the sum.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Epilogue {
    pub(super) activation: Activation,
    pub(super) use_bias: bool,
    pub(super) bias_initializer: Initializer,
    pub(super) bias_regularizer: Option<Regularizer>,
    pub(super) activity_regularizer: Option<Regularizer>,
    #[serde(skip)]
    bias: Weight,
}

impl Default for Epilogue {
    fn default() -> Self {
        Self {
            activation: Activation::Linear,
            use_bias: true,
            bias_initializer: Initializer::Zeros,
            bias_regularizer: None,
            activity_regularizer: None,
            bias: Weight::default(),
        }
    }
}

impl Epilogue {
    /// Builds the bias for `units` outputs.
    pub(super) fn build(&mut self, cx: &mut Build<'_>, units: usize) -> Result<()> {
        self.activation.check()?;
        self.activity_regularizer.map_or(Ok(()), |regularizer| regularizer.check())?;
        if self.use_bias {
            let bias = WeightSpec::new("bias", &[units]).initializer(self.bias_initializer.clone());
            self.bias = cx.weight(bias.regularizer(self.bias_regularizer))?;
        }
        Ok(())
    }

    /// Gives bias and activation to what computes the output, and weighs the output.
    pub(super) fn apply(&self, cx: &Call<'_>, output: impl FnOnce(Option<&Var>, Activation) -> Result<Var>) -> Result<Var> {
        let bias = self.use_bias.then(|| cx.weight(self.bias)).transpose()?;
        let y = output(bias.as_ref(), self.activation)?;
        cx.regularize_activity(self.activity_regularizer, &y)?;
        Ok(y)
    }
}

/// The builder methods of [`Kernel`]; `$kernel` says where it stands.
macro_rules! kernel_options {
    ($($kernel:ident).+) => {
        $crate::layers::shared::options! { self.$($kernel).+;
            /// How the kernel begins.
            kernel_initializer: $crate::initializers::Initializer,
            /// A penalty on the kernel.
            kernel_regularizer: $crate::regularizers::Regularizer,
        }
    };
}
pub(super) use kernel_options;

/// The builder methods of [`Epilogue`]; `$epilogue` says where it stands.
macro_rules! epilogue_options {
    ($($epilogue:ident).+) => {
        $crate::layers::shared::options! { self.$($epilogue).+;
            /// What is applied to the output.
            activation: impl Into<$crate::layers::Activation>,
            /// Whether there is a bias.
            use_bias: bool,
            /// How the bias begins.
            bias_initializer: $crate::initializers::Initializer,
            /// A penalty on the bias.
            bias_regularizer: $crate::regularizers::Regularizer,
            /// A penalty on the output, divided by the size of the batch.
            activity_regularizer: $crate::regularizers::Regularizer,
        }
    };
}
pub(super) use epilogue_options;

/// Refuses a layer without outputs; `what` is the option that counts them.
pub(super) fn check_count(what: &str, count: usize) -> Result<()> {
    if count == 0 { Err(Error::argument(format!("{what} is 0: the layer needs one or more"))) } else { Ok(()) }
}
