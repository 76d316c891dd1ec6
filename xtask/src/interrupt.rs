//! Ctrl-C: the first asks to end cleanly, the second ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

use practicum_core::callbacks::{Callback, Context};

/// The exit status of a program that was interrupted: 128 and the number of the signal.
pub(crate) const STATUS: u8 = 130;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on. Where that is not possible, as where no thread can be started, Ctrl-C ends at once.
pub(crate) fn listen() {
    let on_interrupt = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(STATUS.into());
        }
    };
    // A run that cannot be ended cleanly is better than none.
    let _ = ctrlc::set_handler(on_interrupt);
}

/// Whether the user asked to end.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Ends a training when the user asks to.
pub(crate) struct StopWhenAsked;

impl Callback for StopWhenAsked {
    fn on_batch_end(&mut self, _step: usize, _loss: f64, cx: &mut Context<'_>) -> practicum_core::Result<()> {
        if asked() {
            cx.stop_training();
        }
        Ok(())
    }
}
