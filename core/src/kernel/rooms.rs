//! Room to work in, for each thread that runs a chunk rather than for each chunk.

use std::sync::{Mutex, OnceLock, PoisonError};

/// Rooms at most.
const MOST: usize = 16;

/// How many chunks can run at once on this machine, and so how many rooms a job of `chunks` chunks needs.
///
/// This decides how much memory is planned and no number: a chunk overwrites what it reads of its room.
pub(super) fn rooms(chunks: usize) -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from));
    chunks.min(cores).clamp(1, MOST)
}

/// Scratch cut into rooms of one length.
pub(super) struct Rooms<'a> {
    rooms: [Option<Mutex<&'a mut [f32]>>; MOST],
    count: usize,
}

impl<'a> Rooms<'a> {
    /// As many rooms of `len` numbers as [`rooms`] says for `chunks` chunks.
    pub(super) fn new(scratch: &'a mut [f32], len: usize, chunks: usize) -> Self {
        let count = rooms(chunks);
        assert!(scratch.len() >= count * len, "{count} rooms of {len} numbers do not fit into {}", scratch.len());
        let mut rooms = [const { None }; MOST];
        let mut rest = scratch;
        for room in &mut rooms[..count] {
            let (first, more) = rest.split_at_mut(len);
            *room = Some(Mutex::new(first));
            rest = more;
        }
        Self { rooms, count }
    }

    /// Calls `f` with a room that no other thread uses. Only a team of more threads than there are cores ever waits here.
    pub(super) fn with<R>(&self, chunk: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
        let rooms = self.rooms[..self.count].iter().flatten();
        let mut room = match rooms.clone().find_map(|room| room.try_lock().ok()).or_else(|| {
            let own = rooms.clone().nth(chunk % self.count)?;
            // What a chunk that panicked has left is as good as what any other has.
            Some(own.lock().unwrap_or_else(PoisonError::into_inner))
        }) {
            Some(room) => room,
            None => unreachable!("there is one room at least"),
        };
        f(&mut room)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exec, Simd, Team};
    use super::*;

    #[test]
    fn no_two_threads_share_a_room() {
        for threads in [1, 2, 7] {
            let team = Team::new(threads);
            let exec = Exec::new(&team, Simd::Portable).unwrap();
            let mut scratch = vec![0.0; 10 * rooms(40)];
            let rooms = Rooms::new(&mut scratch, 10, 40);
            exec.run(40, &|chunk| {
                rooms.with(chunk, |room| {
                    room.fill(chunk as f32);
                    std::thread::yield_now();
                    assert!(room.iter().all(|x| *x == chunk as f32));
                });
            });
        }
    }
}
