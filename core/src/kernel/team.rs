//! A team of threads that stays together from one kernel to the next.

use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long an idle thread watches for the next job before it sleeps.
///
/// The kernels of a training step follow each other within this time; waking a sleeping thread costs several microseconds.
const PATIENCE: Duration = Duration::from_micros(200);

/// Spins between two looks at the clock.
const SPINS_PER_LOOK: u32 = 32;

/// A persistent team of threads: the caller and `threads - 1` workers.
///
/// Workers start with the first job, watch briefly for the next one, and sleep when none comes. A job is cut into chunks by
/// its caller; which thread runs a chunk decides no number. Every thread begins with a share of its own, the same one in
/// every job of as many chunks, so that it finds its part of the data in its cache, and helps the others when it is done.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use practicum_core::autodiff::Team;
///
/// let team = Team::new(2);
/// let sum = AtomicUsize::new(0);
/// team.run(100, &|chunk| {
///     sum.fetch_add(chunk, Ordering::Relaxed);
/// });
/// assert_eq!(sum.into_inner(), 4950);
/// ```
pub struct Team {
    threads: usize,
    workers: OnceLock<Vec<JoinHandle<()>>>,
    busy: AtomicBool,
    shared: Arc<Shared>,
}

impl Team {
    /// A team of `threads` threads, the caller included; at least one. No thread starts before the first job.
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let shared = Shared {
            shares: (0..threads).map(|_| Share::default()).collect(),
            unfinished: AtomicUsize::new(0),
            caller_sleeps: AtomicBool::new(false),
            gate: Mutex::new(()),
            finished: Condvar::new(),
            panic: Mutex::new(None),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            // With fewer cores than threads, a thread that spins keeps another from its work.
            patience: if threads <= cores { PATIENCE } else { Duration::ZERO },
        };
        Self { threads, workers: OnceLock::new(), busy: AtomicBool::new(false), shared: Arc::new(shared) }
    }

    /// Threads of the team, the caller included.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `f(0)`, …, `f(chunks - 1)`, each exactly once, and returns when all are done.
    ///
    /// While the team serves another caller, or is asked from inside one of its own chunks, the caller runs all chunks
    /// itself: the result is the same, and nothing waits for anything.
    ///
    /// # Panics
    ///
    /// When a chunk panics, with its message, after the last chunk that another thread has begun is over.
    pub fn run(&self, chunks: usize, f: &(dyn Fn(usize) + Sync)) {
        if self.threads == 1 || chunks <= 1 || u32::try_from(chunks).is_err() || self.busy.swap(true, Ordering::Acquire) {
            (0..chunks).for_each(f);
            return;
        }
        let outcome = self.run_together(chunks, f);
        self.busy.store(false, Ordering::Release);
        if let Err(payload) = outcome {
            resume_unwind(payload);
        }
    }

    /// Runs a job on all threads. Only the caller that set `busy` may come here.
    fn run_together(&self, chunks: usize, f: &(dyn Fn(usize) + Sync)) -> Result<(), Payload> {
        let shared = &*self.shared;
        let workers = self.workers.get_or_init(|| self.hire());
        let threads = workers.len() + 1;
        let f: *const (dyn Fn(usize) + Sync) = f;
        // SAFETY: the two types differ in the lifetime alone. Threads call `f` only for a chunk they have claimed, and this
        // function does not return before every claimed chunk is finished: see `Shared::finish`.
        let f: *const (dyn Fn(usize) + Sync + 'static) = unsafe { std::mem::transmute(f) };

        shared.unfinished.store(chunks, Ordering::Relaxed);
        for (thread, share) in shared.shares[..threads].iter().enumerate() {
            // SAFETY: no thread reads the cell of a share without having claimed one of its chunks. Those of the last job are
            // all finished, and those of this one appear with the store below.
            unsafe { *share.job.get() = Some(f) };
            let (start, end) = (thread * chunks / threads, (thread + 1) * chunks / threads);
            share.range.store(pack(start as u32, end as u32), Ordering::Release);
        }
        // Orders the shares above before the flags below; a worker that goes to sleep does it the other way round.
        fence(Ordering::SeqCst);
        for (worker, share) in workers.iter().zip(&shared.shares[1..]) {
            if share.sleeps.load(Ordering::Relaxed) {
                worker.thread().unpark();
            }
        }

        let done = shared.work(0);
        if shared.finish(done) > 0 {
            shared.wait();
        }
        if !shared.panicked.load(Ordering::Relaxed) {
            return Ok(());
        }
        shared.panicked.store(false, Ordering::Relaxed);
        shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    /// Starts the workers; as many as the system grants.
    fn hire(&self) -> Vec<JoinHandle<()>> {
        (1..self.threads)
            .map_while(|thread| {
                let shared = Arc::clone(&self.shared);
                thread::Builder::new().name(format!("practicum-{thread}")).spawn(move || shared.serve(thread)).ok()
            })
            .collect()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for worker in self.workers.take().into_iter().flatten() {
            worker.thread().unpark();
            // A worker catches the panics of its chunks; there is nothing to hear from it.
            let _ = worker.join();
        }
    }
}

impl fmt::Debug for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Team").field("threads", &self.threads).finish_non_exhaustive()
    }
}

type Payload = Box<dyn Any + Send>;
type Job = *const (dyn Fn(usize) + Sync + 'static);

/// What a thread is to do first. A cache line pair of its own: a worker spins on it.
#[repr(align(128))]
#[derive(Default)]
struct Share {
    /// The chunks that are not claimed: start in the low half, end in the high half.
    range: AtomicU64,
    job: UnsafeCell<Option<Job>>,
    sleeps: AtomicBool,
}

impl Share {
    /// Takes the first chunk that is left, and what to call with it.
    ///
    /// A chunk that is claimed but not yet reported keeps its job alive, so the job read after the claim is the chunk's own,
    /// however long the claimer was away before.
    fn claim(&self) -> Option<(usize, Job)> {
        let mut range = self.range.load(Ordering::Relaxed);
        loop {
            let (start, end) = unpack(range);
            if start >= end {
                return None;
            }
            match self.range.compare_exchange_weak(range, pack(start + 1, end), Ordering::Acquire, Ordering::Relaxed) {
                // SAFETY: the cell was written before the range that the exchange has read, and will not be written again
                // before this chunk is reported.
                Ok(_) => return unsafe { *self.job.get() }.map(|job| (start as usize, job)),
                Err(now) => range = now,
            }
        }
    }

    fn is_empty(&self) -> bool {
        let (start, end) = unpack(self.range.load(Ordering::Relaxed));
        start >= end
    }
}

fn pack(start: u32, end: u32) -> u64 {
    u64::from(end) << 32 | u64::from(start)
}

fn unpack(range: u64) -> (u32, u32) {
    (range as u32, (range >> 32) as u32)
}

struct Shared {
    shares: Box<[Share]>,
    /// Chunks of the running job that have not been reported.
    unfinished: AtomicUsize,
    caller_sleeps: AtomicBool,
    gate: Mutex<()>,
    finished: Condvar,
    panic: Mutex<Option<Payload>>,
    panicked: AtomicBool,
    stop: AtomicBool,
    patience: Duration,
}

// SAFETY: the only fields that are not `Send` and `Sync` by themselves are the shares' jobs: pointers to a `Sync` function,
// read by a thread that holds a claimed chunk, while the caller waits, and written by the caller when none is claimed.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Runs chunks, of the thread's own share first, until none is left in any. Returns how many.
    fn work(&self, thread: usize) -> usize {
        let (before, from) = self.shares.split_at(thread);
        let mut done = 0;
        for share in from.iter().chain(before) {
            while let Some((chunk, job)) = share.claim() {
                // SAFETY: `claim` hands out the job of the chunk, which its caller keeps until the chunk is reported.
                let job = unsafe { &*job };
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| job(chunk))) {
                    self.keep(payload);
                }
                done += 1;
            }
        }
        done
    }

    /// Keeps the first panic of a job for its caller. Later ones are forgotten, not dropped: a payload whose drop panics would
    /// unwind out of the job while other threads still run it.
    fn keep(&self, payload: Payload) {
        let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
        match &*first {
            Some(_) => std::mem::forget(payload),
            None => *first = Some(payload),
        }
        self.panicked.store(true, Ordering::Relaxed);
    }

    /// Reports `done` chunks; after that the thread may not touch their job. Returns how many are left.
    fn finish(&self, done: usize) -> usize {
        self.unfinished.fetch_sub(done, Ordering::SeqCst) - done
    }

    /// Waits until every chunk has been reported.
    fn wait(&self) {
        let all_done = || self.unfinished.load(Ordering::SeqCst) == 0;
        if self.watch(all_done) {
            return;
        }
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while !all_done() {
            gate = self.finished.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        self.caller_sleeps.store(false, Ordering::Relaxed);
    }

    /// The life of a worker.
    fn serve(&self, thread: usize) {
        let share = &self.shares[thread];
        loop {
            if self.watch(|| !share.is_empty()) {
                let done = self.work(thread);
                if done > 0 && self.finish(done) == 0 && self.caller_sleeps.load(Ordering::SeqCst) {
                    // The caller holds the gate between its last look and its sleep.
                    drop(self.gate.lock());
                    self.finished.notify_one();
                }
                continue;
            }
            share.sleeps.store(true, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            if share.is_empty() {
                thread::park();
            }
            share.sleeps.store(false, Ordering::Relaxed);
        }
    }

    /// Spins until `ready`, or until patience ends; says which.
    fn watch(&self, ready: impl Fn() -> bool) -> bool {
        if ready() {
            return true;
        }
        if self.patience.is_zero() {
            return false;
        }
        let start = Instant::now();
        loop {
            for _ in 0..SPINS_PER_LOOK {
                if ready() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() >= self.patience {
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a job on `team` and checks that each chunk ran once.
    fn check(team: &Team, chunks: usize) {
        let counts: Vec<AtomicUsize> = (0..chunks).map(|_| AtomicUsize::new(0)).collect();
        team.run(chunks, &|chunk| {
            counts[chunk].fetch_add(1, Ordering::Relaxed);
        });
        assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }

    #[test]
    fn every_chunk_runs_once() {
        for threads in [0, 1, 2, 3, 4, 9] {
            let team = Team::new(threads);
            assert_eq!(team.threads(), threads.max(1));
            for chunks in [0, 1, 2, 3, 7, 8, 100, 1000] {
                check(&team, chunks);
            }
        }
    }

    #[test]
    fn thousands_of_tiny_jobs() {
        for threads in [2, 4] {
            let team = Team::new(threads);
            let sum = AtomicUsize::new(0);
            for job in 0..5000 {
                team.run(1 + job % 5, &|chunk| {
                    sum.fetch_add(chunk + 1, Ordering::Relaxed);
                });
            }
            assert_eq!(sum.into_inner(), 1000 * (1 + 3 + 6 + 10 + 15));
        }
    }

    #[test]
    fn wakes_from_sleep() {
        let team = Team::new(2);
        for _ in 0..20 {
            check(&team, 8);
            thread::sleep(PATIENCE * 20);
        }
    }

    /// Two chunks that wait for each other end only when two threads run them.
    #[test]
    fn a_sleeping_worker_joins() {
        let team = Team::new(2);
        for _ in 0..10 {
            let here = AtomicUsize::new(0);
            team.run(2, &|_| {
                here.fetch_add(1, Ordering::SeqCst);
                let start = Instant::now();
                while here.load(Ordering::SeqCst) < 2 {
                    assert!(start.elapsed() < Duration::from_secs(20), "no second thread came");
                    thread::yield_now();
                }
            });
            thread::sleep(PATIENCE * 20);
        }
    }

    #[test]
    fn a_caller_that_waits_long_sleeps_and_wakes() {
        let team = Team::new(2);
        for _ in 0..5 {
            let done = AtomicUsize::new(0);
            let caller = thread::current().id();
            team.run(4, &|_| {
                if thread::current().id() != caller {
                    thread::sleep(Duration::from_millis(10));
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(done.into_inner(), 4);
        }
    }

    #[test]
    fn nested_jobs_run_on_their_caller() {
        let team = Team::new(3);
        let sum = AtomicUsize::new(0);
        team.run(8, &|_| {
            let me = thread::current().id();
            team.run(8, &|chunk| {
                assert_eq!(thread::current().id(), me);
                sum.fetch_add(chunk, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.into_inner(), 8 * 28);
    }

    #[test]
    fn callers_from_many_threads() {
        let team = Team::new(3);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for round in 0..300 {
                        check(&team, round % 17);
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_lives_on() {
        let team = Team::new(3);
        for bad in [0, 5, 11] {
            let borrowed = [1usize; 12];
            let ran = AtomicUsize::new(0);
            let payload = catch_unwind(AssertUnwindSafe(|| {
                team.run(12, &|chunk| {
                    ran.fetch_add(borrowed[chunk], Ordering::Relaxed);
                    assert_ne!(chunk, bad, "chunk {bad} is bad");
                });
            }))
            .unwrap_err();
            let message = payload.downcast_ref::<String>().unwrap();
            assert!(message.contains(&format!("chunk {bad} is bad")), "{message}");
            assert_eq!(ran.load(Ordering::Relaxed), 12);
            check(&team, 12);
        }
    }

    /// Panics when it is dropped while nothing else panics.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(thread::panicking(), "the drop of a payload");
        }
    }

    #[test]
    fn s2_payloads_whose_drops_panic_do_not_end_a_job_early() {
        let team = Team::new(2);
        for _ in 0..20 {
            let ran = AtomicUsize::new(0);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                team.run(16, &|_| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    std::panic::panic_any(Bomb);
                });
            }));
            assert_eq!(ran.load(Ordering::Relaxed), 16, "every chunk ran before the caller heard of it");
            std::mem::forget(outcome);
            check(&team, 16);
        }
    }

    #[test]
    fn drop_at_any_time() {
        for round in 0..50u32 {
            let team = Team::new(3);
            if round % 5 > 0 {
                check(&team, 6);
            }
            thread::sleep(PATIENCE * (round % 4));
        }
    }

    #[test]
    fn travels_between_threads() {
        fn travels<T: Send + Sync>() {}
        travels::<Team>();
    }
}
