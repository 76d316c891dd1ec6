//! Ctrl-C: the first asks to end cleanly, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use practicum_core::callbacks::{Callback, Context};

/// The exit status of a program that was interrupted: 128 and the number of the signal.
pub(crate) const STATUS: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on.
pub(crate) fn listen() -> Result<()> {
    let on_interrupt = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(STATUS.into());
        }
    };
    ctrlc::set_handler(on_interrupt).context("cannot listen for Ctrl-C")
}

/// Whether somebody asked to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Ends a training when somebody asks to.
pub(crate) struct StopWhenAsked;

impl Callback for StopWhenAsked {
    fn on_batch_end(&mut self, _step: usize, _loss: f64, cx: &mut Context<'_>) -> practicum_core::Result<()> {
        if asked() {
            cx.stop_training();
        }
        Ok(())
    }
}
