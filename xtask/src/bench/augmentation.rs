//! Workloads of the way from files to batches: photographs decoded, resized and transformed, on one thread and on all.

use std::time::Instant;

use anyhow::{Result, ensure};
use practicum_core::Cpu;
use practicum_vision::augment::ImageDataGenerator;
use practicum_vision::datasets::LabeledImages;
use practicum_vision::folder::ImageFolder;
use practicum_vision::picture::{Interpolation, LoadImg, load_img};

use super::measure::{Bench, Case, OURS};

const SIDE: usize = 150;
const BATCH: usize = 20;

/// The transforms of the course's weeks with augmentation.
fn generator() -> ImageDataGenerator {
    ImageDataGenerator::new()
        .rescale(1.0 / 255.0)
        .rotation_range(40.0)
        .width_shift_range(0.2)
        .height_shift_range(0.2)
        .shear_range(0.2)
        .zoom_range(0.2)
        .horizontal_flip(true)
}

/// Decodes and resizes all photographs a call, as each of several programs' defaults would.
pub(super) fn decoding(bench: &mut Bench) -> Result<()> {
    let files = ImageFolder::new(bench.photographs()).open()?;
    let paths = files.paths();
    let start = Instant::now();
    std::hint::black_box(load_img(&paths[0], &LoadImg::new())?);
    let first = start.elapsed().as_secs_f64();
    let case = |measure, options: LoadImg| {
        let call = move || {
            for path in paths {
                std::hint::black_box(load_img(path, &options)?);
            }
            Ok(())
        };
        Case { measure, by: OURS, steps: paths.len(), samples: 1, flops: 0.0, call: Box::new(call) }
    };
    let small = LoadImg::new().target_size((SIDE, SIDE));
    let one = Cpu::new(1, bench.cpu().simd())?;
    let cases = vec![
        case("decode, on straight lines to 150×150", small.interpolation(Interpolation::Bilinear)),
        case("decode, nearest pixels to 150×150", small),
        case("decode alone", LoadImg::new()),
    ];
    bench.measure_on(&one, cases)?;
    bench.first(first);
    Ok(())
}

fn set(bench: &Bench) -> Result<LabeledImages> {
    Ok(ImageFolder::new(bench.photographs()).target_size((SIDE, SIDE)).load()?)
}

/// Transforms all photographs a call, from bytes in memory to batches, on one thread.
pub(super) fn transforms(bench: &mut Bench) -> Result<()> {
    let set = set(bench)?;
    let batches = generator().flow(&set)?.batch_size(BATCH).workers(1);
    let one = Cpu::new(1, bench.cpu().simd())?;
    epochs(bench, &one, set.len(), batches)
}

/// The same on all threads.
pub(super) fn transforms_on_all(bench: &mut Bench) -> Result<()> {
    let set = set(bench)?;
    let cpu = bench.cpu();
    let batches = generator().flow(&set)?.batch_size(BATCH).workers(cpu.threads());
    epochs(bench, &cpu, set.len(), batches)
}

/// From files to transformed batches on all threads, nothing kept from one epoch to the next.
pub(super) fn files_to_batches(bench: &mut Bench) -> Result<()> {
    let cpu = bench.cpu();
    let folder = ImageFolder::for_flow(bench.photographs()).target_size((SIDE, SIDE)).batch_size(BATCH).cache(0).workers(cpu.threads());
    let batches = generator().flow_from_directory(&folder)?;
    epochs(bench, &cpu, batches.len(), batches)
}

fn epochs(bench: &mut Bench, cpu: &Cpu, pictures: usize, batches: practicum_vision::batches::PictureBatches) -> Result<()> {
    let start = Instant::now();
    ensure!(batches.epoch(0).next().transpose()?.is_some(), "no batch");
    let first = start.elapsed().as_secs_f64();
    let mut epoch = 0;
    let call = Box::new(move || {
        epoch += 1;
        batches.epoch(epoch).try_for_each(|batch| {
            std::hint::black_box(batch?);
            Ok(())
        })
    });
    bench.measure_on(cpu, vec![Case { measure: "a picture", by: OURS, steps: pictures, samples: 1, flops: 0.0, call }])?;
    bench.first(first);
    Ok(())
}
