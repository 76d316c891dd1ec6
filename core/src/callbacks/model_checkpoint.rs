use std::path::{Path, PathBuf};

use super::watched::{Watched, watching};
use super::{Callback, Context, Logs, Monitor, State};
use crate::{Error, Result};

/// Writes the weights of the model to a safetensors file after an epoch: after each, or after those that were the best.
///
/// The path may hold `{epoch}`, counted from 1, and the name of any log, each with a width or a number of decimals:
/// `weights-{epoch:03}-{val_loss:.4}.safetensors`. A folder that is missing is made.
/// [`load_weights`](crate::Model::load_weights) reads them; for all that a training needs to go on, see
/// [`BackupAndRestore`](super::BackupAndRestore).
///
/// Defaults as in Keras: `val_loss` is watched, every epoch is written.
///
/// ```
/// use practicum_core::callbacks::ModelCheckpoint;
///
/// let best = ModelCheckpoint::new("best.safetensors").monitor("val_accuracy").save_best_only(true);
/// ```
#[derive(Clone, Debug)]
pub struct ModelCheckpoint {
    path: PathBuf,
    watched: Watched,
    save_best_only: bool,
    save_freq: usize,
    initial_value_threshold: Option<f64>,
}

watching!(ModelCheckpoint);

const NAME: &str = "ModelCheckpoint";

impl ModelCheckpoint {
    /// Writes to this file, whose name may depend on the epoch and its logs.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let watched = Watched::new(NAME, "val_loss", 0.0, 0);
        Self { path: path.as_ref().to_owned(), watched, save_best_only: false, save_freq: 1, initial_value_threshold: None }
    }

    /// The log that says which epoch is the best; `val_loss` if not set.
    #[must_use]
    pub fn monitor(mut self, monitor: &str) -> Self {
        self.watched.watch(monitor);
        self
    }

    /// Whether only epochs are written that are better than all before.
    #[must_use]
    pub fn save_best_only(mut self, only: bool) -> Self {
        self.save_best_only = only;
        self
    }

    /// After how many epochs the weights are written; 1 if not set.
    #[must_use]
    pub fn save_freq(mut self, epochs: usize) -> Self {
        self.save_freq = epochs;
        self
    }

    /// A value that the first epoch has to beat to be written as the best.
    #[must_use]
    pub fn initial_value_threshold(mut self, value: f64) -> Self {
        self.initial_value_threshold = Some(value);
        self
    }
}

impl Callback for ModelCheckpoint {
    fn name(&self) -> &str {
        NAME
    }

    fn monitored(&self) -> Option<Monitor<'_>> {
        self.save_best_only.then(|| self.watched.monitored())
    }

    fn state(&self) -> State {
        if self.save_best_only { self.watched.state() } else { State::new() }
    }

    fn set_state(&mut self, state: &State) -> Result<()> {
        if self.save_best_only { self.watched.set_state(state) } else { Ok(()) }
    }

    fn on_train_begin(&mut self, cx: &mut Context<'_>) -> Result<()> {
        if self.save_freq == 0 {
            return Err(Error::argument(format!("save_freq of {NAME} is 0: it must be 1 or more")));
        }
        crate::io::not_of_keras(&self.path).map_err(|error| error.context(NAME))?;
        if self.save_best_only {
            super::watched::check_number("initial_value_threshold", NAME, self.initial_value_threshold)?;
            self.watched.begin(cx)?;
            self.watched.best = self.initial_value_threshold.unwrap_or(self.watched.best);
        }
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        if !(epoch + 1).is_multiple_of(self.save_freq) {
            return Ok(());
        }
        if self.save_best_only && !logs.get(self.watched.name()).is_some_and(|value| self.watched.gains(value)) {
            return Ok(());
        }
        let path = path_of(&self.path, epoch, logs).map_err(|error| error.context(NAME))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| Error::io("make the folder", folder, source))?;
        }
        cx.model().save_weights(path)
    }
}

/// The path with the epoch and the logs that it names.
fn path_of(template: &Path, epoch: usize, logs: &Logs) -> Result<PathBuf> {
    // What is not UTF-8 names no log.
    let Some(text) = template.to_str().filter(|text| text.contains('{')) else { return Ok(template.to_owned()) };
    let (mut path, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let unclosed = || Error::argument(format!("the path {text} has a {{ without its }}"));
        let (field, after) = after.split_once('}').ok_or_else(unclosed)?;
        let (name, form) = field.split_once(':').unwrap_or((field, ""));
        let misfit = || Error::argument(format!("the path {text} has the format `{form}`: known are widths as `03` and decimals as `.4`"));
        path.push_str(before);
        path.push_str(&match (name, form.strip_prefix('.')) {
            ("epoch", None) => {
                let width: usize = if form.is_empty() { 0 } else { form.trim_end_matches('d').parse().map_err(|_| misfit())? };
                if width > 20 {
                    return Err(misfit());
                }
                if form.starts_with('0') { format!("{:0width$}", epoch + 1) } else { format!("{:width$}", epoch + 1) }
            }
            (name, decimals) => {
                let value = logs.get(name).ok_or_else(|| Error::unknown("log", name, logs.names().into_iter().chain(["epoch"])))?;
                match decimals {
                    None if form.is_empty() => value.to_string(),
                    None => return Err(misfit()),
                    Some(decimals) => {
                        let decimals: usize = decimals.trim_end_matches('f').parse().map_err(|_| misfit())?;
                        if decimals > 20 {
                            return Err(misfit());
                        }
                        format!("{value:.decimals$}")
                    }
                }
            }
        });
        rest = after;
    }
    path.push_str(rest);
    Ok(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_path_are_made() {
        use crate::prelude::*;

        let folder = tempfile::tempdir().unwrap();
        let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
        model.compile("sgd", "mse", ()).unwrap();
        let checkpoint = ModelCheckpoint::new(folder.path().join("{epoch}/best/w.safetensors"));
        model.fit([[1.0_f32], [2.0]], [[3.0_f32], [4.0]], Fit::new().epochs(2).quiet().callback(checkpoint)).unwrap();
        assert!(folder.path().join("1/best/w.safetensors").is_file() && folder.path().join("2/best/w.safetensors").is_file());
    }

    #[test]
    fn names_of_files_of_keras_are_refused_before_the_first_epoch() {
        use crate::prelude::*;

        let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
        model.compile("sgd", "mse", ()).unwrap();
        let before = model.training_state().unwrap();
        for (name, better) in [("kept/w-{epoch}.weights.h5", "`kept/w-{epoch}.safetensors`"), ("a.v2.keras", "`a.v2.safetensors`")] {
            let fit = Fit::new().quiet().callback(ModelCheckpoint::new(name));
            let error = model.fit([[1.0_f32], [2.0]], [[3.0_f32], [4.0]], fit).unwrap_err().to_string();
            assert!(error.contains(NAME) && error.contains(better), "{error}");
            assert_eq!(model.training_state().unwrap(), before);
        }
    }

    #[test]
    fn paths_take_epoch_and_logs() {
        let logs: Logs = [("loss".to_owned(), 0.5), ("val_loss".to_owned(), 1.0 / 3.0)].into_iter().collect();
        let of = |path: &str| path_of(Path::new(path), 8, &logs);
        for (template, path) in [
            ("w", "w"),
            ("w-{epoch}", "w-9"),
            ("w-{epoch:03}-{val_loss:.2f}.safetensors", "w-009-0.33.safetensors"),
            ("{epoch:02d}/{loss}", "09/0.5"),
        ] {
            assert_eq!(of(template).unwrap(), Path::new(path));
        }
        for (wrong, words) in
            [("{acc}", "val_loss"), ("{epoch", "without"), ("{loss:x}", "`x`"), ("{epoch:999}", "`999`"), ("{loss:.9999}", "`.9999`")]
        {
            let error = of(wrong).unwrap_err().to_string();
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }
}
