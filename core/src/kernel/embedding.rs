//! Rows of a table by their numbers, and gradients back into the table.

use super::{Exec, chunks_mut, multiversion};

/// Numbers that make a chunk worth its way to another thread.
const CHUNK: usize = 16_384;

/// Parts of the table that gradients are added into side by side, at most: each goes through all ids.
const MAX_PARTS: usize = 8;

/// The place of the first id that is no row of a table with `rows` rows.
pub fn first_stranger(ids: &[f32], rows: usize) -> Option<usize> {
    let end = rows as f32;
    let is_row = |id: &f32| *id >= 0.0 && *id < end && id.trunc() == *id;
    if ids.chunks(64).all(|ids| ids.iter().fold(true, |all, id| all & is_row(id))) {
        return None;
    }
    ids.iter().position(|id| !is_row(id))
}

/// `y[i] = table[ids[i]]`, rows of `width` numbers.
///
/// # Panics
/// An id that is no row of the table, or slices that do not fit each other.
pub fn gather(exec: Exec<'_>, table: &[f32], width: usize, ids: &[f32], y: &mut [f32]) {
    assert_eq!(ids.len() * width, y.len(), "a row for each id");
    if width == 0 {
        return;
    }
    let len = Exec::chunk_len(ids.len(), CHUNK.div_ceil(width));
    exec.for_each(chunks_mut(y, len * width), |chunk, y| {
        for (id, y) in ids[chunk * len..].iter().zip(y.chunks_exact_mut(width)) {
            y.copy_from_slice(&table[*id as usize * width..][..width]);
        }
    });
}

/// The gradient of [`gather`]: `dtable[ids[i]] += dy[i]` over ascending i, from zeros.
///
/// # Panics
/// Slices that do not fit each other.
pub fn scatter(exec: Exec<'_>, ids: &[f32], dy: &[f32], width: usize, dtable: &mut [f32]) {
    multiversion! {
        fn part<F>(first: usize, ids: &[f32], dy: &[f32], width: usize, dtable: &mut [f32]) {
            for (id, dy) in ids.iter().zip(dy.chunks_exact(width)) {
                // Ids before the part wrap round and end up behind it.
                let row = (*id as usize).wrapping_sub(first);
                if let Some(to) = row.checked_mul(width).and_then(|start| dtable.get_mut(start..start.checked_add(width)?)) {
                    to.iter_mut().zip(dy).for_each(|(to, dy)| *to += dy);
                }
            }
        }
    }
    assert_eq!(ids.len() * width, dy.len(), "a row for each id");
    if width == 0 {
        return;
    }
    let rows = dtable.len() / width;
    let least = (4 * CHUNK).div_ceil(width).max(rows.div_ceil(MAX_PARTS));
    let len = Exec::chunk_len(rows, least);
    exec.for_each(chunks_mut(dtable, len * width), |chunk, dtable| {
        dtable.fill(0.0);
        part(exec.simd(), chunk * len, ids, dy, width, dtable);
    });
}

#[cfg(test)]
mod tests {
    use super::super::{Simd, Team};
    use super::*;

    #[test]
    fn parts_of_the_table_change_no_bit() {
        let (rows, width) = (9000, 17);
        let ids: Vec<f32> = (0..4000_u64).map(|i| (i * i * 7919 % rows as u64) as f32).collect();
        let dy: Vec<f32> = (0..ids.len() * width).map(|i| 0.1 + (i % 31) as f32).collect();
        let mut expected = vec![0.0; rows * width];
        for (id, dy) in ids.iter().zip(dy.chunks_exact(width)) {
            expected[*id as usize * width..][..width].iter_mut().zip(dy).for_each(|(to, dy)| *to += dy);
        }
        for threads in [1, 3] {
            let team = Team::new(threads);
            let mut got = vec![f32::NAN; rows * width];
            scatter(Exec::new(&team, Simd::detect()).unwrap(), &ids, &dy, width, &mut got);
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn strangers_are_found() {
        assert_eq!(first_stranger(&[0.0, 3.0, 2.0], 4), None);
        for stranger in [4.0, -1.0, 0.5, f32::NAN, f32::INFINITY, 1e30] {
            assert_eq!(first_stranger(&[1.0, 3.0, stranger, 9.0], 4), Some(2), "{stranger}");
        }
    }
}
