//! Tells the other tabs that rows have changed (Broadcast Channel API).

use gloo::events::EventListener;
use wasm_bindgen::JsValue;
use web_sys::BroadcastChannel;

/// A channel to the other tabs, open while the value lives.
pub(crate) struct Channel {
    channel: Option<BroadcastChannel>,
    _listener: Option<EventListener>,
}

impl Channel {
    /// Opens it. `on_change` is called when another tab has told of a change.
    pub(crate) fn open(name: &str, on_change: impl Fn() + 'static) -> Self {
        let channel = BroadcastChannel::new(name).ok();
        let listener = channel
            .as_ref()
            .map(|channel| EventListener::new(channel, "message", move |_| on_change()));
        Self {
            channel,
            _listener: listener,
        }
    }

    /// Tells the others.
    pub(crate) fn broadcast(&self) {
        if let Some(channel) = &self.channel {
            let _ = channel.post_message(&JsValue::TRUE);
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}
