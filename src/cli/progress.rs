//! A sign of life for long runs, on a terminal only.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shows what is being done, and for how long, until it is dropped.
pub struct Progress {
    running: Option<(Sender<String>, JoinHandle<()>)>,
}

impl Progress {
    /// Does nothing when standard error is not a terminal.
    pub fn start(message: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Progress { running: None };
        }
        let (sender, receiver) = mpsc::channel::<String>();
        let mut message = message.to_owned();
        let show = move || {
            let shown_from = std::time::Instant::now() + PATIENCE;
            loop {
                let left = shown_from.saturating_duration_since(std::time::Instant::now());
                match receiver.recv_timeout(left) {
                    Ok(next) => message = next,
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.set_message(message);
            bar.enable_steady_tick(Duration::from_millis(100));
            while let Ok(next) = receiver.recv() {
                bar.set_message(next);
            }
            bar.finish_and_clear();
        };
        Progress {
            running: Some((sender, thread::spawn(show))),
        }
    }

    pub fn now(&self, message: String) {
        if let Some((sender, _)) = &self.running {
            // The thread only ends after the sender: there is nobody else to tell.
            let _ = sender.send(message);
        }
    }
}

impl Drop for Progress {
    /// Waits until the line is cleared, so that it does not mix with the report.
    fn drop(&mut self) {
        let Some((sender, thread)) = self.running.take() else {
            return;
        };
        drop(sender);
        let _ = thread.join();
    }
}
