//! Reverse-mode automatic differentiation: operations, the tape that records them, and programs that replay it.

mod compile;
mod gradcheck;
mod non_finite;
mod op;
mod plan;
pub(crate) mod program;
mod scope;
mod tape;

pub use gradcheck::{GradientCheck, gradcheck};
pub use op::{Backward, Context, Forward, Link, Memory, Op, Reads, View};
pub use tape::{Gradients, Tape, Var};

pub use crate::kernel::{ChunksMut, Exec, Parts, Team, chunks_mut};
pub(crate) use scope::Scope;
pub(crate) use tape::{extend, resize, run_forward, zeros};
