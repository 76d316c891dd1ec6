use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Callback, Context, Logs};
use crate::{Error, Result};

/// Writes a line an epoch to a CSV file: the epoch, the logs of the training and its validation, then what callbacks added
/// to the logs of the first epoch. A cell is empty where an epoch has no number.
///
/// Each line is on its way to the disk before the next epoch begins, so a training that is cut off keeps its log.
#[derive(Debug)]
pub struct CsvLogger {
    path: PathBuf,
    append: bool,
    /// The columns of the lines that are in the file already.
    header: Option<String>,
    /// Whether the last of these lines has an end.
    ended: bool,
    open: Option<(File, Vec<String>)>,
}

impl CsvLogger {
    /// Writes to this file, in place of what is in it.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), append: false, header: None, ended: true, open: None }
    }

    /// Adds to the end of the file, if it exists: its columns must be the same.
    #[must_use]
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    /// The header of the file that lines are added to, and whether its last line has an end.
    fn read_header(&self) -> Result<(Option<String>, bool)> {
        // A pipe or a device has nothing to add to.
        if std::fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
            return Ok((None, true));
        }
        match std::fs::read_to_string(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((None, true)),
            read => {
                let text = read.map_err(|source| Error::io("read", &self.path, source))?;
                Ok((text.lines().next().map(str::to_owned), text.is_empty() || text.ends_with('\n')))
            }
        }
    }

    fn other_columns(path: &Path, old: &str, new: &str) -> Error {
        let path = path.display();
        Error::format(format!("{path} has the columns {old}, and this training would write {new}"))
            .context("CsvLogger")
            .hint("write to another file, or without `append`")
    }
}

impl Callback for CsvLogger {
    fn on_train_begin(&mut self, cx: &mut Context<'_>) -> Result<()> {
        (self.header, self.ended) = if self.append { self.read_header()? } else { (None, true) };
        if let Some(header) = &self.header {
            // Callbacks may add columns at the end of the first epoch.
            let expected = format!("epoch,{}", cx.log_names().join(","));
            if header.strip_prefix(&expected).is_none_or(|rest| !rest.is_empty() && !rest.starts_with(',')) {
                return Err(Self::other_columns(&self.path, header, &expected));
            }
        }
        // What is in it stays until there is a line to write.
        let file = OpenOptions::new().create(true).write(true).append(self.append).truncate(false).open(&self.path);
        self.open = Some((file.map_err(|source| Error::io("write", &self.path, source))?, Vec::new()));
        Ok(())
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, cx: &mut Context<'_>) -> Result<()> {
        let Some((file, names)) = &mut self.open else { return Ok(()) };
        let mut text = String::new();
        if names.is_empty() {
            names.extend(cx.log_names().iter().cloned());
            let added: Vec<String> =
                logs.names().into_iter().filter(|name| !names.iter().any(|known| known == name)).map(str::to_owned).collect();
            names.extend(added);
            let new = format!("epoch,{}", names.join(","));
            match &self.header {
                Some(old) if *old != new => return Err(Self::other_columns(&self.path, old, &new)),
                // Else the last row and the first new one would be one.
                Some(_) => text.push_str(if self.ended { "" } else { "\n" }),
                None => text = format!("{new}\n"),
            }
            // A pipe or a device has no end to move.
            if !self.append && file.metadata().is_ok_and(|found| found.is_file()) {
                file.set_len(0).map_err(|source| Error::io("write", &self.path, source))?;
            }
        }
        let numbers = names.iter().map(|name| logs.get(name).map_or(String::new(), |value| value.to_string()));
        text.push_str(&format!("{epoch},{}\n", numbers.collect::<Vec<_>>().join(",")));
        file.write_all(text.as_bytes()).map_err(|source| Error::io("write", &self.path, source))
    }

    fn on_train_end(&mut self, _cx: &mut Context<'_>) -> Result<()> {
        self.open = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_written_to() {
        let mut model = Sequential::new().add(Input::new([1])).add(Dense::new(1));
        model.compile("sgd", "mse", ()).unwrap();
        for append in [false, true] {
            let log = CsvLogger::new("/dev/null").append(append);
            model.fit([[1.0_f32], [2.0]], [[3.0_f32], [4.0]], Fit::new().epochs(2).quiet().callback(log)).unwrap();
        }
    }
}
