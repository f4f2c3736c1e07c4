//! Waiting for something to change without looking again and again.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    task::{Poll, Waker},
};

/// Wakes all who wait for something to change. They look for themselves whether it is what they wait for.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// How often something has changed.
    count: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Changed {
    /// Something has changed.
    pub(crate) fn notify(&self) {
        self.count.set(self.count.get() + 1);
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// Waits for the next change. One between this call and the first poll counts, so a condition that is looked at between
    /// the two is never missed.
    pub(crate) fn next(&self) -> impl Future<Output = ()> + '_ {
        let seen = self.count.get();
        poll_fn(move |context| {
            if self.count.get() != seen {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
    }
}
