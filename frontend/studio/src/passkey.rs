//! Passkeys on the setup and sign-in pages: `navigator.credentials` between webauthn-rs' JSON on both sides.
//!
//! The page marks a button: `data-passkey="register"` or `"sign-in"`, with `data-start` and `data-finish` naming where the
//! options come from and where the answer goes. The fields of the form around it travel with the first request (the
//! password, which a passkey replaces, does not). A part around it, `[data-passkey-part]`, comes hidden and is shown where
//! the browser has passkeys. What goes wrong is said in `[data-passkey-error]`, or beside the button where there is none.

use serde_json::{Map, Value, json};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, FormData, HtmlButtonElement, HtmlElement, HtmlFormElement};

use crate::{
    base64url,
    browser::{
        js,
        listener::Listener,
        request::{self, Body},
    },
};

/// Gives life to every passkey button of the page; takes them away where the browser has no passkeys.
pub(crate) fn enhance() {
    let Some(document) = js::window().document() else {
        return;
    };
    let Ok(found) = document.query_selector_all("[data-passkey]") else {
        return;
    };
    let able = js::global("PublicKeyCredential").is_some();
    for i in 0..found.length() {
        let Some(Ok(button)) = found.get(i).map(JsCast::dyn_into::<HtmlElement>) else {
            continue;
        };
        part(&button).set_hidden(!able);
        if able {
            let act = button.clone();
            // The button lives as long as the page, and so does its listener.
            std::mem::forget(Listener::on(&button, "click", move |event| {
                event.prevent_default();
                let button = act.clone();
                spawn_local(async move { press(button).await });
            }));
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
        && !filled(form)
    {
        return;
    }
    say(&button, form.as_ref(), "");
    disable(&button, true);
    match run(&button, form.as_ref()).await {
        Ok(next) => {
            if let Err(error) = js::window().location().assign(&next) {
                say(&button, form.as_ref(), &js::error_text(&error));
            }
        }
        Err(sentence) => {
            say(&button, form.as_ref(), &sentence);
            disable(&button, false);
        }
    }
}

/// Checks the fields as the browser would, except the password's.
fn filled(form: &HtmlFormElement) -> bool {
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

async fn run(button: &HtmlElement, form: Option<&HtmlFormElement>) -> Result<String, String> {
    let address = |name: &str| button.get_attribute(name).unwrap_or_default();
    let create = address("data-passkey") == "register";
    let fields = Value::Object(form.map(fields).unwrap_or_default());
    let options = request::json(
        "POST",
        &address("data-start"),
        Body::Json(fields.to_string()),
    )
    .await?;
    let answer = ask(create, &options)
        .await
        .map_err(|error| refused(create, &js::error_name(&error)))?;
    let credential = if create {
        created(&answer)
    } else {
        shown(&answer)
    };
    let finish = request::json(
        "POST",
        &address("data-finish"),
        Body::Json(credential.to_string()),
    )
    .await?;
    Ok(finish["next"].as_str().unwrap_or("/studio").to_owned())
}

fn fields(form: &HtmlFormElement) -> Map<String, Value> {
    let mut map = Map::new();
    let Ok(data) = FormData::new_with_form(form) else {
        return map;
    };
    let Ok(Some(entries)) = js_sys::try_iter(&data) else {
        return map;
    };
    for entry in entries.flatten() {
        let pair = js_sys::Array::from(&entry);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string())
            && name != "password"
        {
            map.insert(name, Value::String(value));
        }
    }
    map
}

/// Asks the authenticator (Web Authentication Level 3, section 5.1).
async fn ask(create: bool, options: &Value) -> Result<JsValue, JsValue> {
    let public_key = js::from_json(&options["publicKey"]);
    bytes(&public_key, "challenge");
    bytes(&js::get(&public_key, "user"), "id");
    for list in ["excludeCredentials", "allowCredentials"] {
        let list = js::get(&public_key, list);
        if js_sys::Array::is_array(&list) {
            for credential in js_sys::Array::from(&list).iter() {
                bytes(&credential, "id");
            }
        }
    }
    let request = js_sys::Object::new();
    js::put(&request, "publicKey", &public_key);
    let credentials = js::window().navigator().credentials();
    let promise = if create {
        credentials.create_with_options(request.unchecked_ref())
    } else {
        credentials.get_with_options(request.unchecked_ref())
    }?;
    JsFuture::from(promise).await
}

/// Turns a text of base64url into the bytes the browser wants.
fn bytes(target: &JsValue, key: &str) {
    if let Some(bytes) = js::get(target, key)
        .as_string()
        .and_then(|text| base64url::decode(&text))
    {
        js::put(target, key, &js_sys::Uint8Array::from(bytes.as_slice()));
    }
}

fn text(target: &JsValue, key: &str) -> Value {
    let value = js::get(target, key);
    if value.is_object() {
        Value::String(base64url::encode(&js_sys::Uint8Array::new(&value).to_vec()))
    } else {
        Value::Null
    }
}

fn created(answer: &JsValue) -> Value {
    let response = js::get(answer, "response");
    json!({
        "id": js::get(answer, "id").as_string(),
        "rawId": text(answer, "rawId"),
        "type": "public-key",
        "response": {
            "attestationObject": text(&response, "attestationObject"),
            "clientDataJSON": text(&response, "clientDataJSON"),
        },
        "extensions": {},
    })
}

fn shown(answer: &JsValue) -> Value {
    let response = js::get(answer, "response");
    json!({
        "id": js::get(answer, "id").as_string(),
        "rawId": text(answer, "rawId"),
        "type": "public-key",
        "response": {
            "authenticatorData": text(&response, "authenticatorData"),
            "clientDataJSON": text(&response, "clientDataJSON"),
            "signature": text(&response, "signature"),
            "userHandle": text(&response, "userHandle"),
        },
        "extensions": {},
    })
}

fn refused(create: bool, name: &str) -> String {
    match (name, create) {
        ("NotAllowedError", true) => {
            "No passkey was made: it was cancelled or took too long. Press the button again, or set a password instead."
        }
        ("NotAllowedError", false) => {
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

fn disable(button: &HtmlElement, disabled: bool) {
    if let Some(button) = button.dyn_ref::<HtmlButtonElement>() {
        button.set_disabled(disabled);
    }
}

/// Puts a sentence where the person looks.
fn say(button: &HtmlElement, form: Option<&HtmlFormElement>, sentence: &str) {
    let marked = form.and_then(|form| form.query_selector("[data-passkey-error]").ok().flatten());
    let Some(place) = marked.or_else(|| beside(button)) else {
        return;
    };
    place.set_text_content(Some(sentence));
    if let Some(place) = place.dyn_ref::<HtmlElement>() {
        place.set_hidden(sentence.is_empty());
    }
}

fn beside(button: &HtmlElement) -> Option<Element> {
    if let Some(next) = button.next_element_sibling()
        && next.has_attribute("data-passkey-error")
    {
        return Some(next);
    }
    let place = js::window().document()?.create_element("p").ok()?;
    place.set_class_name("notice wrong");
    let _ = place.set_attribute("role", "alert");
    let _ = place.set_attribute("data-passkey-error", "");
    button.insert_adjacent_element("afterend", &place).ok()?
}
