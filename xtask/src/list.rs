//! `list`: the weeks, for people, for scripts and for the README.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;

use crate::weeks::{WEEKS, Week};

#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// Only the ids, one a line
    #[arg(long, conflicts_with = "markdown")]
    ids: bool,

    /// The table of the README
    #[arg(long)]
    markdown: bool,
}

pub(crate) fn run(args: &ListArgs) -> Result<()> {
    if args.ids {
        return WEEKS.iter().try_for_each(|week| say(week.id()));
    }
    say(if args.markdown { markdown() } else { WEEKS.iter().map(|week| describe(*week)).collect::<Vec<_>>().join("\n\n") }.trim_end())
}

/// Writes a line to standard output.
pub(crate) fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// The same for a line that nobody need read: a reader that went away, as `head` does, is no reason to end the work.
pub(crate) fn mention(line: &str) -> std::io::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

fn describe(week: &dyn Week) -> String {
    let mut text = format!("{}  {}\n      {}", week.id(), week.title(), week.teaches());
    for session in week.sessions() {
        let _ = write!(text, "\n      {:<14} {}", session.kind.to_string(), session.title);
    }
    for need in week.data() {
        let _ = write!(text, "\n      data           {} (built in: {})", need.id, need.built_in);
    }
    text
}

/// The table of weeks as it stands in the README.
pub(crate) fn markdown() -> String {
    let mut text = String::from("| week | title | what it teaches | data |\n|---|---|---|---|\n");
    for week in WEEKS {
        let data: Vec<&str> = week.data().iter().map(|need| need.id).collect();
        let data = if data.is_empty() { "in the lab".to_owned() } else { data.join(", ") };
        let _ = writeln!(text, "| {} | {} | {} | {data} |", week.id(), week.title(), week.teaches());
    }
    text
}
