//! Files broken at random, for readers that must answer each with a value or an error.
//!
//! `FUZZ_SECONDS=600` gives every reader ten minutes instead of a moment, `FUZZ_SEED=7` other files than those of seed 1.

#![allow(clippy::panic, reason = "a test may fail")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use practicum_core::rng::{Key, KeyedRng};

/// How long a reader may compute over one file.
const AT_MOST: Duration = Duration::from_secs(2);

/// Numbers that sizes and counts are broken with.
const NUMBERS: [u64; 8] = [0, 1, 0x7f, 0xff, 1 << 16, 1 << 31, 1 << 32, u64::MAX];

/// Whole files, from which broken ones are made.
pub struct Fuzz {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
}

impl Fuzz {
    /// Broken files made of these whole ones.
    pub fn new<S: Into<Vec<u8>>>(name: &'static str, seeds: impl IntoIterator<Item = S>) -> Self {
        Self { name, seeds: seeds.into_iter().map(Into::into).collect(), words: &[] }
    }

    /// Texts that are put between the bytes, too.
    #[must_use]
    pub fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// Gives broken files to a reader for a moment, or for as long as `FUZZ_SECONDS` says; it tells whether a file could be read,
    /// or the text of its error. One line says what came of them.
    ///
    /// # Panics
    /// The reader panicked, computed for more than two seconds, or gave an error without a text: the file is kept, and named.
    pub fn run(&self, mut read: impl FnMut(&[u8]) -> Result<(), String>) {
        let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<f64>().ok());
        let time = Duration::from_secs_f64(number("FUZZ_SECONDS").unwrap_or(0.3));
        let seed = number("FUZZ_SEED").unwrap_or(1.0) as u64;
        for whole in &self.seeds {
            let answer = read(whole);
            assert!(answer.is_ok(), "{}: a whole file is refused: {answer:?}", self.name);
        }
        let (began, mut count, mut taken, mut slowest) = (Instant::now(), 0_u64, 0_u64, Duration::ZERO);
        while began.elapsed() < time {
            let file = self.broken(&mut Key::new(seed).fold_str(self.name).fold(count).rng());
            let before = computed();
            let answer = catch_unwind(AssertUnwindSafe(|| read(&file)));
            let took = computed().saturating_sub(before);
            slowest = slowest.max(took);
            let finding = match &answer {
                Err(_) => Some("it panicked".to_owned()),
                Ok(Err(error)) if error.trim().is_empty() => Some("an error without a text".to_owned()),
                Ok(Err(error)) if error.contains("cannot cope") => Some(format!("its decoder panicked: {error}")),
                _ if took > AT_MOST => Some(format!("it computed for {took:?}")),
                _ => None,
            };
            if let Some(finding) = finding {
                let kept = self.keep(&file, count);
                panic!("{}, file {count} of seed {seed}: {finding}; it is in {}", self.name, kept.display());
            }
            taken += u64::from(matches!(answer, Ok(Ok(()))));
            count += 1;
        }
        println!("{}: {count} files, {taken} read, {} errors, slowest {slowest:?}", self.name, count - taken);
    }

    fn keep(&self, file: &[u8], count: u64) -> PathBuf {
        let path = std::env::temp_dir().join(format!("fuzz-{}-{count}", self.name));
        // The panic tells how to make the file again, wherever it could not be written.
        let _ = std::fs::write(&path, file);
        path
    }

    /// A file with a few bytes changed, cut off, repeated, replaced by a number, or taken from another file.
    #[must_use]
    pub fn broken(&self, rng: &mut KeyedRng) -> Vec<u8> {
        let mut file = self.any(rng).clone();
        for _ in 0..=below(rng, 6) {
            let at = below(rng, file.len());
            let end = |length: usize| (at + length).min(file.len());
            match rng.below(11) {
                0 => file.truncate(at),
                1 => {
                    let part = file[at..end(below(rng, 64))].to_vec();
                    file.splice(at..at, part);
                }
                2 => {
                    let other = self.any(rng);
                    let from = below(rng, other.len());
                    let part = other[from..(from + below(rng, 64)).min(other.len())].to_vec();
                    file.splice(at..at, part);
                }
                3 => {
                    file.drain(at..end(below(rng, 16)));
                }
                4 => {
                    let width = [1, 2, 4, 8][below(rng, 4)];
                    let number = NUMBERS[below(rng, NUMBERS.len())];
                    let bytes = if rng.below(2) == 0 { number.to_le_bytes().to_vec() } else { number.to_be_bytes()[8 - width..].to_vec() };
                    file.splice(at..end(width), bytes[..width].iter().copied());
                }
                5 if !self.words.is_empty() => {
                    let word = self.words[below(rng, self.words.len())];
                    file.splice(at..end(below(rng, 4)), word.bytes());
                }
                6 => {
                    // Digits that become many, or few.
                    let digits = file[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let number =
                        [format!("{}", NUMBERS[below(rng, NUMBERS.len())]), "-1".into(), "1e39".into(), "NaN".into(), "0.5".into()];
                    file.splice(at..at + digits, number[below(rng, number.len())].bytes());
                }
                7 => file.iter_mut().skip(at).take(1).for_each(|byte| *byte = [0, 0xff, 0x7f, 0x80, b'\n', b'"'][below(rng, 6)]),
                _ => {
                    let bit = 1 << rng.below(8);
                    file.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
                }
            }
        }
        file
    }

    fn any(&self, rng: &mut KeyedRng) -> &Vec<u8> {
        &self.seeds[below(rng, self.seeds.len())]
    }
}

fn below(rng: &mut KeyedRng, bound: usize) -> usize {
    rng.below(bound.clamp(1, u32::MAX as usize) as u32) as usize
}

/// How long this thread has computed so far, where the system tells: a machine that is busy makes no reader slow.
fn computed() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
}
