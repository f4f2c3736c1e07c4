//! Error messages for the creator: whole sentences that say what to do next.

/// What was done with the device's storage when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageOperation {
    /// Starting a session.
    Creating,
    /// Recording.
    Writing,
    /// Opening or reading a kept session.
    Reading,
    /// Deleting one.
    Deleting,
    /// Looking at what is kept.
    Listing,
    /// Copying what was kept into the queue.
    Keeping,
}

/// The message for a recording that ends because the device is nearly full.
pub const NEARLY_FULL: &str = "This device is nearly full, so the recording ended here; everything up to now is kept. Delete old sessions before the next one.";

/// The message for a recording that does not begin because the device is nearly full.
pub const NO_ROOM: &str = "This device is nearly full, so there is no room to record. Delete old sessions below, then record again.";

/// The message for a storage error by its `DOMException` name.
#[must_use]
pub fn storage(operation: StorageOperation, name: &str, detail: &str) -> String {
    match (name, operation) {
        ("NoModificationAllowedError", StorageOperation::Deleting) => {
            "This session is open in another tab; close that tab and delete it again.".to_owned()
        }
        ("NoModificationAllowedError" | "InvalidStateError", _) => {
            "This session is being recorded or viewed in another tab; go on there, or close that tab first.".to_owned()
        }
        ("QuotaExceededError", StorageOperation::Creating) => {
            "The device's storage for this site is full; delete old sessions, then record again.".to_owned()
        }
        ("QuotaExceededError", StorageOperation::Keeping) => {
            "The device's storage is full, so this could not be put into the queue; delete old sessions, then make the page again.".to_owned()
        }
        ("QuotaExceededError", _) => {
            "The device's storage is full, so the recording ended here; everything up to now is kept. Delete old sessions before the next one."
                .to_owned()
        }
        ("NotFoundError", _) => "This session is no longer on this device; look at the list again.".to_owned(),
        ("SecurityError" | "NotAllowedError" | "TypeError", _) => format!(
            "The browser does not let this page keep files ({detail}); leave private browsing or allow site data, then reload."
        ),
        (_, StorageOperation::Writing) => format!(
            "Writing to the device's storage failed ({detail}), so the recording ended here; everything up to now is kept."
        ),
        (_, StorageOperation::Creating) => format!("No session could be created on this device ({detail}); reload the page and try again."),
        (_, StorageOperation::Reading) => format!("The session could not be read ({detail}); reload the page and open it again."),
        (_, StorageOperation::Deleting) => format!("The session could not be deleted ({detail}); reload the page and try again."),
        (_, StorageOperation::Keeping) => format!("This could not be put into the queue ({detail}); reload the page, open the session and make the page again."),
        (_, StorageOperation::Listing) => format!("The sessions on this device could not be listed ({detail}); reload the page."),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_a_whole_sentence() {
        for operation in [
            StorageOperation::Creating,
            StorageOperation::Writing,
            StorageOperation::Reading,
            StorageOperation::Deleting,
            StorageOperation::Listing,
            StorageOperation::Keeping,
        ] {
            for name in [
                "NoModificationAllowedError",
                "QuotaExceededError",
                "NotFoundError",
                "SecurityError",
                "DataError",
                "",
            ] {
                let message = storage(operation, name, "why");
                assert!(
                    message.ends_with('.') && message.starts_with(char::is_uppercase),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn a_full_disk_keeps_what_was_recorded() {
        assert!(
            storage(StorageOperation::Writing, "QuotaExceededError", "")
                .contains("everything up to now is kept")
        );
    }
}
