//! Stages with threads of their own.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Dataset, Elements, at};
use crate::{Error, Result};

/// As many threads or elements as seem good: for [`Dataset::map_parallel`] the cores of this machine, for
/// [`Dataset::prefetch`] two elements.
pub const AUTOTUNE: usize = usize::MAX;

/// More threads than this are a slip of the hand, not a machine.
const MAX_THREADS: usize = 1024;

/// More elements than this do not wait: a channel has room for all of them from the beginning.
const MAX_WAITING: usize = 1024;

/// What came of a call: its result, or the panic to be passed on.
type Outcome<T> = std::result::Result<T, Box<dyn Any + Send>>;

impl<T: Send + 'static> Dataset<T> {
    /// Makes the elements to come on a thread of its own, while this one uses the last: `buffer_size` of them wait, at most.
    /// It changes speed only.
    ///
    /// It pays where an element takes longer than the way to another thread, some ten microseconds.
    ///
    /// ```
    /// use practicum_core::data::Dataset;
    ///
    /// let numbers = Dataset::range(0..4).map(|number| Ok(number * 10)).prefetch(1);
    /// assert_eq!(numbers.iter().collect::<practicum_core::Result<Vec<_>>>()?, [0, 10, 20, 30]);
    /// # Ok::<(), practicum_core::Error>(())
    /// ```
    #[must_use]
    pub fn prefetch(self, buffer_size: usize) -> Self {
        let buffer_size = if buffer_size == AUTOTUNE { 2 } else { buffer_size };
        Self::from_stage(self.cardinality, move |pass| {
            let elements = self.origin.start(pass)?;
            // What waits in the channel, and the element that its sender has in hand.
            match buffer_size.checked_sub(1) {
                Some(waiting) => Ok(Prefetch::start(elements, waiting.min(MAX_WAITING))),
                None => Ok(elements),
            }
        })
    }

    /// [`map`](Dataset::map) on `threads` threads at once. The elements keep their order, so it changes speed only.
    ///
    /// It pays where the function takes long: for reading and decoding pictures, not for arithmetic.
    ///
    /// ```
    /// use practicum_core::data::{AUTOTUNE, Dataset};
    ///
    /// let squares = Dataset::range(0..100).map_parallel(AUTOTUNE, |number| Ok(number * number));
    /// assert!(squares.iter().map(|square| square.unwrap()).eq((0..100).map(|number| number * number)));
    /// ```
    #[must_use]
    pub fn map_parallel<U: Send + 'static>(self, threads: usize, f: impl Fn(T) -> Result<U> + Send + Sync + 'static) -> Dataset<U> {
        let threads = if threads == AUTOTUNE { thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS) } else { threads };
        if !(1..=MAX_THREADS).contains(&threads) {
            return Dataset::failed(Error::argument(format!("threads must be 1 to {MAX_THREADS}, got {threads}")).context("map_parallel"));
        }
        let f: Arc<Function<T, U>> = Arc::new(f);
        Dataset::from_stage(self.cardinality, move |pass| Ok(Workers::start(self.origin.start(pass)?, threads, &f)))
    }
}

/// A thread, or none where the system has no more: threads change speed only, so the work is done without.
fn spawn(stage: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    thread::Builder::new().name(format!("practicum-{stage}")).spawn(work).ok()
}

/// Elements that another thread makes.
struct Prefetch<T> {
    elements: Option<Receiver<Outcome<Result<T>>>>,
    worker: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    fn start(elements: Elements<T>, waiting: usize) -> Elements<T> {
        let (sender, receiver) = sync_channel(waiting);
        // The thread takes the elements out; where there is none, they are still there.
        let handed = Arc::new(Mutex::new(Some(elements)));
        let take = |handed: &Mutex<Option<Elements<T>>>| handed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let theirs = handed.clone();
        let worker = spawn("prefetch", move || {
            if let Some(elements) = take(&theirs) {
                send_all(elements, &sender);
            }
        });
        match worker {
            Some(worker) => Box::new(Self { elements: Some(receiver), worker: Some(worker) }),
            None => take(&handed).unwrap_or_else(|| Box::new(std::iter::empty())),
        }
    }
}

/// Sends elements until there are none, or no one wants them any more.
fn send_all<T>(mut elements: Elements<T>, sender: &SyncSender<Outcome<Result<T>>>) {
    loop {
        let outcome = match catch_unwind(AssertUnwindSafe(|| elements.next())) {
            Ok(None) => return,
            Ok(Some(element)) => Ok(element),
            Err(panic) => Err(panic),
        };
        let over = outcome.is_err();
        if sender.send(outcome).is_err() || over {
            return;
        }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        match self.elements.as_ref()?.recv() {
            Ok(Ok(element)) => Some(element),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => None,
        }
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        // A sender that waits for room hears that no one will take it.
        self.elements = None;
        if let Some(worker) = self.worker.take() {
            // Its panics come with the elements.
            let _ = worker.join();
        }
    }
}

type Function<T, U> = dyn Fn(T) -> Result<U> + Send + Sync;

/// What threads do to elements, in the elements' order.
struct Workers<T, U> {
    elements: Elements<T>,
    shared: Arc<Shared<T, U>>,
    workers: Vec<JoinHandle<()>>,
    /// How many elements have been handed out, and how many came back.
    sent: usize,
    given: usize,
    ended: bool,
}

struct Shared<T, U> {
    state: Mutex<State<T, U>>,
    work: Condvar,
    done: Condvar,
}

struct State<T, U> {
    waiting: VecDeque<(usize, T)>,
    done: BTreeMap<usize, Outcome<Result<U>>>,
    stop: bool,
}

impl<T, U> Shared<T, U> {
    /// No user's code runs under the lock, so a panic leaves nothing half-done behind it.
    fn lock(&self) -> MutexGuard<'_, State<T, U>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, f: &Function<T, U>) {
        let mut state = self.lock();
        while !state.stop {
            let Some((place, element)) = state.waiting.pop_front() else {
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let outcome = catch_unwind(AssertUnwindSafe(|| f(element).map_err(|error| at("map_parallel", place, error))));
            state = self.lock();
            state.done.insert(place, outcome);
            self.done.notify_one();
        }
    }
}

impl<T: Send + 'static, U: Send + 'static> Workers<T, U> {
    fn start(elements: Elements<T>, threads: usize, f: &Arc<Function<T, U>>) -> Elements<U> {
        let state = Mutex::new(State { waiting: VecDeque::new(), done: BTreeMap::new(), stop: false });
        let shared = Arc::new(Shared { state, work: Condvar::new(), done: Condvar::new() });
        let worker = || {
            let (shared, f) = (shared.clone(), f.clone());
            spawn("map_parallel", move || shared.serve(&*f))
        };
        let workers: Vec<JoinHandle<()>> = (0..threads).map_while(|_| worker()).collect();
        if workers.is_empty() {
            let f = f.clone();
            let made = move |(index, element): (usize, Result<T>)| f(element?).map_err(|error| at("map_parallel", index, error));
            return Box::new(elements.enumerate().map(made));
        }
        Box::new(Self { elements, shared, workers, sent: 0, given: 0, ended: false })
    }

    /// Hands out elements: one for each thread, and one more to follow it.
    fn hand_out(&mut self) {
        while !self.ended && self.sent - self.given < 2 * self.workers.len() {
            let Some(element) = self.elements.next() else {
                self.ended = true;
                return;
            };
            let mut state = self.shared.lock();
            match element {
                Ok(element) => state.waiting.push_back((self.sent, element)),
                Err(error) => drop(state.done.insert(self.sent, Ok(Err(error)))),
            }
            drop(state);
            self.shared.work.notify_one();
            self.sent += 1;
        }
    }
}

impl<T: Send + 'static, U: Send + 'static> Iterator for Workers<T, U> {
    type Item = Result<U>;

    fn next(&mut self) -> Option<Result<U>> {
        self.hand_out();
        if self.given == self.sent {
            return None;
        }
        let mut state = self.shared.lock();
        let outcome = loop {
            match state.done.remove(&self.given) {
                Some(outcome) => break outcome,
                None => state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(state);
        self.given += 1;
        Some(outcome.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<T, U> Drop for Workers<T, U> {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.work.notify_all();
        for worker in self.workers.drain(..) {
            // Its panics come with the elements.
            let _ = worker.join();
        }
    }
}
