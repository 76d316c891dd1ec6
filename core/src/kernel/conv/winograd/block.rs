//! The tiles of a map, and blocks of them.

use std::ops::Range;

use super::{BACKWARD_TILES, Conv, FORWARD_TILES};

/// Tiles of a block at most.
const MOST: usize = if FORWARD_TILES > BACKWARD_TILES { FORWARD_TILES } else { BACKWARD_TILES };

/// The tiles along one axis: whole ones of four outputs, then a narrow one where two or three are left. An odd last output has a
/// narrow tile of its own, the tail: the windows of a pool leave it out, and the other tiles are the same with and without it.
#[derive(Clone, Copy, Debug)]
struct Axis {
    outputs: usize,
}

impl Axis {
    /// Without the tail.
    fn count(self) -> usize {
        self.outputs / 4 + usize::from(self.outputs % 4 >= 2)
    }

    fn has_tail(self) -> bool {
        self.outputs % 2 == 1
    }

    /// The first output of a tile; that of the tail comes after the others.
    fn start(self, tile: usize) -> usize {
        if tile == self.count() { self.outputs - 1 } else { 4 * tile }
    }

    fn is_narrow(self, tile: usize) -> bool {
        tile >= self.outputs / 4
    }
}

/// Products of a channel and a filter for one example; with the tails, unless a pool leaves them out.
pub(in super::super) fn products(g: &Conv, tails: bool) -> usize {
    let along = |outputs: usize| {
        let (axis, whole) = (Axis { outputs }, outputs / 4);
        6 * whole + 4 * (axis.count() - whole + usize::from(tails && axis.has_tail()))
    };
    g.output().map(along).iter().product()
}

/// A tile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tile {
    pub(super) example: usize,
    /// The first output: row and column.
    pub(super) start: [usize; 2],
    pub(super) narrow: [bool; 2],
    /// Outputs that exist: 4, or 2, or the one of a tail.
    pub(super) outputs: [usize; 2],
    /// Whether all places that it reads are inside the map.
    pub(super) inside: bool,
    /// Where it lies in the transformed maps of its block.
    pub(super) slot: usize,
}

/// The tiles of some examples in the order (example, row, column), without the tails; then all tails. In blocks.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    axes: [Axis; 2],
    /// Rows and columns of the input, and zeros before them.
    size: [usize; 2],
    before: [usize; 2],
    examples: Range<usize>,
    len: usize,
    tails: bool,
}

impl Blocks {
    /// Blocks of `len` tiles; with the tails, unless a pool leaves them out.
    pub(super) fn new(g: &Conv, examples: Range<usize>, len: usize, tails: bool) -> Self {
        let axes = g.output().map(|outputs| Axis { outputs });
        Self { axes, size: g.size, before: g.padding.map(|[before, _]| before), examples, len, tails }
    }

    /// Tiles of an example: without the tails, and tails.
    fn of_example(&self) -> [usize; 2] {
        let [rows, columns] = self.axes.map(Axis::count);
        let [last_row, last_column] = self.axes.map(Axis::has_tail);
        let tails = usize::from(last_column) * rows + usize::from(last_row) * (columns + usize::from(last_column));
        [rows * columns, if self.tails { tails } else { 0 }]
    }

    fn counts(&self) -> [usize; 2] {
        self.of_example().map(|tiles| (self.examples.len() * tiles).div_ceil(self.len))
    }

    /// How many blocks there are.
    pub(super) fn count(&self) -> usize {
        self.counts().iter().sum()
    }

    /// One block.
    pub(super) fn get(&self, index: usize) -> Block {
        let [main, _] = self.counts();
        let (index, tails) = if index < main { (index, false) } else { (index - main, true) };
        let of_example = self.of_example()[usize::from(tails)];
        let first = index * self.len;
        let count = self.len.min(self.examples.len() * of_example - first);
        let mut block = Block { tiles: [Tile::default(); MOST], count, starts: [0; 5] };
        let (mut example, mut number) = (self.examples.start + first / of_example, first % of_example);
        for tile in &mut block.tiles[..count] {
            *tile = self.tile(example, number, tails);
            number += 1;
            if number == of_example {
                (example, number) = (example + 1, 0);
            }
        }
        block.sort();
        block
    }

    fn tile(&self, example: usize, number: usize, tail: bool) -> Tile {
        let [rows, columns] = self.axes.map(Axis::count);
        let place = match tail {
            false => [number / columns, number % columns],
            true if self.axes[1].has_tail() && number < rows => [number, columns],
            true => [rows, number - if self.axes[1].has_tail() { rows } else { 0 }],
        };
        let of = |axis: usize| {
            let (start, narrow) = (self.axes[axis].start(place[axis]), self.axes[axis].is_narrow(place[axis]));
            let (reads, writes) = if narrow { (4, 2) } else { (6, 4) };
            let inside = start >= self.before[axis] && start + reads <= self.before[axis] + self.size[axis];
            (start, narrow, writes.min(self.axes[axis].outputs - start), inside)
        };
        let (row, column) = (of(0), of(1));
        Tile {
            example,
            start: [row.0, column.0],
            narrow: [row.1, column.1],
            outputs: [row.2, column.2],
            inside: row.3 && column.3,
            slot: 0,
        }
    }
}

/// Some tiles, and where they lie: first those that are narrow along columns alone, then whole ones, then those that are narrow
/// along rows alone, then along both. So the tiles that take part in a product are contiguous.
#[derive(Debug)]
pub(super) struct Block {
    tiles: [Tile; MOST],
    count: usize,
    /// Where each kind begins.
    starts: [usize; 5],
}

impl Block {
    /// The tiles by example, row and column.
    pub(super) fn tiles(&self) -> &[Tile] {
        &self.tiles[..self.count]
    }

    fn sort(&mut self) {
        let kind = |tile: &Tile| match tile.narrow {
            [false, true] => 0,
            [false, false] => 1,
            [true, false] => 2,
            [true, true] => 3,
        };
        let tiles = &mut self.tiles[..self.count];
        for tile in &*tiles {
            self.starts[kind(tile) + 1] += 1;
        }
        for kind in 0..4 {
            self.starts[kind + 1] += self.starts[kind];
        }
        let mut next = self.starts;
        for tile in tiles {
            let next = &mut next[kind(tile)];
            tile.slot = *next;
            *next += 1;
        }
    }

    /// The slots of the tiles that take part in the product of a place xi: those of narrow tiles are 0, 1, 2 and 5 of an axis.
    pub(super) fn taking_part(&self, xi: usize) -> Range<usize> {
        let all = |place: usize| matches!(place, 0..=2 | 5);
        let s = &self.starts;
        match (all(xi / 6), all(xi % 6)) {
            (true, true) => 0..s[4],
            (false, true) => 0..s[2],
            (true, false) => s[1]..s[3],
            (false, false) => s[1]..s[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::plain;
    use super::*;

    #[test]
    fn every_output_belongs_to_one_tile_and_slots_are_sorted() {
        for (rows, columns) in (8..17).flat_map(|rows| (8..17).map(move |columns| (rows, columns))) {
            let g = Conv { size: [rows + 1, columns], padding: [[1, 0], [2, 0]], batch: 5, ..plain() };
            assert_eq!(g.output(), [rows, columns]);
            for (len, tails) in [(24, true), (7, true), (48, false)] {
                let blocks = Blocks::new(&g, 1..4, len, tails);
                let mut seen = vec![0; 5 * rows * columns];
                for block in (0..blocks.count()).map(|index| blocks.get(index)) {
                    let mut slots = vec![false; block.tiles().len()];
                    for tile in block.tiles() {
                        assert!(!std::mem::replace(&mut slots[tile.slot], true));
                        let part = |xi: usize| block.taking_part(xi).contains(&tile.slot);
                        assert!(part(0) && part(5) && part(30));
                        assert_eq!(
                            [part(3 * 6), part(3), part(3 * 6 + 4)],
                            [!tile.narrow[0], !tile.narrow[1], tile.narrow == [false, false]]
                        );
                        for (row, column) in (0..tile.outputs[0]).flat_map(|row| (0..tile.outputs[1]).map(move |column| (row, column))) {
                            seen[(tile.example * rows + tile.start[0] + row) * columns + tile.start[1] + column] += 1;
                        }
                    }
                }
                for (place, seen) in seen.iter().enumerate() {
                    let (example, row, column) = (place / columns / rows, place / columns % rows, place % columns);
                    let counts = tails || (row < rows / 2 * 2 && column < columns / 2 * 2);
                    assert_eq!(*seen, usize::from((1..4).contains(&example) && counts), "{rows}×{columns}: {example}, {row}, {column}");
                }
            }
        }
    }
}
