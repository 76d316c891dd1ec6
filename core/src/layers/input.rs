use super::kit::refuse_others;
use super::{Build, Call, Config, Layer};
use crate::autodiff::Var;
use crate::{Error, PartialShape, Result};

/// Says what one example looks like, so that a model can be built, counted and printed before there are data.
#[derive(Clone, Debug)]
pub struct Input {
    batch_shape: PartialShape,
}

impl Input {
    /// Examples of this shape.
    pub fn new(shape: impl AsRef<[usize]>) -> Self {
        Self { batch_shape: PartialShape::batch_of(shape.as_ref()) }
    }

    /// Examples of a shape that may be open, such as sequences of any length: `[None, Some(1)]`.
    pub fn open(shape: impl AsRef<[Option<usize>]>) -> Self {
        let dims = std::iter::once(None).chain(shape.as_ref().iter().copied());
        Self { batch_shape: PartialShape::new(dims.collect::<Vec<_>>()) }
    }

    /// Batches of this shape.
    pub(crate) fn of_batches(batch_shape: PartialShape) -> Self {
        Self { batch_shape }
    }

    pub(super) fn from_config(config: Config) -> Result<Box<dyn Layer>> {
        let shape = config.get("batch_shape").cloned().unwrap_or_default();
        let batch_shape = serde_json::from_value(shape).map_err(|source| Error::format(format!("InputLayer: batch_shape: {source}")))?;
        let input = Self { batch_shape };
        refuse_others("InputLayer", &config, &input.config())?;
        Ok(Box::new(input))
    }
}

impl Layer for Input {
    fn class_name(&self) -> &'static str {
        "InputLayer"
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.insert("batch_shape".into(), serde_json::json!(self.batch_shape));
        config.insert("dtype".into(), "float32".into());
        config
    }

    fn build(&mut self, _cx: &mut Build<'_>, input: &PartialShape) -> Result<PartialShape> {
        let known = |(declared, got): (&Option<usize>, &Option<usize>)| declared.is_none() || got.is_none() || declared == got;
        if input.rank() != self.batch_shape.rank() || !self.batch_shape.dims().iter().zip(input.dims()).all(known) {
            return Err(Error::shape(format!("expected {}, got {input}", self.batch_shape)));
        }
        Ok(self.batch_shape.clone())
    }

    fn call(&self, _cx: &Call<'_>, x: &Var) -> Result<Var> {
        if !self.batch_shape.accepts(&x.shape()) {
            return Err(Error::shape(format!("expected {}, got {}", self.batch_shape, x.shape())));
        }
        Ok(x.clone())
    }

    fn boxed_clone(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }

    fn declared_input(&self) -> Option<&PartialShape> {
        Some(&self.batch_shape)
    }

    fn describe(&self) -> String {
        format!("InputLayer {}", self.batch_shape)
    }
}
