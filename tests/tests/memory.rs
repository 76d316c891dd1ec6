//! A step in steady state allocates nothing that grows with the batch, and buffers stay as large as the largest step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]
#![allow(unsafe_code, reason = "an allocator that counts is an implementation of an unsafe trait")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{classifier, draw, pictures};
use practicum_core::callbacks::{Callback, Context};
use practicum_core::prelude::*;

/// The system's allocator, with a count of the bytes that were ever asked for, that are held, and that were held at most.
struct Counting;

static ASKED: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn count(size: usize) {
    ASKED.fetch_add(size, Ordering::Relaxed);
    PEAK.fetch_max(HELD.fetch_add(size, Ordering::Relaxed) + size, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the promises of this method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the promises of this method.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the promises of this method.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The counts are the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes asked for while `f` runs.
fn asked<T>(f: impl FnOnce() -> T) -> usize {
    let before = ASKED.load(Ordering::Relaxed);
    drop(f());
    ASKED.load(Ordering::Relaxed) - before
}

/// The test harness may print a line while a test counts; no tensor of these tests is as small.
const NOISE: usize = 4096;

fn compiled(metrics: [&str; 2]) -> Sequential {
    let mut model = classifier(42, &Cpu::new(2, Simd::detect()).unwrap());
    model.compile("adam", "sparse_categorical_crossentropy", metrics).unwrap();
    model
}

#[test]
fn a_step_allocates_nothing_that_grows_with_the_batch() {
    let _alone = alone();
    let step = |batch: usize| {
        let (x, y) = pictures(batch, 1);
        let (x, y) = (x.to_tensor().unwrap(), Tensor::from(y.iter().map(|class| *class as f32).collect::<Vec<_>>()));
        let mut model = compiled(["accuracy", "sparse_top_k_categorical_accuracy"]);
        (0..3).for_each(|_| drop(model.train_on_batch(&x, &y).unwrap()));
        asked(|| (0..20).for_each(|_| drop(model.train_on_batch(&x, &y).unwrap()))) / 20
    };
    let (small, large) = (step(32), step(256));
    assert!(small < NOISE && large < NOISE, "a step of 32 asks for {small} bytes, one of 256 for {large}");
}

#[test]
fn steps_over_words_pictures_and_sequences_allocate_nothing_that_grows_with_the_batch() {
    let _alone = alone();
    let words = |model: Sequential| {
        let model = model.add(Input::new([60])).add(Embedding::new(500, 16));
        model.add(GlobalAveragePooling1D::new()).add(Dense::new(3).activation(Activation::Softmax))
    };
    let maps = |model: Sequential| {
        let model = model.add(Input::new([14, 14, 3])).add(Conv2D::new(8, 3).padding(Padding::Same).activation(Activation::Relu));
        let model = model.add(MaxPooling2D::new(2)).add(Conv2D::new(6, 3)).add(MaxPooling2D::new((2, 3)).strides(2));
        model.add(Flatten::new()).add(Dense::new(3).activation(Activation::Softmax))
    };
    let sequences = |model: Sequential| {
        let model = model.add(Input::new([20, 5])).add(LSTM::new(12).return_sequences(true).dropout(0.2));
        model.add(Bidirectional::new(LSTM::new(7))).add(Dense::new(3).activation(Activation::Softmax))
    };
    type Build<'a> = &'a dyn Fn(Sequential) -> Sequential;
    let models: [(&str, Build<'_>, &[usize]); 3] =
        [("words", &words, &[60]), ("maps", &maps, &[14, 14, 3]), ("sequences", &sequences, &[20, 5])];
    for (name, build, example) in models {
        let step = |batch: usize| {
            let x = draw(Shape::new(&[&[batch], example].concat()).unwrap(), 1);
            let ids = |x: &Tensor| Tensor::new(x.shape(), x.as_slice().iter().map(|x| ((x + 1.0) * 250.0).floor()).collect()).unwrap();
            let x = if name == "words" { ids(&x) } else { x };
            let y = Tensor::from((0..batch).map(|row| (row % 3) as f32).collect::<Vec<_>>());
            let mut model = build(Sequential::new().with_cpu(&Cpu::new(2, Simd::detect()).unwrap()));
            model.compile("adam", "sparse_categorical_crossentropy", "accuracy").unwrap();
            (0..3).for_each(|_| drop(model.train_on_batch(&x, &y).unwrap()));
            asked(|| (0..20).for_each(|_| drop(model.train_on_batch(&x, &y).unwrap()))) / 20
        };
        let (small, large) = (step(16), step(128));
        assert!(small < NOISE && large < NOISE, "{name}: a step of 16 asks for {small} bytes, one of 128 for {large}");
    }
}

/// The bytes asked for between the ends of successive batches.
#[derive(Default)]
struct PerBatch {
    last: usize,
    most: usize,
}

impl Callback for PerBatch {
    fn on_batch_end(&mut self, step: usize, _loss: f64, _cx: &mut Context<'_>) -> Result<()> {
        let now = ASKED.load(Ordering::Relaxed);
        if step >= 2 {
            self.most = self.most.max(now - self.last);
        }
        self.last = now;
        Ok(())
    }
}

#[test]
fn a_batch_of_fit_allocates_nothing_that_grows_with_the_batch() {
    let _alone = alone();
    for batch_size in [32, 256] {
        let (x, y) = pictures(batch_size * 8, 2);
        let mut per_batch = PerBatch::default();
        let mut model = compiled(["accuracy", "sparse_categorical_accuracy"]);
        model.fit(x, y, Fit::new().epochs(2).batch_size(batch_size).quiet().callback(&mut per_batch)).unwrap();
        assert!(per_batch.most < NOISE, "a batch of {batch_size} asks for {} bytes", per_batch.most);
    }
}

#[test]
fn an_epoch_of_more_batches_asks_for_their_order_alone() {
    let _alone = alone();
    let epoch = |examples: usize| {
        let (x, y) = pictures(examples, 2);
        let mut model = compiled(["accuracy", "sparse_categorical_accuracy"]);
        model.fit(&x, y.clone(), Fit::new().batch_size(64).quiet()).unwrap();
        asked(|| model.fit(&x, y, Fit::new().batch_size(64).quiet()).unwrap())
    };
    let (few, many) = (epoch(256), epoch(1024));
    let order = (1024 - 256) * size_of::<u32>();
    assert!(many <= few + order + NOISE, "an epoch of 256 examples asks for {few} bytes, one of 1024 for {many}");
}

#[test]
fn a_prediction_allocates_its_output_and_one_batch() {
    let _alone = alone();
    let (x, _) = pictures(2048, 3);
    let model = compiled(["accuracy", "sparse_categorical_accuracy"]);
    model.predict(&x).unwrap();
    let asked = asked(|| model.predict(&x).unwrap());
    // A vector that grows by doubling asks for twice its length in all, and is copied once at most; the order has 4 bytes an example.
    let (output, batch, order) = (2048 * 10 * 4, 32 * 784 * 4, 2048 * 4);
    assert!(asked <= 4 * output + batch + 2 * order + NOISE, "{asked} bytes for an output of {output}");
}

#[test]
fn a_thousand_random_lengths_stay_within_the_largest() {
    let _alone = alone();
    let build = || {
        let mut model = Sequential::new()
            .add(Input::open([None, Some(16)]))
            .add(Dense::new(64).activation(Activation::Tanh))
            .add(Dropout::new(0.1))
            .add(Dense::new(16));
        model.compile("adam", "mse", ["mae"]).unwrap();
        model
    };
    let of = |batch: usize, steps: usize| (draw([batch, steps, 16], 1), draw([batch, steps, 16], 2));
    let held = || HELD.load(Ordering::Relaxed);

    let (x, y) = of(64, 64);
    let before = held();
    let mut largest = build();
    largest.train_on_batch(&x, &y).unwrap();
    let (bound, alone) = (largest.workspace_len(), held() - before);
    drop((largest, x, y));

    let mut model = build();
    let mut lengths = vec![0.0; 2000];
    practicum_core::rng::Key::new(5).fill_uniform(&mut lengths);
    let before = held();
    PEAK.store(before, Ordering::Relaxed);
    let mut grown = 0;
    for (step, pair) in lengths.chunks(2).enumerate() {
        let [batch, steps] = [pair[0], pair[1]].map(|share| 1 + (share * 64.0) as usize);
        let (x, y) = of(batch, steps);
        model.train_on_batch(&x, &y).unwrap();
        assert!(model.workspace_len() >= grown && model.workspace_len() <= bound, "step {step}");
        grown = model.workspace_len();
    }
    let (x, y) = of(64, 64);
    model.train_on_batch(&x, &y).unwrap();
    assert_eq!(model.workspace_len(), bound);
    drop((x, y));

    // Above what one largest step holds there are seven more programs, which are lists and no buffers; and at the peak the
    // tensors of one batch and an arena that grows.
    let kept = held() - before;
    assert!(kept <= alone + 128 * 1024, "{kept} bytes are held, {alone} after one step");
    let peak = PEAK.load(Ordering::Relaxed) - before;
    assert!(peak <= 2 * alone + 128 * 1024, "at most {peak} bytes were held, {alone} after one step");
}
