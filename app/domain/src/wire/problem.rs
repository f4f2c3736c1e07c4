//! Why the server refused a request.

use serde::{Deserialize, Serialize};

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status, which the response has too.
    pub status: u16,
    /// What went wrong, for programs: a fixed word such as `not_found`.
    pub code: String,
    /// What went wrong and what to do next: a whole sentence for the person.
    pub message: String,
}
