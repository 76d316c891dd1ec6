//! Values of a model that is not there yet: what layers are called on to make a graph.

use std::fmt::{self, Debug};
use std::sync::Arc;

use super::LayerSpec;

/// What a layer will output: the inputs and outputs of a [`Model`](crate::Model) are made of these.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let input = Input::new([3]).symbol();
/// let hidden = Dense::new(4).on(&input);
/// let model = Model::new(&input, [Dense::new(1).on(&hidden), Dense::new(2).on(&hidden)])?;
/// assert_eq!(model.count_params()?, (3 + 1) * 4 + (4 + 1) + (4 + 1) * 2);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Symbol {
    call: Arc<SymbolicCall>,
    output: usize,
}

/// A layer called on symbols.
struct SymbolicCall {
    layer: SharedLayer,
    inputs: Vec<Symbol>,
}

impl Drop for SymbolicCall {
    /// Without recursion: a chain of calls may be longer than the stack is deep.
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.inputs);
        while let Some(Symbol { call, .. }) = rest.pop() {
            if let Some(mut call) = Arc::into_inner(call) {
                rest.append(&mut call.inputs);
            }
        }
    }
}

impl Symbol {
    pub(crate) fn layer(&self) -> &SharedLayer {
        &self.call.layer
    }

    pub(crate) fn inputs(&self) -> &[Self] {
        &self.call.inputs
    }

    /// Which of the layer's outputs it is.
    pub(crate) fn output(&self) -> usize {
        self.output
    }

    /// Another output of the same call.
    pub(crate) fn sibling(&self, output: usize) -> Self {
        Self { call: self.call.clone(), output }
    }

    /// What tells this call from all others, as long as one of its symbols lives.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.call) as usize
    }
}

impl Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.layer().spec();
        write!(f, "Symbol({}[{}])", spec.name.as_deref().unwrap_or(spec.layer.class_name()), self.output)
    }
}

/// A layer that may be called more than once: all its calls use the same parameters.
///
/// ```
/// use practicum_core::prelude::*;
///
/// let encoder = SharedLayer::new(Dense::new(4));
/// let (a, b) = (Input::new([3]).symbol(), Input::new([3]).symbol());
/// let model = Model::new([&a, &b], [encoder.on(&a), encoder.on(&b)])?;
/// assert_eq!(model.count_params()?, (3 + 1) * 4);
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SharedLayer(Arc<LayerSpec>);

impl SharedLayer {
    /// The layer, to be called on symbols.
    pub fn new(layer: impl Into<LayerSpec>) -> Self {
        Self(Arc::new(layer.into()))
    }

    /// What the layer outputs for these inputs; the first, if there are several.
    pub fn on(&self, inputs: impl IntoSymbols) -> Symbol {
        Symbol { call: Arc::new(SymbolicCall { layer: self.clone(), inputs: inputs.into_symbols() }), output: 0 }
    }

    /// All outputs of a layer with several for these inputs, as a recurrent layer with its state. That there are
    /// this many is checked when the model is made.
    pub fn outputs_on<const N: usize>(&self, inputs: impl IntoSymbols) -> [Symbol; N] {
        let first = self.on(inputs);
        std::array::from_fn(|output| first.sibling(output))
    }

    pub(crate) fn spec(&self) -> &LayerSpec {
        &self.0
    }

    /// What tells this layer from all others, as long as it lives.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

/// The same layer, as a part of another: `TimeDistributed::new(&encoder)`.
impl From<&SharedLayer> for LayerSpec {
    fn from(layer: &SharedLayer) -> Self {
        layer.0.share()
    }
}

/// What can be given where symbols are wanted: one, or several in an array, a slice or a vector.
pub trait IntoSymbols {
    /// The symbols.
    fn into_symbols(self) -> Vec<Symbol>;
}

impl IntoSymbols for Symbol {
    fn into_symbols(self) -> Vec<Symbol> {
        vec![self]
    }
}

impl IntoSymbols for &Symbol {
    fn into_symbols(self) -> Vec<Symbol> {
        vec![self.clone()]
    }
}

impl IntoSymbols for Vec<Symbol> {
    fn into_symbols(self) -> Vec<Symbol> {
        self
    }
}

impl IntoSymbols for &[Symbol] {
    fn into_symbols(self) -> Vec<Symbol> {
        self.to_vec()
    }
}

impl IntoSymbols for &[&Symbol] {
    fn into_symbols(self) -> Vec<Symbol> {
        self.iter().map(|symbol| (*symbol).clone()).collect()
    }
}

impl<const N: usize> IntoSymbols for [Symbol; N] {
    fn into_symbols(self) -> Vec<Symbol> {
        self.into()
    }
}

impl<const N: usize> IntoSymbols for [&Symbol; N] {
    fn into_symbols(self) -> Vec<Symbol> {
        self.map(Clone::clone).into()
    }
}
