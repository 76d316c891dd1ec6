use std::path::{Path, PathBuf};

use super::{Callback, Context, State};
use crate::{Error, Result};

/// The file in the folder of a backup.
const FILE: &str = "training.safetensors";

/// Keeps the state of a training in a folder, and goes on from there where a training was interrupted.
///
/// After each epoch the whole state is written: parameters, the optimizer's state and learning rate, the step, the order of
/// batches, and what the other callbacks have to know. The next `fit` with the same folder restores it and does the epochs
/// that are left: it ends with the same bits as a training that nothing interrupted. When a training ends without an error,
/// the backup is removed, as in Keras.
///
/// If a backup exists, `fit` refuses a second state to resume from, such as one given by [`Fit::resume`](crate::Fit::resume).
///
/// A model whose layers begin without an [`Input`](crate::layers::Input) cannot go on from batches of a source: it is built
/// too late.
///
/// ```no_run
/// use practicum_core::prelude::*;
///
/// # let (x, y) = (Tensor::ones([8, 1])?, Tensor::ones([8, 1])?);
/// let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
/// model.compile("adam", "mse", ())?;
/// model.fit(&x, &y, Fit::new().epochs(100).callback(BackupAndRestore::new("backup")))?;
/// # Ok::<(), practicum_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BackupAndRestore {
    folder: PathBuf,
    save_freq: usize,
    delete_checkpoint: bool,
}

impl BackupAndRestore {
    /// Keeps the state in this folder, which is made where it is missing.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().to_owned(), save_freq: 1, delete_checkpoint: true }
    }

    /// After how many epochs the state is written; 1 if not set.
    #[must_use]
    pub fn save_freq(mut self, epochs: usize) -> Self {
        self.save_freq = epochs;
        self
    }

    /// Whether the backup is removed when a training ends without an error; it is if not set.
    #[must_use]
    pub fn delete_checkpoint(mut self, delete: bool) -> Self {
        self.delete_checkpoint = delete;
        self
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

impl Callback for BackupAndRestore {
    fn name(&self) -> &str {
        "BackupAndRestore"
    }

    fn resume(&mut self) -> Result<Option<State>> {
        if self.save_freq == 0 {
            return Err(Error::argument("save_freq of BackupAndRestore is 0: it must be 1 or more"));
        }
        std::fs::create_dir_all(&self.folder).map_err(|source| Error::io("make the folder", &self.folder, source))?;
        let file = self.file();
        if file.exists() { State::load(file).map(Some) } else { Ok(None) }
    }

    fn wants_state(&self, epoch: usize) -> bool {
        (epoch + 1).is_multiple_of(self.save_freq)
    }

    fn on_state(&mut self, _epoch: usize, state: &State) -> Result<()> {
        state.save(self.file())
    }

    fn on_train_end(&mut self, cx: &mut Context<'_>) -> Result<()> {
        let file = self.file();
        if !self.delete_checkpoint || cx.has_failed() || !file.exists() {
            return Ok(());
        }
        std::fs::remove_file(&file).map_err(|source| Error::io("remove", &file, source))
    }
}
