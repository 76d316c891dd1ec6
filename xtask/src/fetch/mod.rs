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
mod unpack;

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

pub(crate) use catalogue::{Catalogue, DataFile, DataSet};
use disk::{FolderLock, Found, Hash, Place, Way};
use download::Order;
use given::Given;
use http::{Network, Patience};
use progress::Progress;
use unpack::Unpacking;

use crate::data;

/// Fetch data sets, and check those that are here
///
/// Without a name it lists what there is. A download that broke off goes on where it stopped; each file is checked by
/// size and SHA-256 before it gets its name, archives of pictures are unpacked, and a second call fetches nothing anew.
/// Proxies are taken from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.
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
    /// They are copied, and checked as a download is; an archive may also be the folder that it unpacks to. What the folder
    /// lacks is fetched.
    #[arg(long, value_name = "NAME=PATH")]
    pub(crate) from: Vec<String>,

    /// Give up a server that sends fewer bytes per second, over a minute
    #[arg(long, value_name = "BYTES", default_value_t = 256)]
    pub(crate) min_speed: u64,
}

/// What became of one file.
#[derive(Debug)]
enum State {
    UpToDate,
    Fetched,
    Copied,
    Unpacked,
    /// Another file than the catalogue's, with what the weeks read from it.
    Equal,
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
        network: Network::from_environment(Patience::usual(args.min_speed)),
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
            let mut files: Vec<Row> =
                set.files.iter().map(|file| self.file(set, file, given.path(&set.id, &file.name), progress)).collect();
            self.accept(set, &mut files);
            rows.append(&mut files);
        }
        shown(table::outcome(&rows, out))?;
        verdict(rows)
    }

    /// Takes other files than the catalogue's where the weeks read the right content from them.
    fn accept(&self, set: &DataSet, rows: &mut [Row]) {
        let differs = |row: &Row| matches!(row.state, State::Differs(_));
        if rows.iter().any(differs) && data::find(&set.id).is_ok_and(|known| known.verify(&self.data_dir.join(&set.id)).is_ok()) {
            rows.iter_mut().filter(|row| differs(row)).for_each(|row| row.state = State::Equal);
        }
    }

    /// Brings one file, and says what became of it.
    fn file(&self, set: &DataSet, file: &DataFile, given: Option<&Path>, progress: &mut Progress) -> Row {
        let folder = self.data_dir.join(&set.id);
        let place = Place::new(&folder, &file.name);
        let label = format!("{}/{}", set.id, file.name);
        let (state, hash) =
            self.bring(set, file, given, &place, &label, progress).unwrap_or_else(|error| (State::Failed(error), Hash::Known));
        if let Hash::Pinned(way) = hash {
            let compare = file.md5.as_ref().map_or(String::new(), |md5| format!("; its publisher gives the MD5 {md5}"));
            let sha256 = place.expected_sha256(file).unwrap_or_default();
            let what = match way {
                Way::Disk => "the file that is here",
                Way::Encrypted => "what came",
                Way::Open => "what came over an unencrypted line, where anyone on the way could have changed it,",
            };
            progress.say(&format!("warning: {label}: no hash was known; {what} is trusted from now on: sha256 {sha256}{compare}"));
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
        let archive = file.tree.as_deref().map(|tree| Unpacking { archive: &place.target, folder: &place.folder, tree });
        // Looked at before the lock, so that a folder of finished files may be read-only.
        if archive.as_ref().is_some_and(Unpacking::is_done) {
            return Ok((State::UpToDate, Hash::Known));
        }
        let found = match place.inspect(file)? {
            Found::Good(_) if archive.is_some() => None,
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
        let expected = place.expected_sha256(file);
        let hash = |way| if expected.is_some() { Hash::Known } else { Hash::Pinned(way) };
        let urls = set.urls(file);
        let order = Order { label, place, urls: &urls, bytes: file.bytes, sha256: expected.as_deref() };
        let by_hand = |error: Error| error.hint(format!("get the file in another way, then: fetch-data --from {label}=PATH"));
        if let Some(archive) = &archive {
            return self.bring_tree(archive, &found, &order, given, progress);
        }
        match found {
            Found::Good(hash) => Ok((State::UpToDate, hash)),
            Found::Differs(why) => Ok((State::Differs(why), Hash::Known)),
            Found::Missing => Ok(match given {
                Some(path) => order.copy(path, progress).map(|()| (State::Copied, hash(Way::Disk)))?,
                None => order.download(&self.network, progress).map(|way| (State::Fetched, hash(way))).map_err(by_hand)?,
            }),
        }
    }

    /// Brings the folder that an archive becomes. An archive that was brought for that does not stay.
    fn bring_tree(
        &self,
        archive: &Unpacking<'_>,
        found: &Found,
        order: &Order<'_>,
        given: Option<&Path>,
        progress: &mut Progress,
    ) -> Result<(State, Hash)> {
        // Another process may have unpacked it while this one waited for the lock.
        if archive.is_done() {
            return Ok((State::UpToDate, Hash::Known));
        }
        let way = match (found, given) {
            (Found::Good(hash), _) => return archive.run(order.label, progress).map(|()| (State::Unpacked, *hash)),
            (Found::Differs(why), _) => return Ok((State::Differs(why.clone()), Hash::Known)),
            (Found::Missing, Some(path)) if path.is_dir() => {
                unpack::copy_tree(path, archive.folder, archive.tree)?;
                return Ok((State::Copied, Hash::Known));
            }
            (Found::Missing, Some(path)) => order.copy(path, progress).map(|()| Way::Disk)?,
            (Found::Missing, None) => order.download(&self.network, progress)?,
        };
        archive.run(order.label, progress)?;
        std::fs::remove_file(archive.archive).map_err(|error| Error::io("remove", archive.archive, error))?;
        Ok((State::Unpacked, if order.sha256.is_some() { Hash::Known } else { Hash::Pinned(way) }))
    }
}

/// The command's own end: good when all files are.
fn verdict(rows: Vec<Row>) -> Result<()> {
    let files = rows.len();
    let (mut differ, mut failed) = (Vec::new(), Vec::new());
    for row in rows {
        match row.state {
            State::Differs(error) => differ.push(error),
            State::Failed(error) => failed.push(error),
            _ => {}
        }
    }
    let message = match (differ.len(), failed.len()) {
        (0, 0) => return Ok(()),
        (0, failed) => format!("{failed} of {files} files could not be brought"),
        (differ, 0) => format!("{differ} of {files} files are not the ones expected"),
        (differ, failed) => format!("{failed} of {files} files could not be brought, {differ} are not the ones expected"),
    };
    let notes = differ.into_iter().chain(failed).map(|error| error.to_string().replace('\n', "\n  "));
    Err(notes.fold(Error::data(message), Error::note))
}

/// A reader that has seen enough and closed the pipe is no failure.
fn shown(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::io("write to", Path::new("the output"), error)),
        _ => Ok(()),
    }
}
