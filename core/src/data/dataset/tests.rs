use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::*;
use crate::data::{BatchSource, Data};
use crate::model::{Fit, Sequential};
use crate::prelude::{Dense, Sgd};
use crate::{Error, Result, Tensor};

fn all<T: Send + 'static>(dataset: &Dataset<T>) -> Vec<T> {
    dataset.iter().collect::<Result<_>>().unwrap()
}

/// The same elements, one by one: nothing after this stage sees that they can be had in any order.
fn one_by_one<T: Send + 'static>(dataset: Dataset<T>) -> Dataset<T> {
    dataset.map(Ok)
}

fn failing_at(place: i64) -> Dataset<i64> {
    Dataset::range(0..6).map(move |number| if number == place { Err(Error::data("bad picture")) } else { Ok(number) })
}

#[test]
fn pipelines_travel_between_threads() {
    fn travels<T: Send + Sync>() {}
    travels::<Dataset<Tensor>>();
}

#[test]
fn shuffle_draws_from_its_buffer() {
    let n = 40;
    for buffer in [1, 2, 7, 40, usize::MAX] {
        let shuffled = Dataset::range(0..n).shuffle(buffer);
        for epoch in 0..20 {
            let order: Vec<i64> = shuffled.epoch(epoch).collect::<Result<_>>().unwrap();
            // At place p the buffer has seen the first p + buffer elements.
            for (place, number) in order.iter().enumerate() {
                assert!(*number as usize <= place.saturating_add(buffer - 1), "{buffer}: {order:?}");
            }
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, all(&Dataset::range(0..n)));
            assert_eq!(order == sorted, buffer == 1);
        }
    }
}

#[test]
fn a_buffer_for_all_makes_every_order_as_likely() {
    let (mut seen, three) = (BTreeMap::new(), Dataset::range(0..3).shuffle(3));
    for epoch in 0..6000 {
        *seen.entry(three.epoch(epoch).map(Result::unwrap).collect::<Vec<_>>()).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.values().all(|count| (850..1150).contains(count)), "{seen:?}");
}

#[test]
fn orders_depend_on_seed_epoch_and_round_alone() {
    let shuffled = |options: ShuffleOptions| Dataset::range(0..50).shuffle(options);
    let of = |dataset: &Dataset<i64>, epoch| dataset.epoch(epoch).collect::<Result<Vec<_>>>().unwrap();
    let (a, b) = (shuffled(20.into()), shuffled(ShuffleOptions::new(20).seed(7)));
    assert_eq!(of(&a, 3), of(&a.clone(), 3));
    assert!(of(&a, 3) != of(&a, 4) && of(&a, 3) != of(&b, 3));
    let always = shuffled(ShuffleOptions::new(20).reshuffle_each_iteration(false));
    assert_eq!(of(&always, 0), of(&always, 9));

    let rounds = of(&a.clone().repeat(2), 0);
    assert_eq!(rounds[..50], of(&a, 0));
    assert_ne!(rounds[..50], rounds[50..]);
    // Two shuffles in a row are two draws, and elements that come one by one are drawn as those of a slice.
    let twice = of(&Dataset::range(0..50).shuffle(50).shuffle(50), 0);
    assert_ne!(twice, of(&one_by_one(Dataset::range(0..50).shuffle(50)), 0));
    assert_eq!(of(&a, 5), of(&one_by_one(Dataset::range(0..50)).shuffle(20), 5));
}

#[test]
fn windows_are_the_same_over_slices_and_one_by_one() {
    for (n, size, shift, stride) in
        (0..9).flat_map(|n| (1..5).flat_map(move |size| (1..5).flat_map(move |shift| (1..4).map(move |stride| (n, size, shift, stride)))))
    {
        for drop in [false, true] {
            let options = WindowOptions::new(size).shift(shift).stride(stride).drop_remainder(drop);
            let of = |numbers: Dataset<i64>| {
                let windows = numbers.window(options);
                let contents: Vec<Vec<i64>> = all(&windows.clone().map(|window| window.iter().collect()));
                assert_eq!(windows.len(), Some(contents.len()), "{options:?}");
                contents
            };
            assert_eq!(of(Dataset::range(0..n)), of(one_by_one(Dataset::range(0..n))), "{n} {options:?}");
        }
    }
}

#[test]
fn windows_and_batches_of_arrays_share_their_memory() {
    let series = Tensor::arange(12).unwrap();
    let windows = Dataset::from_tensor_slices(&series).unwrap().window(WindowOptions::new(5).shift(1).drop_remainder(true));
    let batches = all(&windows.flat_map(|window| Ok(window.batch(5))));
    assert_eq!(batches.len(), 8);
    for (start, batch) in batches.iter().enumerate() {
        assert_eq!(batch.as_slice().as_ptr(), series.as_slice()[start..].as_ptr());
    }
    let pairs = Dataset::from_tensor_slices((&series, &series)).unwrap();
    let (x, y) = &all(&pairs.clone().skip(1).take(9).batch(4))[1];
    assert_eq!((x.as_slice().as_ptr(), y.len()), (series.as_slice()[5..].as_ptr(), 4));
    let strided = all(&pairs.window(WindowOptions::new(3).stride(4)).flat_map(|window| Ok(window.batch(3))));
    assert_eq!(strided[0].0.as_slice(), [0.0, 4.0, 8.0]);
}

#[test]
fn memory_of_batches_is_used_again() {
    let numbers = one_by_one(Dataset::range(0..64)).map(|number| Ok((number, number as f32))).batch(8);
    let mut places = std::collections::BTreeSet::new();
    for batch in &numbers {
        let (x, y) = batch.unwrap();
        places.extend([x.as_slice().as_ptr(), y.as_slice().as_ptr()]);
    }
    assert_eq!(places.len(), 2);
    let kept = all(&numbers);
    assert!(kept.iter().enumerate().all(|(place, (x, _))| x.as_slice()[0] == 8.0 * place as f32));
}

#[test]
fn bytes_are_scaled_when_their_turn_comes() {
    let pixels = Data::from_u8([3, 2], vec![0, 51, 102, 153, 204, 255]).unwrap().scaled(1.0 / 255.0);
    let batches = all(&Dataset::from_tensor_slices((pixels, [3, 1, 2])).unwrap().batch(2));
    let (x, y) = &batches[0];
    assert!(x.is_close(&Tensor::from([[0.0, 0.2], [0.4, 0.6]]), 1e-6, 0.0));
    assert_eq!(y.as_slice(), [3.0, 1.0]);
}

#[test]
fn every_component_is_padded_to_its_own_longest() {
    let of = |a: usize, b: usize| (Tensor::ones([a]).unwrap(), Tensor::ones([2, b]).unwrap());
    let batches = all(&Dataset::from(vec![of(1, 3), of(4, 1), of(2, 2)]).padded_batch(2));
    let (a, b) = &batches[0];
    assert_eq!((a.shape().dims(), b.shape().dims()), ([2, 4].as_slice(), [2, 2, 3].as_slice()));
    assert_eq!(a.as_slice(), [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(b.as_slice()[6..], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(batches[1].0.shape().dims(), [1, 2]);

    let empty = all(&Dataset::from(vec![vec![], vec![1.0_f32]]).padded_batch(2));
    assert_eq!(empty[0].as_slice(), [0.0, 1.0]);
    let nothing = all(&Dataset::from(vec![Vec::<f32>::new(), vec![]]).batch(2));
    assert_eq!(nothing[0].shape().dims(), [2, 0]);
}

#[test]
fn errors_travel_to_the_caller_and_the_next_elements_follow() {
    let _alone = alone();
    type Stage = Box<dyn Fn(Dataset<i64>) -> Dataset<i64>>;
    let stages: [Stage; 7] = [
        Box::new(|numbers| numbers),
        Box::new(|numbers| numbers.filter(|_| Ok(true))),
        Box::new(|numbers| numbers.shuffle(1)),
        Box::new(|numbers| numbers.prefetch(2)),
        Box::new(|numbers| numbers.map_parallel(3, Ok)),
        Box::new(|numbers| numbers.cache()),
        Box::new(|numbers| numbers.flat_map(|number| Ok(Dataset::from(vec![number])))),
    ];
    for stage in stages {
        let found: Vec<Result<i64>> = stage(failing_at(2)).iter().collect();
        let numbers: Vec<i64> = found.iter().filter_map(|number| number.as_ref().ok().copied()).collect();
        assert_eq!(numbers, [0, 1, 3, 4, 5]);
        let error = found[2].as_ref().unwrap_err();
        assert_eq!(error.to_string(), "map, element 2: bad picture");
    }
    let batches: Vec<_> = failing_at(2).batch(2).iter().map(|batch| batch.map(|batch| batch.to_vec())).collect();
    assert!(batches[1].is_err() && batches.len() == 4);
    assert_eq!(batches[2].as_ref().unwrap(), &[3.0, 4.0]);
}

#[test]
fn errors_of_each_stage_name_it() {
    let bad = || Error::data("bad");
    let of = |dataset: Dataset<i64>| dataset.iter().find_map(Result::err).unwrap().to_string();
    let numbers = || Dataset::range(0..3);
    assert_eq!(of(numbers().filter(move |_| Err(bad()))), "filter, element 0: bad");
    assert_eq!(of(numbers().flat_map(move |number| if number == 1 { Err(bad()) } else { Ok(numbers()) })), "flat_map, element 1: bad");
    assert_eq!(
        of(numbers().map_parallel(2, move |number| if number < 2 { Ok(number) } else { Err(bad()) })),
        "map_parallel, element 2: bad"
    );
    assert_eq!(of(Dataset::from_generator(move || Ok([Ok(0), Err(bad())]))), "from_generator, element 1: bad");
    assert_eq!(of(Dataset::from_generator(move || -> Result<Vec<Result<i64>>> { Err(bad()) })), "from_generator: bad");
    assert_eq!(of(numbers().shuffle(0)), "shuffle: buffer_size is 0: something must wait to be drawn from");
    assert_eq!(of(numbers().map_parallel(0, Ok)), "map_parallel: threads must be 1 to 1024, got 0");
    assert_eq!(of(numbers().assert_cardinality(4)), "assert_cardinality: expected 4 elements, got 3");

    let of = |dataset: Dataset<Tensor>| dataset.iter().find_map(Result::err).unwrap().to_string();
    assert_eq!(of(numbers().batch(0)), "batch: batch_size is 0: a batch has one element or more");
    assert_eq!(
        of(numbers().window(WindowOptions::new(2).shift(0)).flat_map(|w| Ok(w.batch(2)))),
        "window: shift is 0: it must be 1 or more"
    );
    let lengths = Dataset::from(vec![vec![1], vec![1, 2]]);
    assert!(of(lengths.batch(2)).starts_with("batch, element 0: element 0 has the shape [1], element 1 of the batch [2]"));
    let ranks = Dataset::from(vec![Tensor::scalar(1.0), Tensor::from([1.0])]);
    assert!(of(ranks.padded_batch(2)).contains("padding makes axes longer, it adds none"));
    assert!(of(Dataset::from(vec![1 << 24, (1 << 24) + 1]).batch(2)).contains("got 16777217 in element 1 of the batch"));
    let lengths = Dataset::from_tensor_slices((vec![1.0, 2.0], vec![1.0]));
    assert_eq!(lengths.unwrap_err().to_string(), "from_tensor_slices: the arrays have [2, 1] examples: they must be as many");
}

#[test]
fn a_single_element_is_neither_none_nor_two() {
    let of = |n: i64| Dataset::range(0..n).get_single_element().map_err(|error| error.to_string());
    assert_eq!(of(1), Ok(0));
    assert_eq!(of(0).unwrap_err(), "get_single_element: expected one element, there is none");
    assert_eq!(of(2).unwrap_err(), "get_single_element: expected one element, there are more");
}

#[test]
fn only_a_whole_pass_without_errors_is_cached() {
    let read = Arc::new(AtomicUsize::new(0));
    let counter = read.clone();
    let cached = Dataset::range(0..4)
        .map(move |number| match counter.fetch_add(1, Ordering::Relaxed) {
            1 => Err(Error::data("once")),
            _ => Ok(number),
        })
        .cache();
    let passes = [cached.iter().take(2).count(), cached.iter().count(), cached.iter().count(), cached.iter().count()];
    assert_eq!((passes, read.load(Ordering::Relaxed)), ([2, 4, 4, 4], 2 + 4));
    let failed = failing_at(1).cache();
    assert_eq!(failed.iter().filter(Result::is_err).count() + failed.iter().filter(Result::is_err).count(), 2);
}

#[test]
fn numbers_of_elements_are_known_where_they_can_be() {
    use Cardinality::{Infinite, Known, Unknown};
    let n = || Dataset::range(0..7);
    let unknown = || n().filter(|_| Ok(true));
    let found = [
        (n().take(3).cardinality(), Known(3)),
        (n().skip(9).cardinality(), Known(0)),
        (n().repeat(3).cardinality(), Known(21)),
        (n().repeat(usize::MAX).cardinality(), Infinite),
        (n().repeat_forever().skip(2).cardinality(), Infinite),
        (n().repeat_forever().take(5).cardinality(), Known(5)),
        (n().repeat_forever().zip(n()).cardinality(), Known(7)),
        (n().concatenate(n()).cardinality(), Known(14)),
        (unknown().concatenate(n().repeat_forever()).cardinality(), Infinite),
        (unknown().zip(n()).cardinality(), Unknown),
        (unknown().take(2).cardinality(), Unknown),
        (unknown().assert_cardinality(7).batch(2).cardinality(), Known(4)),
        (n().shuffle(3).map(Ok).cache().prefetch(1).enumerate().cardinality(), Known(7)),
        (n().flat_map(|_| Ok(Dataset::range(0..1))).cardinality(), Unknown),
        (n().filter(|_| Ok(true)).repeat_forever().cardinality(), Infinite),
    ];
    assert!(found.iter().all(|(got, expected)| got == expected), "{found:?}");
    let (from, to) = (3, -2);
    assert_eq!(Dataset::range(from..to).len(), Some(0));
    assert_eq!(Dataset::range(i64::MIN..i64::MAX).skip(3).iter().next().unwrap().unwrap(), i64::MIN + 3);
    assert!(all(&Dataset::range(0..0).repeat_forever()).is_empty());
    assert!(all(&unknown().filter(|_| Ok(false)).repeat_forever()).is_empty());
}

#[test]
fn absurd_options_do_no_harm() {
    let _alone = alone();
    let most = usize::MAX;
    let numbers = || one_by_one(Dataset::range(0..3));
    assert_eq!(all(&numbers().batch(most))[0].len(), 3);
    assert_eq!(all(&numbers().window(WindowOptions::new(most).stride(most).shift(most))).len(), 1);
    assert_eq!(all(&Dataset::range(0..3).window(WindowOptions::new(most).stride(most).shift(most))).len(), 1);
    assert_eq!(all(&numbers().take(most).skip(most).concatenate(Dataset::range(0..3).skip(most))).len(), 0);
    assert_eq!(all(&numbers().prefetch(most - 1)), [0, 1, 2]);
    assert_eq!(
        all(&Dataset::range(0..9).window(WindowOptions::new(2).stride(most / 2)).flat_map(move |window| Ok(window.window(most)))).len(),
        5
    );
}

/// Tests of threads count those of the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the system lists the threads of a process.
fn has_proc() -> bool {
    std::path::Path::new("/proc/self/task").exists()
}

/// Waits until pipelines have this many threads: the system takes a moment to name them, and to forget them.
fn expect_threads(expected: usize) {
    let count = || {
        let names = std::fs::read_dir("/proc/self/task").unwrap();
        let names = names.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.filter(|name| name.starts_with("practicum-pref") || name.starts_with("practicum-map_")).count()
    };
    let start = Instant::now();
    while count() != expected {
        assert!(start.elapsed() < Duration::from_secs(20), "{} threads, expected {expected}", count());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn no_thread_outlives_its_iterator() {
    let _alone = alone();
    if !has_proc() {
        return;
    }
    let endless = Dataset::range(0..5).repeat_forever().map_parallel(3, Ok).prefetch(2).map_parallel(2, Ok).batch(2).prefetch(1);
    for taken in [0, 1, 7] {
        let mut batches = endless.iter();
        assert_eq!(batches.by_ref().take(taken).count(), taken);
        expect_threads(3 + 1 + 2 + 1);
        drop(batches);
        expect_threads(0);
    }
    let mut ended = Dataset::range(0..5).map_parallel(3, Ok).prefetch(2).iter();
    assert_eq!(ended.by_ref().count(), 5);
    expect_threads(0);
    drop(ended);

    let mut source = endless.map(|x| Ok((x.clone(), x)));
    let (mut batch, cpu) = (crate::data::Batch::default(), crate::Cpu::default());
    for epoch in 0..3 {
        source.start_epoch(epoch).unwrap();
        assert!(source.next_batch(&mut batch, cpu.exec()).unwrap());
        expect_threads(7);
    }
    drop(source);
    expect_threads(0);
}

#[test]
fn panics_are_passed_on_and_leave_no_thread() {
    let _alone = alone();
    if !has_proc() {
        return;
    }
    let panicking = Dataset::range(0..9).map(|number| if number == 3 { panic!("no {number}") } else { Ok(number) });
    let stages = [
        panicking.clone(),
        panicking.clone().prefetch(2),
        panicking.clone().map_parallel(2, Ok),
        Dataset::range(0..9).map_parallel(3, |number| if number == 3 { panic!("no {number}") } else { Ok(number) }),
    ];
    for stage in stages {
        let panic = catch_unwind(AssertUnwindSafe(|| stage.iter().count())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("no 3"));
        expect_threads(0);
    }
}

#[test]
fn parallel_work_keeps_its_order() {
    let _alone = alone();
    let slow_first = Dataset::range(0..40).map_parallel(4, |number| {
        std::thread::sleep(Duration::from_micros(if number % 4 == 0 { 2000 } else { 50 }));
        Ok(number)
    });
    assert_eq!(all(&slow_first), all(&Dataset::range(0..40)));
}

fn line() -> (Tensor, Tensor) {
    let x = Tensor::new([10, 1], (0..10).map(|i| i as f32 / 10.0).collect()).unwrap();
    let y = x.scale(2.0).unwrap();
    (x, y)
}

fn neuron() -> Sequential {
    let mut model = Sequential::new().add(Dense::new(1));
    model.compile(Sgd::new(0.1), "mse", ["mae"]).unwrap();
    model
}

#[test]
fn a_pipeline_trains_evaluates_and_predicts_as_arrays_do() {
    let _alone = alone();
    let (x, y) = line();
    let weights = Tensor::new([10], (0..10).map(|i| i as f32).collect()).unwrap();
    let (mut by_arrays, mut by_pipeline) = (neuron(), neuron());
    let options = || Fit::new().epochs(3).quiet();
    let arrays = by_arrays.fit(&x, &y, options().batch_size(4).shuffle(false).sample_weight(&weights)).unwrap();
    let batches = one_by_one(Dataset::from_tensor_slices((&x, &y, &weights)).unwrap()).batch(4).prefetch(1);
    let pipeline = by_pipeline.fit(&batches, (), options()).unwrap();
    assert_eq!((arrays.get("loss"), arrays.get("mae")), (pipeline.get("loss"), pipeline.get("mae")));

    let pairs = Dataset::from_tensor_slices((&x, &y)).unwrap().batch(4);
    assert_eq!(by_arrays.predict(&x).unwrap(), by_pipeline.predict(&pairs).unwrap());
    assert_eq!(by_pipeline.predict(Dataset::from_tensor_slices(&x).unwrap().batch(3)).unwrap().shape().dims(), [10, 1]);
    let logs = by_pipeline.evaluate(&pairs, ()).unwrap();
    assert!((logs.get("mae").unwrap() - by_arrays.evaluate(&x, &y).unwrap().get("mae").unwrap()).abs() < 1e-6);
}

#[test]
fn an_endless_pipeline_needs_steps() {
    let (x, y) = line();
    let endless = Dataset::from_tensor_slices((&x, &y)).unwrap().shuffle(10).repeat_forever().batch(4);
    let error = neuron().fit(&endless, (), Fit::new().quiet()).unwrap_err();
    assert!(error.is_argument() && error.to_string().contains("say with steps_per_epoch how many to take"), "{error}");
    let mut model = neuron();
    let history = model.fit(&endless, (), Fit::new().epochs(2).steps_per_epoch(3).quiet()).unwrap();
    assert_eq!(history.get("loss").map(<[f64]>::len), Some(2));
    assert!(model.predict(&endless).unwrap_err().is_argument());
    assert!(model.evaluate(&endless, ()).unwrap_err().is_argument());
    assert!(model.evaluate(endless.take_batches(2), ()).is_ok());

    let bad = Dataset::from_tensor_slices((&x, &y)).unwrap().map(|_| -> Result<(Tensor, Tensor)> { Err(Error::data("bad")) }).batch(2);
    assert_eq!(model.fit(&bad, (), Fit::new().quiet()).unwrap_err().to_string(), "map, element 0: bad");
}
