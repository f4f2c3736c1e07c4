//! Passkeys on the setup and sign-in pages: `navigator.credentials` between the server's JSON on both sides.
//!
//! The page marks a button with `data-passkey`, see [`domain::wire::identity`]. The fields of the form around it travel with
//! the first request (the password, which a passkey replaces, does not). A part around it, `[data-passkey-part]`, comes
//! hidden and is shown where the browser has passkeys. What goes wrong is said in `[data-passkey-message]`, or beside the
//! button where there is none.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use domain::{
    identity::SetupForm,
    wire::{
        address,
        identity::{
            AssertionResponse, AttestationResponse, AuthenticationCredential, CredentialType,
            Extensions, FinishPasskeySetup, FinishPasskeySignIn, PasskeyOptions,
            RegistrationCredential, SignedIn, StartPasskeySetup, StartPasskeySignIn,
        },
    },
};
use gloo::events::{EventListener, EventListenerOptions};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, FormData, HtmlButtonElement, HtmlElement, HtmlFormElement};

use crate::browser::{
    http::{self, CallError},
    js,
};

/// Base64 in the URL alphabet without padding (RFC 4648 section 5), as WebAuthn's JSON wants it; padding is forgiven.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a button of the page is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To make a passkey.
    Register,
    /// To sign in with one.
    SignIn,
}

impl Purpose {
    fn of(button: &HtmlElement) -> Self {
        match button.get_attribute("data-passkey").as_deref() {
            Some("register") => Self::Register,
            _ => Self::SignIn,
        }
    }
}

/// Makes every passkey button of the page work; hides them where the browser has no passkeys.
pub(crate) fn enhance() {
    let Some(document) = js::window().document() else {
        return;
    };
    let Ok(found) = document.query_selector_all("[data-passkey]") else {
        return;
    };
    let supported = js::global("PublicKeyCredential").is_some();
    for i in 0..found.length() {
        let Some(Ok(button)) = found.get(i).map(JsCast::dyn_into::<HtmlElement>) else {
            continue;
        };
        part(&button).set_hidden(!supported);
        if supported {
            let pressed = button.clone();
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&button, "click", options, move |event| {
                event.prevent_default();
                let button = pressed.clone();
                spawn_local(async move { press(button).await });
            })
            // The button lives as long as the page, and so does its listener.
            .forget();
        }
    }
}

/// The part of the page that makes sense only with passkeys: the marked one around the button, or the button.
fn part(button: &HtmlElement) -> HtmlElement {
    let marked = button.closest("[data-passkey-part]").ok().flatten();
    marked
        .and_then(|part| part.dyn_into().ok())
        .unwrap_or_else(|| button.clone())
}

async fn press(button: HtmlElement) {
    let form = button
        .closest("form")
        .ok()
        .flatten()
        .and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
    if let Some(form) = &form
        && !is_filled(form)
    {
        return;
    }
    show_message(&button, form.as_ref(), "");
    set_disabled(&button, true);
    let result = match Purpose::of(&button) {
        Purpose::Register => {
            let token = button.get_attribute("data-token").unwrap_or_default();
            register(token, form.as_ref()).await
        }
        Purpose::SignIn => sign_in(form.as_ref()).await,
    };
    match result {
        Ok(signed_in) => {
            if let Err(error) = js::window().location().assign(&signed_in.next) {
                show_message(&button, form.as_ref(), &js::error_text(&error));
            }
        }
        Err(message) => {
            show_message(&button, form.as_ref(), &message);
            set_disabled(&button, false);
        }
    }
}

/// Checks the fields as the browser would, except the password's.
fn is_filled(form: &HtmlFormElement) -> bool {
    let Ok(fields) = form.query_selector_all("input:not([type=password]), select, textarea") else {
        return true;
    };
    (0..fields.length()).all(|i| {
        let Some(field) = fields.get(i) else {
            return true;
        };
        js::get(&field, "reportValidity")
            .dyn_into::<js_sys::Function>()
            .ok()
            .and_then(|report| report.call0(&field).ok())
            .and_then(|valid| valid.as_bool())
            .unwrap_or(true)
    })
}

/// A field of the form, as typed; `None` where the form has none of this name.
fn field(form: Option<&HtmlFormElement>, name: &str) -> Option<String> {
    FormData::new_with_form(form?).ok()?.get(name).as_string()
}

async fn register(token: String, form: Option<&HtmlFormElement>) -> Result<SignedIn, String> {
    let typed = |name: &str| field(form, name).unwrap_or_default();
    let start = StartPasskeySetup {
        token: token.clone(),
        form: SetupForm {
            shop_name: typed("shop_name"),
            handle: typed("handle"),
            currency: typed("currency"),
        },
    };
    let options: PasskeyOptions<Value> = http::call(address::START_PASSKEY_SETUP, &start)
        .await
        .map_err(CallError::message)?;
    let answer = ask(Purpose::Register, &options.public_key)
        .await
        .map_err(|error| not_done(Purpose::Register, &js::error_name(&error)))?;
    let finish = FinishPasskeySetup {
        token,
        credential: registration(&answer),
    };
    http::call(address::FINISH_PASSKEY_SETUP, &finish)
        .await
        .map_err(CallError::message)
}

async fn sign_in(form: Option<&HtmlFormElement>) -> Result<SignedIn, String> {
    let start = StartPasskeySignIn {
        handle: field(form, "handle").unwrap_or_default(),
    };
    let options: PasskeyOptions<Value> = http::call(address::START_PASSKEY_SIGN_IN, &start)
        .await
        .map_err(CallError::message)?;
    let answer = ask(Purpose::SignIn, &options.public_key)
        .await
        .map_err(|error| not_done(Purpose::SignIn, &js::error_name(&error)))?;
    let finish = FinishPasskeySignIn {
        credential: authentication(&answer),
        next: field(form, "next"),
    };
    http::call(address::FINISH_PASSKEY_SIGN_IN, &finish)
        .await
        .map_err(CallError::message)
}

/// Asks the authenticator (Web Authentication Level 3, section 5.1).
async fn ask(purpose: Purpose, options: &Value) -> Result<JsValue, JsValue> {
    let public_key = js::from_json(options);
    decode(&public_key, "challenge");
    decode(&js::get(&public_key, "user"), "id");
    for list in ["excludeCredentials", "allowCredentials"] {
        let list = js::get(&public_key, list);
        if js_sys::Array::is_array(&list) {
            for credential in js_sys::Array::from(&list).iter() {
                decode(&credential, "id");
            }
        }
    }
    let request = js_sys::Object::new();
    js::set(&request, "publicKey", &public_key);
    let credentials = js::window().navigator().credentials();
    let promise = match purpose {
        Purpose::Register => credentials.create_with_options(request.unchecked_ref()),
        Purpose::SignIn => credentials.get_with_options(request.unchecked_ref()),
    }?;
    JsFuture::from(promise).await
}

/// Turns a text of base64url into the bytes the browser wants.
fn decode(target: &JsValue, key: &str) {
    if let Some(bytes) = js::get(target, key)
        .as_string()
        .and_then(|text| BASE64URL.decode(text).ok())
    {
        js::set(target, key, &js_sys::Uint8Array::from(bytes.as_slice()));
    }
}

/// The bytes of a member as base64url; `None` where there are none.
fn encode(target: &JsValue, key: &str) -> Option<String> {
    let value = js::get(target, key);
    value
        .is_object()
        .then(|| BASE64URL.encode(js_sys::Uint8Array::new(&value).to_vec()))
}

fn registration(answer: &JsValue) -> RegistrationCredential {
    let response = js::get(answer, "response");
    let bytes = |key: &str| encode(&response, key).unwrap_or_default();
    RegistrationCredential {
        id: js::get(answer, "id").as_string().unwrap_or_default(),
        raw_id: encode(answer, "rawId").unwrap_or_default(),
        kind: CredentialType::PublicKey,
        response: AttestationResponse {
            attestation_object: bytes("attestationObject"),
            client_data_json: bytes("clientDataJSON"),
        },
        extensions: Extensions {},
    }
}

fn authentication(answer: &JsValue) -> AuthenticationCredential {
    let response = js::get(answer, "response");
    let bytes = |key: &str| encode(&response, key).unwrap_or_default();
    AuthenticationCredential {
        id: js::get(answer, "id").as_string().unwrap_or_default(),
        raw_id: encode(answer, "rawId").unwrap_or_default(),
        kind: CredentialType::PublicKey,
        response: AssertionResponse {
            authenticator_data: bytes("authenticatorData"),
            client_data_json: bytes("clientDataJSON"),
            signature: bytes("signature"),
            user_handle: encode(&response, "userHandle"),
        },
        extensions: Extensions {},
    }
}

/// The message for an authenticator that did not do it, by the name of the browser's `DOMException`.
fn not_done(purpose: Purpose, name: &str) -> String {
    match (name, purpose) {
        ("NotAllowedError", Purpose::Register) => {
            "No passkey was made: it was cancelled or took too long. Press the button again, or set a password instead."
        }
        ("NotAllowedError", Purpose::SignIn) => {
            "No passkey was used: it was cancelled or took too long. Press the button again, or sign in with a password."
        }
        ("InvalidStateError", _) => "This device already has a passkey for this shop. Sign in with it.",
        ("SecurityError", _) => {
            "This address cannot have passkeys. Open the shop by its name, e.g. http://localhost, not by an IP address."
        }
        _ => "The passkey did not work. Press the button again, or use a password.",
    }
    .to_owned()
}

fn set_disabled(button: &HtmlElement, disabled: bool) {
    if let Some(button) = button.dyn_ref::<HtmlButtonElement>() {
        button.set_disabled(disabled);
    }
}

/// Shows a message where the person looks.
fn show_message(button: &HtmlElement, form: Option<&HtmlFormElement>, message: &str) {
    let marked = form.and_then(|form| form.query_selector("[data-passkey-message]").ok().flatten());
    let Some(place) = marked.or_else(|| beside(button)) else {
        return;
    };
    place.set_text_content(Some(message));
    if let Some(place) = place.dyn_ref::<HtmlElement>() {
        place.set_hidden(message.is_empty());
    }
}

fn beside(button: &HtmlElement) -> Option<Element> {
    if let Some(next) = button.next_element_sibling()
        && next.has_attribute("data-passkey-message")
    {
        return Some(next);
    }
    let place = js::window().document()?.create_element("p").ok()?;
    place.set_class_name("notice wrong");
    let _ = place.set_attribute("role", "alert");
    let _ = place.set_attribute("data-passkey-message", "");
    button.insert_adjacent_element("afterend", &place).ok()?
}
