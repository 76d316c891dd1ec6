//! The list of data sets: what the course downloads, from where, and what must arrive.

use practicum_core::{Error, Result};
use serde::Deserialize;

use crate::week::COURSE;

const BUILT_IN: &str = include_str!("../../data/catalogue.toml");

/// All data sets that can be fetched, in the course's order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    #[serde(rename = "set")]
    pub(crate) sets: Vec<DataSet>,
}

/// One data set: a folder of files under its id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataSet {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) licence: String,
    pub(crate) weeks: Vec<String>,
    pub(crate) note: Option<String>,
    /// Neither `--all` nor `--week` takes it: it is a variant of another set, or an extra.
    #[serde(default)]
    pub(crate) by_name_only: bool,
    #[serde(default)]
    urls: Vec<String>,
    #[serde(rename = "file")]
    pub(crate) files: Vec<DataFile>,
}

/// One file of a data set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataFile {
    pub(crate) name: String,
    #[serde(default)]
    urls: Vec<String>,
    /// The folder that an archive is unpacked to; the archive itself does not stay.
    pub(crate) tree: Option<String>,
    pub(crate) bytes: Option<u64>,
    pub(crate) sha256: Option<String>,
    pub(crate) md5: Option<String>,
}

impl Catalogue {
    /// The catalogue that comes with the program.
    pub(crate) fn built_in() -> Result<Self> {
        Self::from_toml(BUILT_IN)
    }

    pub(super) fn from_toml(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| Error::format(format!("the data catalogue is not what it should be: {error}")).source(error))
    }

    /// The data set of this name, or an error with the nearest one.
    pub(crate) fn get(&self, id: &str) -> Result<&DataSet> {
        let known = || self.sets.iter().map(|set| &set.id);
        self.sets.iter().find(|set| set.id == id).ok_or_else(|| Error::unknown("data set", id, known()))
    }

    /// The data sets named, those of the weeks named, or all of them: each once, in the catalogue's order.
    pub(super) fn select(&self, names: &[String], weeks: &[String], all: bool) -> Result<Vec<&DataSet>> {
        for name in names {
            self.get(name)?;
        }
        for week in weeks {
            if !course_weeks().any(|known| known == week) {
                return Err(Error::unknown("week", week, course_weeks()));
            }
        }
        let wanted = |set: &DataSet| {
            let in_bulk = all || set.weeks.iter().any(|week| weeks.contains(week));
            names.contains(&set.id) || (in_bulk && !set.by_name_only)
        };
        Ok(self.sets.iter().filter(|set| wanted(set)).collect())
    }
}

impl DataSet {
    /// Where `file` can be had, in the order to try.
    pub(super) fn urls(&self, file: &DataFile) -> Vec<String> {
        let urls = if file.urls.is_empty() { &self.urls } else { &file.urls };
        urls.iter().map(|url| if url.ends_with('/') { format!("{url}{}", file.name) } else { url.clone() }).collect()
    }
}

fn course_weeks() -> impl Iterator<Item = &'static str> {
    COURSE.iter().map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn selected(ids: &[&str], weeks: &[&str]) -> Vec<String> {
        let catalogue = Catalogue::built_in().unwrap();
        catalogue.select(&names(ids), &names(weeks), false).unwrap().iter().map(|set| set.id.clone()).collect()
    }

    #[test]
    fn built_in_catalogue_is_well_formed() {
        let catalogue = Catalogue::built_in().unwrap();
        let hex =
            |text: &str, digits: usize| text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let mut ids = BTreeSet::new();
        for set in &catalogue.sets {
            assert!(ids.insert(&set.id), "{} stands twice", set.id);
            let strange: Vec<&String> = set.weeks.iter().filter(|week| course_weeks().all(|known| known != *week)).collect();
            assert!(strange.is_empty(), "{}: {strange:?} are no weeks of the course", set.id);
            let full = !set.weeks.is_empty() && !set.files.is_empty() && !set.title.is_empty() && !set.licence.is_empty();
            assert!(full, "{} lacks weeks, files, a title or a licence", set.id);
            let mut files = BTreeSet::new();
            for file in &set.files {
                assert!(files.insert(&file.name), "{}/{} stands twice", set.id, file.name);
                assert!(!file.name.contains(['/', '\\']) && !file.name.starts_with('.'), "{}: no plain file name", file.name);
                let archive = [".zip", ".tar.gz"].iter().any(|ending| file.name.ends_with(ending));
                let plain = |tree: &String| !tree.is_empty() && !tree.contains(['/', '\\', '.']) && archive;
                assert!(file.tree.as_ref().is_none_or(plain), "{}: no tree: {:?}", file.name, file.tree);
                assert!(!set.urls(file).is_empty(), "{}/{} has no URL", set.id, file.name);
                let whole = |url: &String| url.starts_with("http") && !url.ends_with('/');
                assert!(set.urls(file).iter().all(whole), "expected http(s) addresses of a file, got {:?}", set.urls(file));
                assert!(file.sha256.as_ref().is_none_or(|sha256| hex(sha256, 64)), "{}: no SHA-256: {:?}", file.name, file.sha256);
                assert!(file.md5.as_ref().is_none_or(|md5| hex(md5, 32)), "{}: no MD5: {:?}", file.name, file.md5);
            }
        }
    }

    #[test]
    fn mnist_is_one_set_of_four_files_and_urls_follow_their_order() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(catalogue.get("mnist").unwrap().files.len(), 4);
        let fmnist = catalogue.get("fmnist").unwrap();
        let urls = fmnist.urls(&fmnist.files[0]);
        assert_eq!(urls.len(), 3);
        assert_eq!(urls[0], "https://storage.googleapis.com/tensorflow/tf-keras-datasets/train-images-idx3-ubyte.gz");
        assert!(urls[1].starts_with("https://raw.githubusercontent.com/"));
    }

    #[test]
    fn d3_addresses_of_encrypted_lines_come_first() {
        let catalogue = Catalogue::built_in().unwrap();
        for (set, file) in catalogue.sets.iter().flat_map(|set| set.files.iter().map(move |file| (set, file))) {
            let urls = set.urls(file);
            assert!(urls[0].starts_with("https://"), "{}: the first address is not https: {urls:?}", file.name);
            assert!(urls.is_sorted_by_key(|url| !url.starts_with("https://")), "{}: https comes first: {urls:?}", file.name);
        }
    }

    #[test]
    fn selection_takes_names_and_weeks_once_each() {
        assert_eq!(selected(&["mnist"], &["c1w2"]), ["fmnist", "mnist"]);
        assert_eq!(selected(&[], &["c3w2"]), ["sarcasm", "bbc", "imdb"]);
        assert_eq!(selected(&["rpsval"], &["c2w4"]), ["rps", "rpsval", "signmnist"]);
        assert!(selected(&[], &["c1w1"]).is_empty());
        let catalogue = Catalogue::built_in().unwrap();
        let all = catalogue.select(&[], &[], true).unwrap();
        assert!(all.len() >= 19 && all.iter().all(|set| !set.by_name_only));
    }

    #[test]
    fn unknown_names_lead_to_the_nearest() {
        let catalogue = Catalogue::built_in().unwrap();
        let error = catalogue.select(&names(&["fmnits"]), &[], false).unwrap_err();
        assert!(error.is_unknown() && error.to_string().contains("did you mean `fmnist`?"), "{error}");
        let error = catalogue.select(&[], &names(&["c1w5"]), false).unwrap_err();
        assert!(error.is_unknown() && error.to_string().contains("unknown week `c1w5`"), "{error}");
    }
}
