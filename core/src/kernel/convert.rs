//! Batches from rows of data, converted and scaled.

use super::{Exec, chunks_mut, multiversion};

/// Numbers that make a chunk worth its way to another thread.
const CHUNK: usize = 16_384;

/// Bytes that are on their way from memory while others are converted.
const IN_FLIGHT: usize = 2048;

/// How many rows ahead the next one is asked for.
fn rows_ahead(bytes: usize) -> usize {
    (IN_FLIGHT / bytes.max(1)).clamp(1, 32)
}

/// Asks for the beginning of a row that is wanted soon: rows picked at random are nowhere near, and the processor goes on by
/// itself with what follows in a long one.
fn fetch<T>(row: &[T]) {
    #[cfg(all(target_arch = "x86_64", not(practicum_portable)))]
    for byte in (0..size_of_val(row).min(IN_FLIGHT)).step_by(64) {
        // SAFETY: a hint, which reads nothing and faults nowhere.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(row.as_ptr().cast::<i8>().wrapping_add(byte));
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(practicum_portable))))]
    let _ = row;
}

macro_rules! gather {
    ($(#[$attr:meta])* $name:ident, $type:ty) => {
        $(#[$attr])*
        ///
        /// # Panics
        /// When a row is not in the data, or `out` has not room for as many.
        pub fn $name(exec: Exec<'_>, data: &[$type], row_len: usize, rows: &[u32], scale: f32, offset: f32, out: &mut [f32]) {
            multiversion! {
                fn row<F>(row: &[$type], scale: f32, offset: f32, out: &mut [f32]) {
                    for (out, x) in out.iter_mut().zip(row) {
                        *out = F::mul_add(*x as f32, scale, offset);
                    }
                }
            }
            assert_eq!(out.len(), rows.len() * row_len, "room for all rows");
            if row_len == 0 {
                return;
            }
            let len = Exec::chunk_len(rows.len(), CHUNK.div_ceil(row_len));
            let source = |row: u32| &data[row as usize * row_len..][..row_len];
            exec.for_each(chunks_mut(out, len * row_len), |index, out| {
                let rows = &rows[index * len..];
                let ahead = rows_ahead(row_len * size_of::<$type>());
                rows.iter().take(ahead).for_each(|next| fetch(source(*next)));
                for (place, out) in out.chunks_exact_mut(row_len).enumerate() {
                    if let Some(next) = rows.get(place + ahead) {
                        fetch(source(*next));
                    }
                    row(exec.simd(), source(rows[place]), scale, offset, out);
                }
            });
        }
    };
}

gather! {
    /// Rows of bytes, `x·scale + offset`.
    gather_u8, u8
}
gather! {
    /// Rows of integers, `x·scale + offset`.
    gather_i32, i32
}
gather! {
    /// Rows of floats, `x·scale + offset`.
    gather_f32, f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Simd, Team};

    #[test]
    fn rows_are_picked_and_scaled() {
        let team = Team::new(2);
        for simd in [Simd::Portable, Simd::detect()] {
            let exec = Exec::new(&team, simd).unwrap();
            for row_len in [1, 3, 784] {
                let data: Vec<u8> = (0..row_len * 50).map(|i| (i % 256) as u8).collect();
                let rows: Vec<u32> = (0..64).map(|i| (i * 7) % 50).collect();
                let mut out = vec![0.0; rows.len() * row_len];
                gather_u8(exec, &data, row_len, &rows, 0.5, -1.0, &mut out);
                for (place, out) in out.iter().enumerate() {
                    let source = rows[place / row_len] as usize * row_len + place % row_len;
                    assert_eq!(*out, f32::from(data[source]) * 0.5 - 1.0);
                }
            }
        }
    }
}
