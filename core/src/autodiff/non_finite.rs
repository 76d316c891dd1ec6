//! Where numbers stop being finite on a tape.

use super::Scope;
use super::tape::{Origin, Record, Tape, Var};
use crate::Tensor;

/// The first operation whose output is not finite and leaves its layer so.
pub(crate) struct Culprit {
    /// The layer, if one asked for it.
    pub(crate) scope: Option<Scope>,
    pub(crate) operation: &'static str,
    pub(crate) output: Tensor,
    /// The model's parameters that it reads and that are not finite themselves.
    pub(crate) params: Vec<usize>,
}

impl Tape {
    /// Looks for it among the operations that were computed on the way to `ends`.
    pub(crate) fn first_non_finite(&self, ends: &[&Var]) -> Option<Culprit> {
        let ends: Vec<usize> = ends.iter().map(|end| end.id()).collect();
        self.with_record(|record| record.first_non_finite(&ends))
    }
}

fn is_bad(tensor: Option<&Tensor>) -> bool {
    tensor.is_some_and(|tensor| tensor.as_slice().iter().any(|x| !x.is_finite()))
}

impl Record {
    fn first_non_finite(&self, ends: &[usize]) -> Option<Culprit> {
        // A number that is infinite only within its layer does no harm: what counts is what other layers get to see.
        let mut seen_outside = vec![false; self.values.len()];
        ends.iter().for_each(|end| seen_outside[*end] = true);
        let mut first = None;
        for node in self.nodes.iter().rev() {
            let bad = is_bad(self.value(node.output));
            for &input in &node.inputs {
                let other = matches!(self.values[input].origin, Origin::Node(made) if self.nodes[made].scope != node.scope);
                seen_outside[input] |= other || (bad && seen_outside[node.output]);
            }
            if bad && seen_outside[node.output] {
                first = Some(node);
            }
        }
        let node = first?;
        let param = |input: &usize| match self.values[self.values[*input].storage].origin {
            Origin::Param(param) if is_bad(self.value(*input)) => Some(param),
            _ => None,
        };
        let params = node.inputs.iter().filter_map(param).collect();
        Some(Culprit { scope: node.scope.clone(), operation: node.op.name(), output: self.value(node.output)?.clone(), params })
    }
}
