//! `run-week … --ask`: questions to a network that was just trained.

use std::io::{BufRead, IsTerminal};

use anyhow::Result;

use crate::console::mention;
use crate::interrupt;
use crate::week::Settings;

/// Answers the text of `--ask`; without one, each line that is typed, until one is empty.
pub(crate) fn each(settings: &Settings, answer: impl Fn(&str) -> Result<String>) -> Result<()> {
    match &settings.ask {
        // Who ends a run does not go on to talk.
        _ if interrupt::asked() => Ok(()),
        None => Ok(()),
        Some(Some(text)) => Ok(mention(&format!("\n{}", answer(text)?))?),
        Some(None) => {
            let input = std::io::stdin();
            if input.is_terminal() {
                mention("\ntype a text, or nothing to end")?;
            }
            for line in input.lock().lines() {
                let line = line?;
                if line.trim().is_empty() {
                    break;
                }
                // One text that cannot be answered does not end the conversation.
                match answer(&line) {
                    Ok(text) => mention(&text)?,
                    Err(error) => mention(&format!("{error:#}"))?,
                }
            }
            Ok(())
        }
    }
}
