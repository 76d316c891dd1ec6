//! Work on many texts at once.

use std::num::NonZero;
use std::thread;

/// Fewer items than this for each thread are not worth starting it.
const FEWEST: usize = 256;

/// `work` for each item, in order, on all cores; what it gives depends on the items alone.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_from(FEWEST, items, work)
}

/// As [`map`], for items that are much work each.
pub(crate) fn map_each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_from(1, items, work)
}

/// The items of each core; none where there are no items.
pub(crate) fn parts<T>(items: &[T]) -> Vec<&[T]> {
    items.chunks(share(FEWEST, items.len())).collect()
}

/// How many of `items` items each core takes, which is worth it from `fewest` on.
fn share(fewest: usize, items: usize) -> usize {
    let most = items / fewest;
    // Asking for the number of cores takes longer than a few texts.
    let threads = if most < 2 { 1 } else { most.min(thread::available_parallelism().map_or(1, NonZero::get)) };
    items.div_ceil(threads).max(1)
}

fn map_from<T: Sync, R: Send>(fewest: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut chunks = items.chunks(share(fewest, items.len()));
    let first = chunks.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = chunks.map(|chunk| (chunk, start(scope, chunk, &work))).collect();
        let mut results: Vec<R> = Vec::with_capacity(items.len());
        results.extend(first.iter().map(&work));
        for (chunk, handle) in others {
            match handle.map(thread::ScopedJoinHandle::join) {
                Some(Ok(part)) => results.extend(part),
                // What the work panicked with is the caller's to see.
                Some(Err(panic)) => std::panic::resume_unwind(panic),
                // No thread could be started: this one does its work.
                None => results.extend(chunk.iter().map(&work)),
            }
        }
        results
    })
}

fn start<'scope, T: Sync, R: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    chunk: &'scope [T],
    work: &'scope (impl Fn(&T) -> R + Sync),
) -> Option<thread::ScopedJoinHandle<'scope, Vec<R>>> {
    thread::Builder::new().spawn_scoped(scope, move || chunk.iter().map(work).collect()).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_their_order() {
        let items: Vec<u32> = (0..10_000).collect();
        assert_eq!(super::map(&items, |x| x * 2), (0..10_000).map(|x| x * 2).collect::<Vec<u32>>());
        assert!(super::map(&[] as &[u32], |x| x * 2).is_empty());
    }
}
