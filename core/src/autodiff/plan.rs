//! Where each buffer of a program lies: buffers that are never alive together share their memory.

use std::ops::Range;

/// Places are multiples of a cache line, so that no two buffers share one.
const ALIGN: usize = 16;

/// A buffer: how long it is, and from which step to which it is needed.
#[derive(Clone, Copy, Debug)]
struct Buffer {
    len: usize,
    first: usize,
    last: usize,
}

/// Collects buffers and their lives, then gives each its offset.
#[derive(Debug, Default)]
pub(super) struct Planner {
    buffers: Vec<Buffer>,
}

/// The offsets of all buffers.
#[derive(Debug)]
pub(super) struct Places {
    starts: Vec<usize>,
    lens: Vec<usize>,
    total: usize,
}

impl Planner {
    /// A buffer that is first written in the given step.
    pub(super) fn add(&mut self, len: usize, step: usize) -> usize {
        self.buffers.push(Buffer { len, first: step, last: step });
        self.buffers.len() - 1
    }

    /// The buffer is needed in the given step, too.
    pub(super) fn touch(&mut self, buffer: usize, step: usize) {
        self.buffers[buffer].last = self.buffers[buffer].last.max(step);
    }

    /// Gives the largest buffers their offsets first, each the lowest that is free as long as it lives.
    pub(super) fn place(self) -> Places {
        let mut order: Vec<usize> = (0..self.buffers.len()).collect();
        order.sort_by_key(|&index| (std::cmp::Reverse(self.buffers[index].len), index));
        let mut starts = vec![0; self.buffers.len()];
        let mut total = 0;
        // Those that have their place, by where they start.
        let mut placed: Vec<usize> = Vec::new();
        for index in order {
            let buffer = self.buffers[index];
            let mut start = 0;
            for &other in &placed {
                let taken = self.buffers[other];
                if taken.last < buffer.first || buffer.last < taken.first || taken.len == 0 {
                    continue;
                }
                if start + buffer.len <= starts[other] {
                    break;
                }
                start = start.max((starts[other] + taken.len).next_multiple_of(ALIGN));
            }
            starts[index] = start;
            total = total.max(start + buffer.len);
            let at = placed.partition_point(|&other| starts[other] <= start);
            placed.insert(at, index);
        }
        Places { starts, lens: self.buffers.iter().map(|buffer| buffer.len).collect(), total }
    }
}

impl Places {
    /// Where a buffer lies.
    pub(super) fn range(&self, buffer: usize) -> Range<usize> {
        self.starts[buffer]..self.starts[buffer] + self.lens[buffer]
    }

    /// How many floats there are in all.
    pub(super) fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_share_a_place_only_when_their_lives_do_not_meet() {
        let mut planner = Planner::default();
        let mut state = 1_u32;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for step in 0..200 {
            let buffer = planner.add(draw(500), step);
            planner.touch(buffer, step + draw(20));
        }
        let lives = planner.buffers.clone();
        let places = planner.place();
        for a in 0..lives.len() {
            for b in 0..a {
                let (x, y) = (places.range(a), places.range(b));
                let together = lives[a].first <= lives[b].last && lives[b].first <= lives[a].last;
                let overlap = !x.is_empty() && !y.is_empty() && x.start < y.end && y.start < x.end;
                assert!(!(together && overlap), "{:?} at {x:?} and {:?} at {y:?}", lives[a], lives[b]);
            }
        }
        let needed: usize = (0..220).map(|t| lives.iter().filter(|b| b.first <= t && t <= b.last).map(|b| b.len).sum()).max().unwrap();
        assert!(places.total() < needed * 2, "{} for {needed}", places.total());
    }
}
