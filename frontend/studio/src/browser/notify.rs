//! Waiting for something to change, without asking again and again.

use std::cell::RefCell;

use futures::channel::oneshot;

/// Wakes whoever waits. Everything is on one thread, so what is looked at right before waiting cannot change unseen.
#[derive(Default)]
pub(crate) struct Notify {
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl Notify {
    /// Wakes all that wait now.
    pub(crate) fn notify(&self) {
        for waiting in self.waiting.take() {
            // Whoever gave up waiting is not there any more.
            let _ = waiting.send(());
        }
    }

    /// Waits for the next [`Self::notify`].
    pub(crate) async fn notified(&self) {
        let (wake, woken) = oneshot::channel();
        self.waiting.borrow_mut().push(wake);
        let _ = woken.await;
    }
}
