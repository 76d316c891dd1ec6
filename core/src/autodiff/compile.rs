//! From a recorded tape to a program: which operations are needed, in which order, over which buffers.

use super::plan::{Places, Planner};
use super::program::{OpStep, Program, Source, Step, Targets};
use super::tape::{Node, Origin, Record, Var};
use crate::kernel::arena::Access;
use crate::{Error, Result, Shape};

/// A step whose buffers have numbers, but no memory yet.
enum Draft {
    Forward { node: usize, y: usize, saved: usize, scratch: usize },
    Backward { node: usize, dy: usize, saved: usize, dx: Vec<Option<usize>>, scratch: usize },
    One(usize),
    Accumulate { from: usize, to: usize },
    Ready { param: usize, gradient: usize },
}

pub(super) struct Compiler<'a> {
    record: &'a Record,
    /// What is to be run, where two operations can be one as one.
    nodes: Vec<Node>,
    planner: Planner,
    drafts: Vec<Draft>,
    /// The buffer of a value's elements, for values that operations make.
    elements: Vec<Option<usize>>,
    /// The buffer of what a node saves for its backward pass.
    saved: Vec<Option<usize>>,
    /// The buffer of a value's gradient.
    gradients: Vec<Option<usize>>,
    needed: Vec<bool>,
}

/// What was recorded, with pairs of operations as one where the first allows it and nothing else looks at what is between.
fn fused(record: &Record, targets: &Targets<'_>) -> Vec<Node> {
    let mut uses = vec![0; record.values.len()];
    let inputs = record.nodes.iter().filter(|node| !node.op.is_reshape()).flat_map(|node| node.inputs.iter().copied());
    for value in inputs.chain(targets.outputs.iter().chain(targets.loss).map(Var::id)) {
        uses[record.values[value].storage] += 1;
    }
    let mut nodes: Vec<Option<Node>> = record.nodes.iter().cloned().map(Some).collect();
    for (index, node) in record.nodes.iter().enumerate() {
        let [input] = node.inputs[..] else { continue };
        let seen = &record.values[input];
        let Origin::Node(first) = record.values[seen.storage].origin else { continue };
        if node.op.is_reshape() || uses[seen.storage] != 1 || seen.root != seen.storage {
            continue;
        }
        let producer = &record.nodes[first];
        let shapes: Vec<Shape> = producer.inputs.iter().map(|&input| record.values[input].shape).collect();
        if let Some(op) = producer.op.fuse(&*node.op, &shapes, &seen.shape) {
            nodes[first] = None;
            nodes[index] =
                Some(Node { op, inputs: producer.inputs.clone(), output: node.output, scope: producer.scope.clone(), saved: Vec::new() });
        }
    }
    nodes.into_iter().flatten().collect()
}

impl<'a> Compiler<'a> {
    pub(super) fn new(record: &'a Record, targets: &Targets<'_>) -> Self {
        let nodes = fused(record, targets);
        let mut needed = vec![false; record.values.len()];
        for var in targets.outputs.iter().chain(targets.loss) {
            needed[record.values[var.id()].storage] = true;
        }
        for node in nodes.iter().rev().filter(|node| !node.op.is_reshape()) {
            if needed[node.output] {
                node.inputs.iter().for_each(|&input| needed[record.values[input].storage] = true);
            }
        }
        Self {
            record,
            saved: vec![None; nodes.len()],
            nodes,
            planner: Planner::default(),
            drafts: Vec::new(),
            elements: vec![None; record.values.len()],
            gradients: vec![None; record.values.len()],
            needed,
        }
    }

    pub(super) fn compile(mut self, targets: &Targets<'_>) -> Result<Program> {
        self.forward();
        if let Some(loss) = targets.loss {
            if loss.shape().size() != 1 {
                return Err(Error::shape(format!("the loss of a program is a single number, got {}", loss.shape())));
            }
            self.backward(self.record.values[loss.id()].root);
        }
        let end = self.drafts.len();
        for var in targets.outputs {
            if let Some(buffer) = self.elements[self.record.values[var.id()].storage] {
                self.planner.touch(buffer, end);
            }
        }
        let places = std::mem::take(&mut self.planner).place();
        let steps = self.drafts.iter().map(|draft| self.finish(draft, &places)).collect::<Result<Vec<_>>>()?;
        let outputs = targets.outputs.iter().map(|var| (self.output_source(var.id(), &places), var.shape())).collect();
        Ok(Program { steps, arena_len: places.total(), outputs })
    }

    fn forward(&mut self) {
        for index in 0..self.nodes.len() {
            let node = self.nodes[index].clone();
            if node.op.is_reshape() || !self.needed[node.output] {
                continue;
            }
            let step = self.drafts.len();
            let memory = node.op.memory(&self.input_shapes(&node));
            for &input in &node.inputs {
                self.touch_elements(input, step);
            }
            let y = self.planner.add(self.record.values[node.output].shape.size(), step);
            let saved = self.planner.add(memory.saved, step);
            let scratch = self.planner.add(memory.forward_scratch, step);
            self.elements[node.output] = Some(y);
            self.saved[index] = Some(saved);
            self.drafts.push(Draft::Forward { node: index, y, saved, scratch });
        }
    }

    fn backward(&mut self, loss: usize) {
        let seed = self.planner.add(1, self.drafts.len());
        self.gradients[loss] = Some(seed);
        self.drafts.push(Draft::One(seed));
        let uses = self.parameter_uses();
        let mut remaining = uses;
        self.ready(loss);
        for index in (0..self.nodes.len()).rev() {
            let node = &self.nodes[index].clone();
            if node.op.is_reshape() || !self.record.values[node.output].needs_gradient {
                continue;
            }
            let Some(dy) = self.gradients[node.output] else {
                continue;
            };
            self.backward_of(index, node, dy);
            for param in self.params_of(node) {
                if let Some(count) = remaining[param].as_mut() {
                    *count -= 1;
                    if *count == 0 {
                        self.ready(param);
                    }
                }
            }
        }
    }

    /// The parameters among a node's inputs that its backward pass brings a part of the gradient to, or reads: also
    /// detached ones, which must not change before.
    fn params_of<'b>(&self, node: &'b Node) -> impl Iterator<Item = usize> + use<'a, 'b> {
        let (values, reads) = (&self.record.values, node.op.reads());
        let used = move |(place, &input): (usize, &usize)| {
            let storage = values[input].storage;
            let is_param = matches!(values[storage].origin, Origin::Param(_));
            (is_param && (values[input].needs_gradient || reads.input(place))).then_some(storage)
        };
        node.inputs.iter().enumerate().filter_map(used)
    }

    /// How many operations of the backward pass use each parameter.
    fn parameter_uses(&self) -> Vec<Option<usize>> {
        let mut uses = vec![None; self.record.values.len()];
        let mut reached = vec![false; self.record.values.len()];
        for (value, gradient) in reached.iter_mut().zip(&self.gradients) {
            *value = gradient.is_some();
        }
        for node in self.nodes.iter().rev().filter(|node| !node.op.is_reshape()) {
            if !reached[node.output] || !self.record.values[node.output].needs_gradient {
                continue;
            }
            for &input in node.inputs.iter().filter(|&&input| self.record.values[input].needs_gradient) {
                reached[self.record.values[input].root] = true;
            }
            for param in self.params_of(node) {
                *uses[param].get_or_insert(0) += 1;
            }
        }
        uses
    }

    /// Brings a complete gradient to its parameter.
    fn ready(&mut self, root: usize) {
        if let (Origin::Param(param), Some(gradient)) = (&self.record.values[root].origin, self.gradients[root]) {
            self.planner.touch(gradient, self.drafts.len());
            self.drafts.push(Draft::Ready { param: *param, gradient });
        }
    }

    fn backward_of(&mut self, index: usize, node: &Node, dy: usize) {
        let step = self.drafts.len();
        let reads = node.op.reads();
        for (place, &input) in node.inputs.iter().enumerate() {
            if reads.input(place) {
                self.touch_elements(input, step);
            }
        }
        if reads.output {
            self.touch_elements(node.output, step);
        }
        self.planner.touch(dy, step);
        let saved = self.saved[index].unwrap_or_else(|| self.planner.add(0, step));
        self.planner.touch(saved, step);
        let scratch = self.planner.add(node.op.memory(&self.input_shapes(node)).backward_scratch, step);
        let mut sums = Vec::new();
        let mut dx = Vec::new();
        for &input in &node.inputs {
            let value = &self.record.values[input];
            dx.push(value.needs_gradient.then(|| {
                let part = self.planner.add(value.shape.size(), step);
                match self.gradients[value.root] {
                    Some(sum) => sums.push((part, sum)),
                    None => self.gradients[value.root] = Some(part),
                }
                part
            }));
        }
        self.drafts.push(Draft::Backward { node: index, dy, saved, dx, scratch });
        for (from, to) in sums {
            let step = self.drafts.len();
            self.planner.touch(from, step);
            self.planner.touch(to, step);
            self.drafts.push(Draft::Accumulate { from, to });
        }
    }

    fn touch_elements(&mut self, value: usize, step: usize) {
        if let Some(buffer) = self.elements[self.record.values[value].storage] {
            self.planner.touch(buffer, step);
        }
    }

    fn input_shapes(&self, node: &Node) -> Vec<Shape> {
        node.inputs.iter().map(|&input| self.record.values[input].shape).collect()
    }

    fn finish(&self, draft: &Draft, places: &Places) -> Result<Step> {
        Ok(match draft {
            Draft::Forward { node, y, saved, scratch } => {
                let node = &self.nodes[*node];
                let mut reads = Vec::new();
                let x = node.inputs.iter().map(|&input| self.read(input, true, &mut reads, places)).collect();
                let writes = [y, saved, scratch].map(|&buffer| places.range(buffer)).to_vec();
                let y = (Source::Nothing, self.record.values[node.output].shape);
                Step::Forward(OpStep {
                    op: node.op.clone(),
                    scope: node.scope.clone(),
                    x,
                    y,
                    dy: Source::Nothing,
                    saved: Source::Nothing,
                    dx: Box::new([]),
                    access: Access::new(reads, writes)?,
                })
            }
            Draft::Backward { node, dy, saved, dx, scratch } => {
                let node = &self.nodes[*node];
                let wanted = node.op.reads();
                let mut reads = Vec::new();
                let inputs = node.inputs.iter().enumerate();
                let x = inputs.map(|(place, &input)| self.read(input, wanted.input(place), &mut reads, places)).collect();
                let y = self.read(node.output, wanted.output, &mut reads, places);
                reads.extend([places.range(*dy), places.range(*saved)]);
                let (dy, saved) = (Source::Read(reads.len() - 2), Source::Read(reads.len() - 1));
                let writes = dx.iter().flatten().chain([scratch]).map(|&buffer| places.range(buffer)).collect();
                let dx = dx.iter().map(Option::is_some).collect();
                let access = Access::new(reads, writes)?;
                Step::Backward(OpStep { op: node.op.clone(), scope: node.scope.clone(), x, y, dy, saved, dx, access })
            }
            Draft::One(buffer) => Step::One(places.range(*buffer)),
            Draft::Accumulate { from, to } => Step::Accumulate(Access::new(vec![places.range(*from)], vec![places.range(*to)])?),
            Draft::Ready { param, gradient } => {
                Step::Ready { param: *param, gradient: Access::new(vec![], vec![places.range(*gradient)])? }
            }
        })
    }

    fn read(&self, value: usize, wanted: bool, reads: &mut Vec<std::ops::Range<usize>>, places: &Places) -> (Source, Shape) {
        let shape = self.record.values[value].shape;
        let source = match self.output_source(value, places) {
            _ if !wanted => Source::Nothing,
            Source::Arena(range) => {
                reads.push(range);
                Source::Read(reads.len() - 1)
            }
            other => other,
        };
        (source, shape)
    }

    fn output_source(&self, value: usize, places: &Places) -> Source {
        let storage = self.record.values[value].storage;
        match &self.record.values[storage].origin {
            Origin::Input(slot) => Source::Input(*slot),
            Origin::Param(id) => Source::Param(*id),
            Origin::Constant(tensor) => Source::Constant(tensor.clone()),
            Origin::Node(_) => self.elements[storage].map_or(Source::Nothing, |buffer| Source::Arena(places.range(buffer))),
        }
    }
}
