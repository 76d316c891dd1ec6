//! The weeks of the course: one file each, and a line in [`WEEKS`].

mod backbones;
mod c1w1;
mod c1w2;
mod c1w3;
mod c1w4;
mod c2w1;
mod c2w2;
mod c2w3;
mod c2w4;
mod c3w1;
mod c3w2;
mod c3w3;
mod c3w4;
mod c4w1;
mod c4w2;
mod c4w3;
mod c4w4;
mod networks;
mod photos;
mod pictures;
mod series;
mod texts;

use practicum_core::{Error, Result};

use crate::report::CourseWeek;
use crate::week::{COURSE, Week};

/// The weeks that are ported, in the course's order.
pub(crate) static WEEKS: &[&Week] = &[
    &c1w1::C1W1,
    &c1w2::C1W2,
    &c1w3::C1W3,
    &c1w4::C1W4,
    &c2w1::C2W1,
    &c2w2::C2W2,
    &c2w3::C2W3,
    &c2w4::C2W4,
    &c3w1::C3W1,
    &c3w2::C3W2,
    &c3w3::C3W3,
    &c3w4::C3W4,
    &c4w1::C4W1,
    &c4w2::C4W2,
    &c4w3::C4W3,
    &c4w4::C4W4,
];

/// The week of that id, in small or capital letters.
///
/// # Errors
/// A week of the course that is not ported; or no such week, with the nearest one.
pub(crate) fn find(id: &str) -> Result<&'static Week> {
    let wanted = id.to_lowercase();
    if let Some(week) = WEEKS.iter().find(|week| week.id == wanted) {
        return Ok(week);
    }
    let there = WEEKS.iter().map(|week| week.id);
    match COURSE.iter().find(|(known, _)| *known == wanted) {
        Some((id, title)) => {
            let there: Vec<&str> = there.collect();
            Err(Error::argument(format!("{id}, \"{title}\", is not ported yet: there are {}", there.join(", "))))
        }
        None => Err(Error::unknown("week", id, there)),
    }
}

/// All weeks of the course, for the overview.
pub(crate) fn course() -> Vec<CourseWeek> {
    let week = |(id, title): &(&'static str, &'static str)| CourseWeek { id, title, ported: WEEKS.iter().any(|week| week.id == *id) };
    COURSE.iter().map(week).collect()
}

/// The weeks that a user lists: ids, several in a word with commas between them, or `all`.
///
/// # Errors
/// Those of [`find`], and a week that is named twice.
pub(crate) fn select(words: &[String]) -> Result<Vec<&'static Week>> {
    let mut weeks: Vec<&'static Week> = Vec::new();
    for id in words.iter().flat_map(|word| word.split(',')).filter(|id| !id.is_empty()) {
        let named = if id == "all" { WEEKS.to_vec() } else { vec![find(id)?] };
        for week in named {
            if weeks.iter().any(|known| known.id == week.id) {
                return Err(Error::argument(format!("week `{}` is asked for twice", week.id)));
            }
            weeks.push(week);
        }
    }
    Ok(weeks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::week::{Session, SessionKind};

    #[test]
    fn weeks_stand_in_the_course_and_name_each_session_and_run_once() {
        for week in WEEKS {
            assert!(COURSE.contains(&(week.id, week.title)), "{} {} is no line of COURSE (xtask/src/week/course.rs)", week.id, week.title);
            let kinds: Vec<SessionKind> = week.sessions.iter().map(|session| session.kind).collect();
            assert!(kinds.contains(&SessionKind::Lab(1)), "{} lacks a first lab", week.id);
            assert!(kinds.iter().enumerate().all(|(index, kind)| !kinds[..index].contains(kind)), "{} names a session twice", week.id);
            assert!(week.sessions.iter().any(|session| !session.targets.is_empty()), "{} lacks a target", week.id);
        }
        assert!(WEEKS.windows(2).all(|pair| pair[0].id < pair[1].id), "WEEKS is not in the course's order");
    }

    #[test]
    fn every_target_is_of_a_run_that_its_session_makes() {
        for week in WEEKS {
            let source = source(&format!("{}.rs", week.id));
            for (session, target) in week.sessions.iter().flat_map(|session| session.targets.iter().map(move |target| (session, target))) {
                let named = format!("\"{}\"", target.run);
                // Where the run begins, its id stands for itself, and in targets after `run: `.
                let made = source.match_indices(&named).any(|(at, _)| !source[..at].ends_with("run: "));
                assert!(made, "{} {} has a target of the run {named}, which nothing begins", week.id, session.kind);
                let kind = session.kind.to_string().replace(' ', "");
                assert!(target.run.starts_with(&kind), "{} {} has a target of the run {named} of another session", week.id, session.kind);
            }
        }
    }

    /// What a session lacks that a page shows.
    fn lacking(session: &Session) -> Vec<String> {
        let mut lacking = Vec::new();
        let mut need = |there: bool, what: &str| lacking.extend((!there).then(|| what.to_owned()));
        let sentences = |text: &str| text.trim_end().ends_with(['.', '?', '!', ':']);
        need(sentences(session.task), "task");
        need(!session.code.is_empty(), "code");
        if !matches!(session.kind, SessionKind::Exploration(_)) {
            need(!session.keras.trim().is_empty(), "keras");
            need(sentences(session.notice), "notice");
            need(!session.next.is_empty() && session.next.iter().all(|next| sentences(next.change)), "next");
        }
        need(session.targets.iter().all(|target| !target.source.is_empty()), "where a target comes from");
        for code in session.code {
            need(code.text().is_some(), &format!("code `{}` in {}", code.item, code.file));
        }
        lacking
    }

    #[test]
    fn every_session_says_its_task_code_what_to_notice_and_what_next() {
        let all = WEEKS.iter().flat_map(|week| week.sessions.iter().map(move |session| (week, session)));
        let faults: Vec<String> = all
            .filter_map(|(week, session)| {
                let lacking = lacking(session);
                (!lacking.is_empty()).then(|| format!("{} {} lacks {}", week.id, session.kind, lacking.join(", ")))
            })
            .collect();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    fn source(file: &str) -> String {
        std::fs::read_to_string(format!("{}/src/weeks/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// The functions of this folder that a piece of a file calls, each with its file.
    fn called(file: &str, code: &str) -> Vec<(String, String)> {
        let source = source(file);
        let is_named = |c: char| c.is_alphanumeric() || c == '_';
        let defines = |name: &str| source.lines().any(|line| !line.starts_with(' ') && line.contains(&format!("fn {name}(")));
        let from = |name: &str| {
            let mut imports = source.split("use super::").skip(1).filter_map(|rest| rest.split(';').next()?.split_once("::"));
            let holds_it = |names: &str| names.split(|c: char| !is_named(c)).any(|known| known == name);
            imports.find(|(_, names)| holds_it(names)).map(|(module, _)| format!("{module}.rs"))
        };
        let code: String = code.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n");
        let before: Vec<&str> = code.split('(').collect();
        let calls = before[..before.len() - 1].iter().filter_map(|text| {
            let name = text.rsplit(|c: char| !is_named(c)).next().filter(|name| !name.is_empty())?;
            let is_plain = !text[..text.len() - name.len()].ends_with(['.', ':']) && !text.ends_with(&format!("fn {name}"));
            let file = if defines(name) { Some(file.to_owned()) } else { from(name) };
            Some((file.filter(|_| is_plain)?, name.to_owned()))
        });
        calls.collect()
    }

    /// What only says how large something is or what came out, whatever the week is about.
    const TELLING: [&str; 4] = ["compare", "run_id", "side", "tell"];

    #[test]
    fn the_code_of_a_session_is_shown_with_all_that_it_calls() {
        let mut faults = Vec::new();
        for (week, session) in WEEKS.iter().flat_map(|week| week.sessions.iter().map(move |session| (week, session))) {
            let shown: Vec<(&str, &str)> = session.code.iter().map(|code| (code.file, code.item)).collect();
            for code in session.code {
                let called = called(code.file, &code.text().unwrap());
                let lacking = called
                    .iter()
                    .filter(|(file, name)| !shown.contains(&(file.as_str(), name.as_str())) && !TELLING.contains(&name.as_str()));
                faults.extend(
                    lacking.map(|(file, name)| format!("{} {} shows {} without {name} of {file}", week.id, session.kind, code.item)),
                );
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn every_command_that_is_proposed_can_be_typed() {
        for (week, next) in
            WEEKS.iter().flat_map(|week| week.sessions.iter().flat_map(move |session| session.next).map(move |next| (week, next)))
        {
            let words: Vec<&str> = next.command.split_whitespace().collect();
            assert_eq!(words[..2], ["cargo", "xtask"], "{}: {}", week.id, next.command);
            crate::cli::understood(&words[2..]).unwrap_or_else(|error| panic!("{}: {}: {error:#}", week.id, next.command));
        }
    }

    #[test]
    fn the_table_of_the_readme_is_that_of_the_weeks() {
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        let table = format!("<!-- weeks -->\n{}<!-- /weeks -->", crate::list::markdown());
        assert!(readme.contains(&table), "put the output of `cargo xtask list --markdown` between the README's marks `<!-- weeks -->`");
    }

    #[test]
    fn strangers_get_the_nearest_week() {
        let error = find("c1w1x").err().unwrap().to_string();
        assert!(error.contains("c1w1, c1w2") && error.contains("did you mean"), "{error}");
    }

    #[test]
    fn c1_weeks_are_taken_in_capitals_in_lists_and_all_at_once_and_the_others_told_as_what_they_are() {
        let select = |words: &[&str]| super::select(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let ids = |words: &[&str]| select(words).unwrap().iter().map(|week| week.id).collect::<Vec<_>>();
        assert_eq!(ids(&["C1W1"]), ["c1w1"]);
        assert_eq!(ids(&["c1w1,c1w2", "c4w1"]), ["c1w1", "c1w2", "c4w1"]);
        assert_eq!(ids(&["all"]).len(), WEEKS.len());
        assert!(select(&["c1w1", "all"]).err().unwrap().to_string().contains("`c1w1` is asked for twice"));
        for (id, title) in COURSE.iter().filter(|(id, _)| WEEKS.iter().all(|week| week.id != *id)) {
            let error = select(&[id]).err().unwrap().to_string();
            assert!(error.contains(title) && error.contains("not ported yet"), "{error}");
        }
    }
}
