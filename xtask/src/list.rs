//! `list`: the weeks, for people, for scripts and for the README.

use std::fmt::Write as _;

use anyhow::Result;

use crate::console::say;
use crate::week::Week;
use crate::weeks::{WEEKS, select};

#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// Only these weeks [default: all]
    #[arg(value_name = "ID", conflicts_with_all = ["ids", "markdown"])]
    weeks: Vec<String>,

    /// Only the ids, one per line
    #[arg(long, conflicts_with = "markdown")]
    ids: bool,

    /// The table of the README
    #[arg(long)]
    markdown: bool,
}

pub(crate) fn run(args: &ListArgs) -> Result<()> {
    if args.ids {
        return WEEKS.iter().try_for_each(|week| say(week.id));
    }
    let weeks = if args.weeks.is_empty() { WEEKS.to_vec() } else { select(&args.weeks)? };
    say(if args.markdown { markdown() } else { weeks.into_iter().map(describe).collect::<Vec<_>>().join("\n\n") }.trim_end())
}

fn describe(week: &Week) -> String {
    let mut text = format!("{}  {}\n      {}", week.id, week.title, week.teaches);
    for session in week.sessions {
        let _ = write!(text, "\n      {:<14} {}", session.kind.to_string(), session.title);
    }
    for set in week.data() {
        let stand_in = set.stand_in().unwrap_or("nothing");
        let _ = write!(text, "\n      data           {} (built in: {stand_in})", set.id());
    }
    text
}

/// The table of weeks as it stands in the README.
pub(crate) fn markdown() -> String {
    let mut text = String::from("| week | title | what it teaches | data |\n|---|---|---|---|\n");
    for week in WEEKS {
        let data: Vec<&str> = week.data().iter().map(|set| set.id()).collect();
        let data = if data.is_empty() { "in the lab".to_owned() } else { data.join(", ") };
        let _ = writeln!(text, "| {} | {} | {} | {data} |", week.id, week.title, week.teaches);
    }
    text
}
