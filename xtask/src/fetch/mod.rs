//! `fetch-data`: brings the course's data sets to this machine, and checks what came.

mod catalogue;
mod disk;
mod download;
mod given;
mod http;
mod progress;
mod table;
#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

pub(crate) use catalogue::{Catalogue, DataFile, DataSet};
use disk::{FolderLock, Found, Hash, Place};
use download::Order;
use given::Given;
use http::Network;
use progress::Progress;

/// Fetch data sets, and check those that are here
///
/// Without a name it lists what there is. A download that broke off goes on where it stopped; each file is checked by
/// size and SHA-256 before it gets its name, and a second call fetches nothing anew. Proxies are taken from
/// HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FetchArgs {
    /// Data sets, by name
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// All data sets of a week, such as c1w2; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) week: Vec<String>,

    /// All data sets of the course (about 2.2 GB)
    #[arg(long)]
    pub(crate) all: bool,

    /// Where the data lie [default: the workspace's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Take files you already have: NAME=FOLDER, NAME=FILE or NAME/FILE-NAME=FILE; may be given several times
    ///
    /// They are copied, and checked as a download is. What the folder lacks is fetched.
    #[arg(long, value_name = "NAME=PATH")]
    pub(crate) from: Vec<String>,
}

/// What became of one file.
#[derive(Debug)]
enum State {
    UpToDate,
    Fetched,
    Copied,
    /// Another file than expected lies in its place; it stays there.
    Differs(Error),
    Failed(Error),
}

/// One line of the table at the end.
struct Row {
    set: String,
    file: String,
    bytes: Option<u64>,
    state: State,
    hash: Hash,
}

/// Runs the command; fails when a file is missing or wrong at its end.
pub(crate) fn run(args: &FetchArgs) -> anyhow::Result<()> {
    let catalogue = Catalogue::built_in()?;
    let fetch = Fetch {
        catalogue: &catalogue,
        data_dir: args.data_dir.clone().unwrap_or_else(default_data_dir),
        network: Network::from_environment(),
    };
    Ok(fetch.run(args, &mut Progress::stderr(), &mut std::io::stdout().lock())?)
}

/// Where data lie unless told otherwise: `data` in the workspace this is run from, or else in the current folder.
pub(crate) fn default_data_dir() -> PathBuf {
    crate::workspace::root().unwrap_or_default().join("data")
}

struct Fetch<'a> {
    catalogue: &'a Catalogue,
    data_dir: PathBuf,
    network: Network,
}

impl Fetch<'_> {
    fn run(&self, args: &FetchArgs, progress: &mut Progress, out: &mut dyn Write) -> Result<()> {
        let given = Given::parse(&args.from, self.catalogue)?;
        let names: Vec<String> = args.names.iter().cloned().chain(given.sets().map(str::to_owned)).collect();
        let sets = self.catalogue.select(&names, &args.week, args.all)?;
        if names.is_empty() && args.week.is_empty() && !args.all {
            return shown(table::list(self.catalogue, &self.data_dir, out));
        }
        if sets.is_empty() {
            progress.say(&format!("{}: nothing to fetch, its data are part of the program", args.week.join(", ")));
            return Ok(());
        }
        let mut rows = Vec::new();
        for set in sets {
            progress.say(&format!("{}: {} (terms: {})", set.id, set.title, set.licence));
            if let Some(note) = &set.note {
                progress.say(&format!("  {note}"));
            }
            for file in &set.files {
                rows.push(self.file(set, file, given.path(&set.id, &file.name), progress));
            }
        }
        shown(table::outcome(&rows, out))?;
        verdict(rows)
    }

    /// Brings one file, and says what became of it.
    fn file(&self, set: &DataSet, file: &DataFile, given: Option<&Path>, progress: &mut Progress) -> Row {
        let folder = self.data_dir.join(&set.id);
        let place = Place::new(&folder, &file.name);
        let label = format!("{}/{}", set.id, file.name);
        let (state, hash) =
            self.bring(set, file, given, &place, &label, progress).unwrap_or_else(|error| (State::Failed(error), Hash::Known));
        if hash == Hash::Pinned {
            let compare = file.md5.as_ref().map_or(String::new(), |md5| format!("; its publisher gives the MD5 {md5}"));
            let sha256 = place.expected_sha256(file).unwrap_or_default();
            progress.say(&format!("{label}: no hash was known; remembered for later calls: sha256 {sha256}{compare}"));
        }
        let bytes = std::fs::metadata(&place.target).ok().map(|found| found.len()).or(file.bytes);
        Row { set: set.id.clone(), file: file.name.clone(), bytes, state, hash }
    }

    fn bring(
        &self,
        set: &DataSet,
        file: &DataFile,
        given: Option<&Path>,
        place: &Place,
        label: &str,
        progress: &mut Progress,
    ) -> Result<(State, Hash)> {
        // Looked at before the lock, so that a folder of finished files may be read-only.
        let found = match place.inspect(file)? {
            Found::Missing => None,
            found => Some(found),
        };
        let mut _lock = None;
        let found = match found {
            Some(found) => found,
            None => {
                let waiting =
                    || progress.say(&format!("{label}: another process is writing to {}; waiting for it", place.folder.display()));
                _lock = Some(FolderLock::acquire(&place.folder, waiting)?);
                place.inspect(file)?
            }
        };
        match found {
            Found::Good(hash) => return Ok((State::UpToDate, hash)),
            Found::Differs(why) => return Ok((State::Differs(why), Hash::Known)),
            Found::Missing => {}
        }
        let expected = place.expected_sha256(file);
        let hash = if expected.is_some() { Hash::Known } else { Hash::Pinned };
        let urls = set.urls(file);
        let order = Order { label, place, urls: &urls, bytes: file.bytes, sha256: expected.as_deref() };
        match given {
            Some(path) => order.copy(path, progress).map(|()| (State::Copied, hash)),
            None => order
                .download(&self.network, progress)
                .map(|()| (State::Fetched, hash))
                .map_err(|error| error.hint(format!("get the file in another way, then: fetch-data --from {label}=PATH"))),
        }
    }
}

/// The command's own end: good when all files are.
fn verdict(rows: Vec<Row>) -> Result<()> {
    let files = rows.len();
    let bad: Vec<Error> = rows
        .into_iter()
        .filter_map(|row| match row.state {
            State::Differs(error) | State::Failed(error) => Some(error),
            _ => None,
        })
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    let error = Error::data(format!("{} of {files} files are not what they should be", bad.len()));
    Err(bad.into_iter().fold(error, |error, one| error.note(one.to_string().replace('\n', "\n  "))))
}

/// A reader that has seen enough and closed the pipe is no failure.
fn shown(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::io("write to", Path::new("the output"), error)),
        _ => Ok(()),
    }
}
