//! `fetch-data` against servers that break, lie and vanish.

mod broken;
mod hand;
mod line;
mod server;
mod trees;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::catalogue::Catalogue;
use super::http::{Network, Patience};
use super::progress::Progress;
use super::{Fetch, FetchArgs};

/// A data folder of its own, and a catalogue of one set, `numbers`, with one file, `numbers.bin`.
struct World {
    dir: TempDir,
    catalogue: Catalogue,
    patience: Patience,
    /// What all calls have said.
    log: Shared,
}

const PATIENCE: Patience =
    Patience { stall: Duration::from_secs(20), pause: Duration::from_millis(1), window: Duration::from_secs(60), slowest: 1 };

/// What one call of the command said.
#[derive(Debug)]
struct Said {
    /// The error at its end, if there was one.
    error: Option<String>,
    table: String,
    log: String,
}

/// Bytes that differ everywhere, longer than any buffer between server and file.
fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl World {
    /// Size and hash of the file are in the catalogue.
    fn new(urls: &[String]) -> Self {
        let content = content();
        Self::with(urls, &format!("bytes = {}\nsha256 = \"{}\"", content.len(), sha256(&content)))
    }

    /// The catalogue says this much of the file.
    fn with(urls: &[String], known: &str) -> Self {
        let set = "[[set]]\nid = \"numbers\"\ntitle = \"Numbers\"\nlicence = \"none\"\nweeks = [\"c1w2\"]";
        let text = format!("{set}\n[[set.file]]\nname = \"numbers.bin\"\nurls = {urls:?}\n{known}\n");
        let catalogue = Catalogue::from_toml(&text).unwrap();
        Self { dir: TempDir::new().unwrap(), catalogue, patience: PATIENCE, log: Shared::default() }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The file `numbers.bin`, or a companion of it.
    fn path(&self, ending: &str) -> PathBuf {
        self.data_dir().join("numbers").join(format!("numbers.bin{ending}"))
    }

    fn put(&self, ending: &str, bytes: &[u8]) {
        fs::create_dir_all(self.data_dir().join("numbers")).unwrap();
        fs::write(self.path(ending), bytes).unwrap();
    }

    fn fetch(&self) -> Said {
        self.run(&FetchArgs { names: vec!["numbers".to_owned()], ..FetchArgs::default() })
    }

    fn run(&self, args: &FetchArgs) -> Said {
        self.run_through(None, args)
    }

    fn run_through(&self, proxy: Option<ureq::Proxy>, args: &FetchArgs) -> Said {
        let network = Network::new(proxy, self.patience);
        let fetch = Fetch { catalogue: &self.catalogue, data_dir: self.data_dir(), network };
        let before = self.log.text().len();
        let mut table = Vec::new();
        let result = fetch.run(args, &mut Progress::lines(Box::new(self.log.clone())), &mut table);
        Said {
            error: result.err().map(|error| error.to_string()),
            table: String::from_utf8(table).unwrap(),
            log: self.log.text()[before..].to_owned(),
        }
    }

    /// The file is in place, whole, and nothing of the way there is left.
    #[track_caller]
    fn assert_whole(&self, said: &Said) {
        assert_eq!(said.error, None, "{}", said.log);
        assert!(fs::read(self.path("")).unwrap() == content(), "the file has another content");
        assert!(!self.path(".part").exists() && !self.path(".part.json").exists(), "the .part is still there");
    }

    /// Nothing has the file's name; returns the error.
    #[track_caller]
    fn assert_missing<'a>(&self, said: &'a Said) -> &'a str {
        assert!(!self.path("").exists(), "a file that is not whole and right has the final name");
        said.error.as_deref().expect("a file is missing, and the command says all is well")
    }

    /// `assert_missing`, and no bytes are left either.
    #[track_caller]
    fn assert_no_trace<'a>(&self, said: &'a Said) -> &'a str {
        assert!(!self.path(".part").exists() && !self.path(".part.json").exists(), "a useless .part is left");
        self.assert_missing(said)
    }
}

/// A log that the test can read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
