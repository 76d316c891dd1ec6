//! A recorded tape, planned once and replayed: a flat list of steps over buffers that never move.

use std::ops::Range;
use std::sync::Arc;

use super::Scope;
use super::op::{Backward, Context, Forward, Op, View};
use super::tape::{Tape, Var};
use crate::kernel::arena::{Access, Arena, Split};
use crate::{Error, Result, Shape, Tensor};

/// Where a program reads its parameters, and brings their gradients.
pub(crate) trait Parameters {
    /// The elements of a parameter.
    fn value(&self, id: usize) -> &[f32];

    /// The gradient of a parameter is complete, and nothing will read the parameter's old value again in this step.
    fn ready(&mut self, id: usize, gradient: &mut [f32]) -> Result<()>;
}

/// Looks on while a program runs.
pub(crate) trait Watch {
    /// A step begins.
    fn begin(&mut self) {}
    /// It has ended.
    fn end(&mut self, _step: &Step) {}
}

impl Watch for () {}

/// What a program keeps and follows back.
pub(crate) struct Targets<'a> {
    /// Values to be read after the run.
    pub(crate) outputs: &'a [Var],
    /// The number whose gradients are brought to the parameters; none for inference.
    pub(crate) loss: Option<&'a Var>,
}

/// A planned list of steps.
#[derive(Debug)]
pub(crate) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) arena_len: usize,
    pub(super) outputs: Vec<(Source, Shape)>,
}

#[derive(Debug)]
pub(crate) enum Step {
    Forward(OpStep),
    Backward(OpStep),
    /// Sets a buffer to one: the gradient of the loss by itself.
    One(Range<usize>),
    /// Adds the buffer read to the buffer written.
    Accumulate(Access),
    /// A parameter's gradient is complete.
    Ready {
        param: usize,
        gradient: Access,
    },
}

/// One operation with its buffers. The arena's buffers stand in `access`: those read in the order in which sources name
/// them; those written are the output, what is saved and the scratch room in the forward pass, and the gradients asked
/// for and the scratch room in the backward pass.
#[derive(Debug)]
pub(crate) struct OpStep {
    pub(crate) op: Arc<dyn Op>,
    pub(crate) scope: Option<Scope>,
    pub(super) x: Box<[(Source, Shape)]>,
    pub(super) y: (Source, Shape),
    pub(super) dy: Source,
    pub(super) saved: Source,
    pub(super) dx: Box<[bool]>,
    pub(super) access: Access,
}

/// Where elements lie.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// In the arena: for a step, the index among what it reads; for an output, the range.
    Read(usize),
    Arena(Range<usize>),
    Input(usize),
    Param(usize),
    Constant(Tensor),
    Nothing,
}

impl Program {
    /// Plans what was recorded.
    pub(crate) fn compile(tape: &Tape, targets: &Targets<'_>) -> Result<Self> {
        tape.with_record(|record| super::compile::Compiler::new(record, targets).compile(targets))
    }

    /// Runs all steps.
    pub(crate) fn run(&self, cx: Context<'_>, arena: &mut Arena, inputs: &[&[f32]], params: &mut impl Parameters) -> Result<()> {
        self.run_watched(cx, arena, inputs, params, &mut ())
    }

    /// Like `run`, reporting each step to `watch`.
    pub(crate) fn run_watched(
        &self,
        cx: Context<'_>,
        arena: &mut Arena,
        inputs: &[&[f32]],
        params: &mut impl Parameters,
        watch: &mut impl Watch,
    ) -> Result<()> {
        arena.reserve(self.arena_len)?;
        for step in &self.steps {
            watch.begin();
            match step {
                Step::Forward(step) => step.forward(cx, arena, inputs, params).map_err(|error| step.explain(error))?,
                Step::Backward(step) => step.backward(cx, arena, inputs, params).map_err(|error| step.explain(error))?,
                Step::One(range) => arena.fill(range.clone(), 1.0),
                Step::Accumulate(access) => {
                    let mut buffers = arena.split(access);
                    crate::kernel::elementwise::add::same_in_place(cx.exec, buffers.read(0), buffers.write(0));
                }
                Step::Ready { param, gradient } => params.ready(*param, arena.split(gradient).write(0))?,
            }
            watch.end(step);
        }
        Ok(())
    }

    /// How many outputs there are.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The elements of an output after a run.
    pub(crate) fn output<'a>(&'a self, place: usize, arena: &'a Arena, inputs: &[&'a [f32]], params: &'a impl Parameters) -> View<'a> {
        let (source, shape) = &self.outputs[place];
        let data = match source {
            Source::Arena(range) => arena.slice(range.clone()),
            Source::Input(slot) => inputs[*slot],
            Source::Param(id) => params.value(*id),
            Source::Constant(tensor) => tensor.as_slice(),
            Source::Read(_) | Source::Nothing => &[],
        };
        View { shape: *shape, data }
    }
}

impl OpStep {
    fn explain(&self, error: Error) -> Error {
        let error = error.context(self.op.name());
        match &self.scope {
            Some(scope) => error.context(scope.to_string()),
            None => error,
        }
    }

    fn forward<'a>(&'a self, cx: Context<'a>, arena: &'a mut Arena, inputs: &[&'a [f32]], params: &'a impl Parameters) -> Result<()> {
        let mut buffers = arena.split(&self.access);
        let (mut few, mut many) = ([NO_VIEW; INLINE], Vec::new());
        let x = self.views(|source| resolve(source, &buffers, inputs, params), &mut few, &mut many);
        let (y, saved, scratch) = (buffers.write(0), buffers.write(1), buffers.write(2));
        self.op.forward(Forward { cx, x, y, saved, scratch })
    }

    fn backward<'a>(&'a self, cx: Context<'a>, arena: &'a mut Arena, inputs: &[&'a [f32]], params: &'a impl Parameters) -> Result<()> {
        let mut buffers = arena.split(&self.access);
        let (mut few, mut many) = ([NO_VIEW; INLINE], Vec::new());
        let x = self.views(|source| resolve(source, &buffers, inputs, params), &mut few, &mut many);
        let y = View { shape: self.y.1, data: resolve(&self.y.0, &buffers, inputs, params) };
        let (saved, dy) = (resolve(&self.saved, &buffers, inputs, params), resolve(&self.dy, &buffers, inputs, params));
        let mut few_dx: [Option<&mut [f32]>; INLINE] = [const { None }; INLINE];
        let mut many_dx: Vec<Option<&mut [f32]>> = Vec::new();
        let dx = if self.dx.len() <= INLINE {
            &mut few_dx[..self.dx.len()]
        } else {
            many_dx.resize_with(self.dx.len(), || None);
            &mut many_dx[..]
        };
        let mut place = 0;
        for (slot, _) in dx.iter_mut().zip(&self.dx).filter(|(_, wanted)| **wanted) {
            *slot = Some(buffers.write(place));
            place += 1;
        }
        let scratch = buffers.write(place);
        self.op.backward(Backward { cx, x, y, saved, dy, dx, scratch })
    }

    /// What the operation reads; in `many` where it is more than `few` can hold.
    fn views<'a, 'b>(
        &'a self,
        find: impl Fn(&'a Source) -> &'a [f32],
        few: &'b mut [View<'a>; INLINE],
        many: &'b mut Vec<View<'a>>,
    ) -> &'b [View<'a>] {
        let view = |(source, shape): &'a (Source, Shape)| View { shape: *shape, data: find(source) };
        if self.x.len() > INLINE {
            many.extend(self.x.iter().map(view));
            return many;
        }
        few.iter_mut().zip(&self.x).for_each(|(slot, source)| *slot = view(source));
        &few[..self.x.len()]
    }
}

/// How many inputs of an operation are served without allocating.
const INLINE: usize = 4;
const NO_VIEW: View<'static> = View { shape: Shape::SCALAR, data: &[] };

fn resolve<'a>(source: &'a Source, buffers: &Split<'a>, inputs: &[&'a [f32]], params: &'a impl Parameters) -> &'a [f32] {
    match source {
        Source::Read(place) => buffers.read(*place),
        Source::Input(slot) => inputs.get(*slot).copied().unwrap_or(&[]),
        Source::Param(id) => params.value(*id),
        Source::Constant(tensor) => tensor.as_slice(),
        Source::Arena(_) | Source::Nothing => &[],
    }
}
