//! The pictures of a folder: where they are, and their bytes when they are asked for.

use std::fmt::{self, Debug};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use practicum_core::data::Dataset;
use practicum_core::ndarray::{Array3, Array4};
use practicum_core::{Error, Result};

use super::find::Found;
use super::{OnBroken, Say};
use crate::datasets::LabeledImages;
use crate::picture::{LoadImg, load_img};

/// Skipped files that are named one by one; of more, only the count is said.
const NAMED: usize = 10;

/// A file that was left out, and why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: Error,
}

/// The pictures that [`ImageFolder::open`](super::ImageFolder::open) found: paths, classes and, when asked for, pixels.
///
/// ```
/// use practicum_vision::folder::ImageFolder;
///
/// # use practicum_core::ndarray::Array3;
/// # let root = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # for name in ["cats/a.png", "cats/b.png", "dogs/c.png"] {
/// #     let path = root.path().join(name);
/// #     std::fs::create_dir_all(path.parent().unwrap()).unwrap();
/// #     practicum_vision::picture::save_img(path, Array3::zeros((9, 8, 3)).view())?;
/// # }
/// let files = ImageFolder::for_flow(root.path()).target_size((16, 16)).open()?;
/// assert_eq!((files.len(), files.labels()), (3, [0, 0, 1].as_slice()));
/// assert!(files.path(2).ends_with("dogs/c.png"));
/// assert_eq!(files.picture(2)?.dim(), (16, 16, 3));
/// # Ok::<(), practicum_vision::Error>(())
/// ```
pub struct ImageFiles {
    paths: Vec<PathBuf>,
    labels: Vec<u32>,
    class_names: Arc<[String]>,
    load: LoadImg,
    on_broken: OnBroken,
    workers: usize,
    say: Option<Say>,
    /// The bytes of pictures that were decoded before, within the limit; nothing for those that are skipped.
    kept: Vec<OnceLock<Option<Arc<[u8]>>>>,
    room: AtomicUsize,
    skipped: Mutex<Vec<Skipped>>,
}

impl Debug for ImageFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageFiles").field("len", &self.len()).field("class_names", &self.class_names).finish_non_exhaustive()
    }
}

impl ImageFiles {
    pub(super) fn new(
        files: Vec<Found>,
        class_names: Vec<String>,
        load: LoadImg,
        on_broken: OnBroken,
        cache: usize,
        workers: usize,
        say: Option<Say>,
    ) -> Self {
        let (paths, labels): (Vec<_>, Vec<_>) = files.into_iter().map(|file| (file.path, file.label)).unzip();
        let kept = paths.iter().map(|_| OnceLock::new()).collect();
        let (room, skipped) = (AtomicUsize::new(cache), Mutex::default());
        Self { paths, labels, class_names: class_names.into(), load, on_broken, workers, say, kept, room, skipped }
    }

    /// How many pictures were found.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The names of the classes, in the order of their labels.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The class of each picture.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Where the pictures are.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Where a picture is; nowhere beyond the last.
    pub fn path(&self, index: usize) -> &Path {
        self.paths.get(index).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Height, width and channels of every picture.
    pub(crate) fn shape(&self) -> [usize; 3] {
        let (height, width) = self.load.size().unwrap_or_default();
        [height, width, self.load.channels()]
    }

    /// A picture [height, width, channels], from its file.
    ///
    /// # Errors
    /// Those of [`load_img`]; an index beyond the last.
    pub fn picture(&self, index: usize) -> Result<Array3<u8>> {
        match self.paths.get(index) {
            Some(path) => load_img(path, &self.load),
            None => Err(Error::argument(format!("there is no picture {index}: there are {}", self.len()))),
        }
    }

    /// The files that were left out until now.
    pub fn skipped(&self) -> Vec<Skipped> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All pictures, in memory; those that are skipped are not among them.
    ///
    /// # Errors
    /// A file that is no picture, where it is not to be skipped; not enough memory; no picture that could be read.
    pub fn load(self) -> Result<LabeledImages> {
        let [height, width, channels] = self.shape();
        let size = height * width * channels;
        let mut pixels = Vec::new();
        let room = size.checked_mul(self.len()).filter(|room| pixels.try_reserve_exact(*room).is_ok());
        if room.is_none() {
            let message = format!("no memory for {} pictures of {height} × {width} × {channels} bytes", self.len());
            return Err(Error::data(message).hint("make them smaller, or take batches"));
        }
        let files = Arc::new(self);
        let all: Vec<usize> = (0..files.len()).collect();
        let loader = files.clone();
        let pictures = Dataset::from(all).map_parallel(files.workers, move |index| Ok((index, loader.read(index)?)));
        let mut labels = Vec::with_capacity(files.len());
        for picture in pictures.iter() {
            if let (index, Some(bytes)) = picture? {
                pixels.extend_from_slice(&bytes);
                labels.push(files.labels[index]);
            }
        }
        files.tell_skipped();
        if labels.is_empty() {
            return Err(Error::data(format!("none of {} files could be read as a picture", files.len())));
        }
        let images = Array4::from_shape_vec((labels.len(), height, width, channels), pixels);
        let images = images.map_err(|cause| Error::shape(cause.to_string()).source(cause))?;
        LabeledImages::new(images, labels, files.class_names.iter().cloned())
    }

    /// The bytes of a picture, from memory or from its file; `None` where it is skipped.
    pub(crate) fn pixels(&self, index: usize) -> Result<Option<Arc<[u8]>>> {
        let kept = &self.kept[index];
        if let Some(pixels) = kept.get() {
            return Ok(pixels.clone());
        }
        let pixels: Option<Arc<[u8]>> = self.read(index)?.map(Into::into);
        let size = pixels.as_ref().map_or(0, |pixels| pixels.len());
        let fits = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(size)).is_ok();
        if fits {
            // Another thread's bytes of the same file are the same.
            let _ = kept.set(pixels.clone());
        }
        Ok(pixels)
    }

    fn read(&self, index: usize) -> Result<Option<Vec<u8>>> {
        match self.picture(index) {
            Ok(picture) => Ok(Some(picture.into_raw_vec_and_offset().0)),
            Err(error) if self.on_broken == OnBroken::Skip => {
                self.skip(index, error);
                Ok(None)
            }
            Err(error) => Err(error.hint("leave such files out with `.on_broken(OnBroken::Skip)`")),
        }
    }

    fn skip(&self, index: usize, error: Error) {
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        if skipped.iter().all(|file| file.path != self.paths[index]) {
            skipped.push(Skipped { path: self.paths[index].clone(), error });
        }
    }

    /// Says how many files were skipped, and names the first of them in the order of the files.
    pub(crate) fn tell_skipped(&self) {
        let (Some(say), mut skipped) = (&self.say, self.skipped()) else { return };
        if skipped.is_empty() {
            return;
        }
        skipped.sort_by(|a, b| a.path.cmp(&b.path));
        say(&format!("Skipped {} of {} files:", skipped.len(), self.len()));
        for file in skipped.iter().take(NAMED) {
            say(&format!("  {}", file.error.to_string().lines().next().unwrap_or_default()));
        }
        if skipped.len() > NAMED {
            say(&format!("  … and {} more", skipped.len() - NAMED));
        }
    }
}
