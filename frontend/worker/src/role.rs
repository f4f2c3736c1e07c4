//! Which role a worker plays, and what it reports when it breaks.

use js_sys::Array;
use protocol::{Boot, Report, Role};
use wasm_bindgen::{JsError, JsValue, prelude::wasm_bindgen};
use web_sys::MessagePort;

use crate::{
    analysis::inference,
    browser::{Recipient, attachment, post},
    recorder,
};

/// Starts the role in the boot message ([`Boot`], a posted object).
///
/// # Errors
/// When the message is no [`Boot`], or an inference worker got no `port`.
#[wasm_bindgen]
pub fn start(boot: JsValue) -> Result<(), JsError> {
    let json = js_sys::JSON::stringify(&boot)
        .map_err(|_| JsError::new("the boot message cannot be read"))?;
    let Boot { role, .. } = serde_json::from_str(&String::from(json))?;
    match role {
        Role::Recorder => {
            std::panic::set_hook(Box::new(|info| {
                let message = format!(
                    "The recorder broke ({info}); reload the page and open the session from the list: what was recorded is kept."
                );
                post(
                    &Recipient::Page,
                    &Report::Failed {
                        request: None,
                        message,
                        ended: true,
                    },
                    &[],
                    &Array::new(),
                );
            }));
            recorder::start();
        }
        Role::Inference { weights, precise } => {
            let port: MessagePort = attachment(&boot, "port")
                .ok_or_else(|| JsError::new("the inference worker was started without a port"))?;
            std::panic::set_hook(Box::new(|info| inference::report_end(&info.to_string())));
            inference::start(weights, precise, port);
        }
    }
    Ok(())
}
