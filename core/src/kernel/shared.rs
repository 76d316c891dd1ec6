//! Slices cut into chunks that the threads of a team write side by side.

use std::marker::PhantomData;

use super::Exec;

/// A slice in chunks, one for each call of a parallel loop. Made by [`chunks_mut`].
#[derive(Debug)]
pub struct ChunksMut<'a, T> {
    start: *mut T,
    len: usize,
    chunk_len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: it stands for the exclusive slice it was made of, and gives each part of it to one thread.
unsafe impl<T: Send> Send for ChunksMut<'_, T> {}
// SAFETY: as above; `Parts::part` is the only way in, and its caller asks for a part once.
unsafe impl<T: Send> Sync for ChunksMut<'_, T> {}

/// Cuts `slice` into chunks of `chunk_len` items; the last may be shorter. For [`Exec::for_each`].
pub fn chunks_mut<T>(slice: &mut [T], chunk_len: usize) -> ChunksMut<'_, T> {
    ChunksMut { start: slice.as_mut_ptr(), len: slice.len(), chunk_len: chunk_len.max(1), slice: PhantomData }
}

/// What a parallel loop can hand out: slices in chunks, those that may be missing, and tuples of them.
///
/// # Safety
///
/// Parts with different numbers below [`count`](Parts::count) must not overlap.
pub unsafe trait Parts: Sync {
    /// What one call gets.
    type Part;

    /// How many parts there are; in a tuple, of the member with the fewest.
    fn count(&self) -> usize;

    /// Part `index`.
    ///
    /// # Safety
    ///
    /// `index` must be below `count`, and no two parts of the same number may live at once.
    unsafe fn part(&self, index: usize) -> Self::Part;
}

// SAFETY: chunks of a slice do not overlap.
unsafe impl<'a, T: Send> Parts for ChunksMut<'a, T> {
    type Part = &'a mut [T];

    fn count(&self) -> usize {
        self.len.div_ceil(self.chunk_len)
    }

    unsafe fn part(&self, index: usize) -> &'a mut [T] {
        let start = index * self.chunk_len;
        // SAFETY: `index < count` keeps `start` inside the slice, and the caller asks for each chunk once.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), self.chunk_len.min(self.len - start)) }
    }
}

// SAFETY: where there is nothing, nothing overlaps; else as for what is there.
unsafe impl<P: Parts> Parts for Option<P> {
    type Part = Option<P::Part>;

    fn count(&self) -> usize {
        self.as_ref().map_or(usize::MAX, P::count)
    }

    unsafe fn part(&self, index: usize) -> Self::Part {
        // SAFETY: as the caller promises.
        self.as_ref().map(|parts| unsafe { parts.part(index) })
    }
}

macro_rules! tuple_of_parts {
    ($($member:ident $index:tt),+) => {
        // SAFETY: the members are different slices, and the parts of each do not overlap.
        unsafe impl<$($member: Parts),+> Parts for ($($member,)+) {
            type Part = ($($member::Part,)+);

            fn count(&self) -> usize {
                [$(self.$index.count()),+].into_iter().min().unwrap_or(0)
            }

            unsafe fn part(&self, index: usize) -> Self::Part {
                // SAFETY: what the caller promises for the tuple holds for its members.
                unsafe { ($(self.$index.part(index),)+) }
            }
        }
    };
}
tuple_of_parts!(A 0);
tuple_of_parts!(A 0, B 1);
tuple_of_parts!(A 0, B 1, C 2);
tuple_of_parts!(A 0, B 1, C 2, D 3);

impl Exec<'_> {
    /// Calls `f(index, part)` for every part, on the threads of the team.
    ///
    /// ```
    /// use practicum_core::Simd;
    /// use practicum_core::autodiff::{Exec, Team, chunks_mut};
    ///
    /// let team = Team::new(2);
    /// let exec = Exec::new(&team, Simd::Portable)?;
    /// let (mut doubled, mut squared) = (vec![0.0; 100], vec![0.0; 100]);
    /// exec.for_each(
    ///     (chunks_mut(&mut doubled, 30), chunks_mut(&mut squared, 30)),
    ///     |chunk, (doubled, squared)| {
    ///         for (i, (d, s)) in doubled.iter_mut().zip(squared).enumerate() {
    ///             let x = (30 * chunk + i) as f32;
    ///             (*d, *s) = (2.0 * x, x * x);
    ///         }
    ///     },
    /// );
    /// assert_eq!((doubled[99], squared[99]), (198.0, 9801.0));
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    pub fn for_each<P: Parts>(self, parts: P, f: impl Fn(usize, P::Part) + Sync) {
        // SAFETY: the team calls with each index below `count` once.
        self.run(parts.count(), &|index| f(index, unsafe { parts.part(index) }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Simd, Team};
    use super::*;

    #[test]
    fn every_item_belongs_to_one_chunk() {
        let team = Team::new(3);
        let exec = Exec::new(&team, Simd::Portable).unwrap();
        for len in 0..70 {
            for chunk_len in 0..20 {
                let mut items = vec![0usize; len];
                exec.for_each(chunks_mut(&mut items, chunk_len), |chunk, part| {
                    for (i, item) in part.iter_mut().enumerate() {
                        *item += 1 + chunk * chunk_len.max(1) + i;
                    }
                });
                assert!(items.iter().copied().eq(1..=len), "{len} by {chunk_len}");
            }
        }
    }

    #[test]
    fn a_tuple_has_the_parts_of_its_shortest() {
        let team = Team::new(2);
        let exec = Exec::new(&team, Simd::Portable).unwrap();
        let (mut a, mut b, mut c) = ([0u8; 10], [0f32; 7], [0u32; 4]);
        exec.for_each((chunks_mut(&mut a, 2), chunks_mut(&mut b, 2), chunks_mut(&mut c, 1)), |i, (a, b, c)| {
            a.fill(1);
            b.fill(2.0);
            c[0] = i as u32;
        });
        assert_eq!(a, [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
        assert_eq!((b, c), ([2.0; 7], [0, 1, 2, 3]));
    }
}
