//! Rows of a table by their numbers, and gradients back into the table.

use super::{Exec, LANES, chunks_mut, multiversion};

/// Numbers that make a chunk worth its way to another thread.
const CHUNK: usize = 16_384;

/// The same where they are read alone, and add up to few.
const MEANS: usize = 32_768;

/// Numbers of the table that make a part worth its way to another thread.
const PART: usize = 131_072;

/// Ids that are looked through before those that belong to a part are added.
const BLOCK: usize = 256;

/// Parts of the table that gradients are added into side by side, at most: each goes through all ids.
const MAX_PARTS: usize = 8;

/// The place of the first id that is no row of a table with `rows` rows.
pub fn first_stranger(exec: Exec<'_>, ids: &[f32], rows: usize) -> Option<usize> {
    multiversion! {
        fn all_known<F>(ids: &[f32], end: f32) -> bool {
            ids.iter().fold(true, |all, id| all & is_row(*id, end))
        }
    }
    #[inline(always)]
    fn is_row(id: f32, end: f32) -> bool {
        (id >= 0.0) & (id < end) & (id as i32 as f32 == id)
    }
    let end = rows as f32;
    let strange = ids.chunks(1024).position(|ids| !all_known(exec.simd(), ids, end))? * 1024;
    ids[strange..].iter().position(|id| !is_row(*id, end)).map(|place| strange + place)
}

/// `y[i] = table[ids[i]]`, rows of `width` numbers.
///
/// # Panics
/// An id that is no row of the table, or slices that do not fit each other.
pub fn gather(exec: Exec<'_>, table: &[f32], width: usize, ids: &[f32], y: &mut [f32]) {
    multiversion! {
        fn part<F>(table: &[f32], ids: &[f32], width: usize, y: &mut [f32]) {
            for (id, y) in ids.iter().zip(y.chunks_exact_mut(width)) {
                let from = &table[*id as i32 as usize * width..][..width];
                // Rows of whole lines are so common, and so short, that a call for each would show.
                if let ((to, []), (from, _)) = (y.as_chunks_mut::<LANES>(), from.as_chunks::<LANES>()) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                } else {
                    y.copy_from_slice(from);
                }
            }
        }
    }
    assert_eq!(ids.len() * width, y.len(), "a row for each id");
    if width == 0 {
        return;
    }
    let len = Exec::chunk_len(ids.len(), CHUNK.div_ceil(width));
    exec.for_each(chunks_mut(y, len * width), |chunk, y| part(exec.simd(), table, &ids[chunk * len..], width, y));
}

/// The means of the rows of each `steps` ids: what [`gather`] and a mean give, with the same bits.
///
/// # Panics
/// An id that is no row of the table, or slices that do not fit each other.
pub fn gather_means(exec: Exec<'_>, table: &[f32], width: usize, ids: &[f32], steps: usize, y: &mut [f32]) {
    multiversion! {
        fn part<F>(table: &[f32], ids: &[f32], steps: usize, width: usize, factor: f32, y: &mut [f32]) {
            for (ids, y) in ids.chunks_exact(steps).zip(y.chunks_exact_mut(width)) {
                let (lines, rest) = y.as_chunks_mut::<LANES>();
                for (line, y) in lines.iter_mut().enumerate() {
                    let mut sum = [0.0; LANES];
                    for id in ids {
                        let from = &table[*id as i32 as usize * width + line * LANES..][..LANES];
                        sum.iter_mut().zip(from).for_each(|(sum, x)| *sum += x);
                    }
                    *y = sum.map(|sum| factor * sum);
                }
                rest.fill(0.0);
                for id in ids {
                    let from = &table[*id as i32 as usize * width..][..width];
                    rest.iter_mut().zip(&from[width / LANES * LANES..]).for_each(|(sum, x)| *sum += x);
                }
                rest.iter_mut().for_each(|sum| *sum *= factor);
            }
        }
    }
    assert_eq!(ids.len() * width, y.len() * steps, "a row for each id");
    let factor = 1.0 / steps as f32;
    if ids.is_empty() || width == 0 {
        y.fill(0.0 * factor);
        return;
    }
    let len = Exec::chunk_len(ids.len() / steps, MEANS.div_ceil(steps * width));
    exec.for_each(chunks_mut(y, len * width), |chunk, y| {
        let ids = &ids[chunk * len * steps..][..y.len() / width * steps];
        part(exec.simd(), table, ids, steps, width, factor, y);
    });
}

/// The gradient of [`gather`]: `dtable[ids[i]] += dy[i / repeat]` over ascending i, from zeros. With more than one repetition, it
/// is that of [`gather_means`] by the sums. Threads share the rows of the table, so that each number is one sum in this order.
///
/// # Panics
/// Slices that do not fit each other.
pub fn scatter(exec: Exec<'_>, ids: &[f32], dy: &[f32], repeat: usize, width: usize, dtable: &mut [f32]) {
    multiversion! {
        fn part<F>(first: u32, ids: &[f32], dy: &[f32], repeat: usize, width: usize, dtable: &mut [f32]) {
            let rows = (dtable.len() / width) as u32;
            let mut found = [(0, 0); BLOCK];
            let (mut from, mut left) = (0, repeat);
            for ids in ids.chunks(BLOCK) {
                // Which ids belong here is a toss-up that no branch foresees, so there is none.
                let mut count = 0;
                for id in ids {
                    // Ids before the part wrap round and end up after it.
                    let row = (*id as i32 as u32).wrapping_sub(first);
                    found[count] = (from, row as usize);
                    count += usize::from(row < rows);
                    left -= 1;
                    if left == 0 {
                        (from, left) = (from + width, repeat);
                    }
                }
                for (from, row) in &found[..count] {
                    let (to, dy) = (&mut dtable[row * width..][..width], &dy[*from..][..width]);
                    let ((lines, rest), (dy_lines, dy_rest)) = (to.as_chunks_mut::<LANES>(), dy.as_chunks::<LANES>());
                    for (to, dy) in lines.iter_mut().zip(dy_lines) {
                        for l in 0..LANES {
                            to[l] += dy[l];
                        }
                    }
                    rest.iter_mut().zip(dy_rest).for_each(|(to, dy)| *to += dy);
                }
            }
        }
    }
    assert_eq!(ids.len() * width, dy.len() * repeat, "a row for each id");
    if width == 0 || repeat == 0 {
        dtable.fill(0.0);
        return;
    }
    let rows = dtable.len() / width;
    let len = Exec::chunk_len(rows, PART.div_ceil(width).max(rows.div_ceil(MAX_PARTS)));
    exec.for_each(chunks_mut(dtable, len * width), |chunk, dtable| {
        dtable.fill(0.0);
        part(exec.simd(), (chunk * len) as u32, ids, dy, repeat, width, dtable);
    });
}

#[cfg(test)]
mod tests {
    use super::super::{Simd, Team};
    use super::*;

    #[test]
    fn parts_of_the_table_change_no_bit() {
        let (rows, width) = (9000, 33);
        let ids: Vec<f32> = (0..20_000_u64).map(|i| (i * i * 7919 % rows as u64) as f32).collect();
        let dy: Vec<f32> = (0..ids.len() * width).map(|i| 0.1 + (i % 31) as f32).collect();
        let mut expected = vec![0.0; rows * width];
        for (id, dy) in ids.iter().zip(dy.chunks_exact(width)) {
            expected[*id as usize * width..][..width].iter_mut().zip(dy).for_each(|(to, dy)| *to += dy);
        }
        for threads in [1, 3] {
            let team = Team::new(threads);
            let mut got = vec![f32::NAN; rows * width];
            scatter(Exec::new(&team, Simd::detect()).unwrap(), &ids, &dy, 1, width, &mut got);
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn means_and_their_gradient_are_those_of_the_rows() {
        for (rows, width, steps, examples) in [(50, 16, 7, 9), (9000, 33, 300, 20), (7, 5, 1, 3), (7, 20, 4, 0)] {
            let ids: Vec<f32> = (0..(steps * examples) as u64).map(|i| (i * i * 7919 % rows as u64) as f32).collect();
            let table: Vec<f32> = (0..rows * width).map(|i| (i % 37) as f32 - 18.0).collect();
            let dy: Vec<f32> = (0..examples * width).map(|i| 0.1 + (i % 31) as f32).collect();
            let repeated: Vec<f32> = (0..ids.len() * width).map(|i| dy[i / (steps * width) * width + i % width]).collect();
            for threads in [1, 3] {
                let team = Team::new(threads);
                let exec = Exec::new(&team, Simd::detect()).unwrap();
                let (mut between, mut means, mut expected) = (vec![0.0; ids.len() * width], vec![9.0; dy.len()], vec![9.0; dy.len()]);
                gather(exec, &table, width, &ids, &mut between);
                super::super::reduce::middle_sums(exec, &between, steps, width, 1.0 / steps as f32, &mut expected);
                gather_means(exec, &table, width, &ids, steps, &mut means);
                assert_eq!(means, expected);
                let [mut back, mut expected] = [(); 2].map(|()| vec![9.0; table.len()]);
                scatter(exec, &ids, &repeated, 1, width, &mut expected);
                scatter(exec, &ids, &dy, steps, width, &mut back);
                assert_eq!(back, expected);
            }
        }
    }

    #[test]
    fn strangers_are_found() {
        let team = Team::new(1);
        let exec = Exec::new(&team, Simd::detect()).unwrap();
        assert_eq!(first_stranger(exec, &[0.0, 3.0, 2.0], 4), None);
        for stranger in [4.0, -1.0, 0.5, f32::NAN, f32::INFINITY, 1e30] {
            assert_eq!(first_stranger(exec, &[1.0, 3.0, stranger, 9.0], 4), Some(2), "{stranger}");
        }
        let many: Vec<f32> = (0..3000).map(|i| if i == 2500 { 4.0 } else { 1.0 }).collect();
        assert_eq!(first_stranger(exec, &many, 4), Some(2500));
    }
}
