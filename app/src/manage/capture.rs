//! `/manage/contracts`: what a shop films under.

use domain::{
    capture::{
        Contract, MetadataItem,
        contract::{LONGEST_NAME, Orientation, SCHEMA_PATH, form::ContractForm, template},
    },
    identity::Viewer,
};
use leptos::prelude::*;
use services::capture::{Kept, Link};

use super::{
    parts::{Place, empty, framed},
    settings::{Part, parts},
    terms::Typed,
};
use crate::{
    Site,
    capture::parts::{leaves, terms},
    checkout::parts::brief,
    flash,
    form::{error_summary, field, field_error, textarea_text, tick},
    icon::Icon,
};

const FIELDS: [&str; 17] = [
    "name",
    "film_least",
    "film_most",
    "orientation",
    "light",
    "sound",
    "shots",
    "clips_least",
    "clips_most",
    "clip_least",
    "clip_most",
    "photos_most",
    "reel",
    "limit_clip_s",
    "limit_clip_mb",
    "limit_photo_mb",
    "location",
];

/// The contracts of a shop, and the templates to make more from.
#[must_use]
pub fn contracts(site: &Site, viewer: &Viewer, own: &[Kept], message: Option<&str>) -> String {
    let rows = own.iter().map(row).collect_view();
    let list = if own.is_empty() {
        empty(
            "No contracts of your own yet",
            "A contract says what a session must deliver and what of it may leave the device. Make yours from one of the templates.",
            None,
        )
    } else {
        view! { <ul class="listing" aria-label="Your contracts">{rows}</ul> }.into_any()
    };
    let templates = template::all().into_iter().map(template).collect_view();
    let main = view! {
        <h1>"Contracts"</h1>
        {parts(Part::Contracts)}
        {message.map(flash::success)}
        <div class="terms">
            <section aria-labelledby="own-contracts">
                <h2 id="own-contracts">"Yours"</h2>
                {list}
            </section>
            <section aria-labelledby="templates">
                <h2 id="templates">"Templates"</h2>
                <p class="soft">"Everybody can film under these. Pick one in the studio, or make it yours and change it."</p>
                <ul class="listing" aria-label="Templates">{templates}</ul>
            </section>
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Settings, "Contracts", main)
}

fn row(kept: &Kept) -> AnyView {
    let contract = &kept.contract;
    let ended = kept.ended_at.map(|at| view! { ". Ended " {brief(at)} });
    view! {
        <li class="code-row">
            <div>
                <h3><a dir="auto" href=format!("/manage/contracts/{}", contract.id)>{contract.name.clone()}</a></h3>
                <p class="soft small">
                    {format!("Version {}, saved ", contract.version)} {brief(kept.saved_at)} {ended}
                </p>
                <p class="soft small">{contract.asks().join(" · ")}</p>
            </div>
        </li>
    }
    .into_any()
}

fn template(contract: Contract) -> AnyView {
    let label = format!("Make {} yours", contract.name);
    view! {
        <li class="code-row">
            <div>
                <h3>{contract.name.clone()}</h3>
                <p class="soft small">{contract.asks().join(" · ")}</p>
            </div>
            <div class="row-acts">
                <form method="post" action="/manage/contracts">
                    <input r#type="hidden" name="from" value=contract.reference().to_string() />
                    <button class="button quiet" r#type="submit" aria-label=label>"Make it yours"</button>
                </form>
            </div>
        </li>
    }
    .into_any()
}

/// What the editor of a contract shows.
#[derive(Debug, Clone, Copy)]
pub struct ContractEditor<'a> {
    /// The contract as it is stored.
    pub kept: &'a Kept,
    /// Its links.
    pub links: &'a [Link],
    /// What was typed when it could not be saved; with its default, what is stored is shown.
    pub typed: &'a Typed<ContractForm>,
    /// The address of a link that was just made. It is shown once.
    pub new_link: Option<&'a str>,
}

/// The editor of one contract.
#[must_use]
pub fn contract(site: &Site, viewer: &Viewer, editor: &ContractEditor<'_>) -> String {
    let contract = &editor.kept.contract;
    let stored = ContractForm::of(contract);
    let form = if editor.typed.errors.is_empty() {
        &stored
    } else {
        &editor.typed.form
    };
    let ended = editor.kept.ended_at;
    let body = match ended {
        None => view! {
            {fields(contract, form, editor.typed)}
            <div class="contract-side">{sharing(contract, editor)} {ending(contract)}</div>
        }
        .into_any(),
        Some(at) => view! {
            <section aria-label="What it asks for">
                <p class="notice">"It ended " {brief(at)} ". What was filmed under it goes on naming it."</p>
                {terms(contract)} {leaves(contract)}
                <form method="post" action="/manage/contracts">
                    <input r#type="hidden" name="from" value=contract.reference().to_string() />
                    <button class="button quiet" r#type="submit">"Make a new one from it"</button>
                </form>
            </section>
        }
        .into_any(),
    };
    let main = view! {
        <p><a class="link" href="/manage/contracts">{Icon::Back.svg()} "Contracts"</a></p>
        <div class="head">
            <h1 dir="auto">{contract.name.clone()}</h1>
            <p class="state">{format!("Version {}", contract.version)}</p>
        </div>
        {editor.typed.message.map(flash::success)}
        {error_summary("Not saved", &editor.typed.errors, &FIELDS)}
        <div class="terms">{body}</div>
    }
    .into_any();
    framed(site, viewer, Place::Settings, &contract.name, main)
}

fn fields(contract: &Contract, form: &ContractForm, typed: &Typed<ContractForm>) -> AnyView {
    let errors = typed.errors.as_slice();
    let text = |id: &'static str, label: &'static str, hint: Option<&'static str>, value: &str| {
        let value = value.to_owned();
        field(
            id,
            label,
            hint,
            field_error(errors, id),
            |id, described, invalid| {
                view! { <input class="input figure" dir="auto" id=id name=id r#type="text" autocomplete="off" aria-describedby=described aria-invalid=invalid value=value /> }.into_any()
            },
        )
    };
    let ways = Orientation::ALL
        .into_iter()
        .map(|way| {
            let value = way.as_str();
            view! { <option value=value selected=value == form.orientation>{way.words()}</option> }
        })
        .collect_view();
    let may = MetadataItem::ALL
        .into_iter()
        .map(|item| tick(tick_name(item), item.words(), form.has(item)))
        .collect_view();
    let name = form.name.clone();
    view! {
        <form class="contract-form" method="post" action=format!("/manage/contracts/{}", contract.id) aria-label="What it asks for">
            <input r#type="hidden" name="version" value=form.version.clone() />
            {field("name", "Name", None, field_error(errors, "name"), |id, described, invalid| {
                view! { <input class="input" dir="auto" id=id name=id r#type="text" autocomplete="off" maxlength=LONGEST_NAME.to_string() aria-describedby=described aria-invalid=invalid value=name /> }.into_any()
            })}
            <fieldset>
                <legend>"The film"</legend>
                <div class="pair">
                    {text("film_least", "At least, s", Some("Empty: any"), &form.film_least)}
                    {text("film_most", "At most, s", None, &form.film_most)}
                </div>
                {field("orientation", "Stands", None, field_error(errors, "orientation"), |id, described, invalid| {
                    view! { <select class="input" id=id name=id aria-describedby=described aria-invalid=invalid>{ways}</select> }.into_any()
                })}
                <div class="pair">
                    {text("light", "Light at least, %", Some("Empty: any"), &form.light)}
                    {text("sound", "Sound at least, dB", Some("-45 is a quiet voice; empty: any"), &form.sound)}
                </div>
                {field("shots", "Shots", Some("One on a line, in the order they are filmed, with the least seconds behind a bar: Close up | 5"), field_error(errors, "shots"), |id, described, invalid| {
                    view! { <textarea class="input" dir="auto" id=id name=id rows="5" aria-describedby=described aria-invalid=invalid>{textarea_text(&form.shots)}</textarea> }.into_any()
                })}
            </fieldset>
            <fieldset>
                <legend>"What is chosen"</legend>
                <div class="pair">
                    {text("clips_least", "Clips at least", None, &form.clips_least)}
                    {text("clips_most", "Clips at most", None, &form.clips_most)}
                    {text("clip_least", "A clip at least, s", None, &form.clip_least)}
                    {text("clip_most", "A clip at most, s", None, &form.clip_most)}
                    {text("photos_most", "Photos at most", None, &form.photos_most)}
                    {text("reel", "Reel at most, s", None, &form.reel)}
                </div>
            </fieldset>
            <fieldset>
                <legend>"What the shop takes"</legend>
                <p class="hint">"Anything larger is refused before it is sent."</p>
                <div class="pair">
                    {text("limit_clip_s", "Longest clip, s", None, &form.limit_clip_s)}
                    {text("limit_clip_mb", "Largest clip, MB", None, &form.limit_clip_mb)}
                    {text("limit_photo_mb", "Largest photo, MB", None, &form.limit_photo_mb)}
                </div>
            </fieldset>
            <fieldset>
                <legend>"What may leave the device"</legend>
                <p class="hint">"Ticked, whoever films may let it go; the rest stays whatever they say. Raw footage always stays."</p>
                {may}
            </fieldset>
            <button class="button" r#type="submit">{format!("Save version {}", contract.version + 1)}</button>
        </form>
    }
    .into_any()
}

/// The name of a kind of metadata in the form. `shots` is what must be filmed.
const fn tick_name(item: MetadataItem) -> &'static str {
    match item {
        MetadataItem::Shots => "all_shots",
        other => other.as_str(),
    }
}

fn sharing(contract: &Contract, editor: &ContractEditor<'_>) -> AnyView {
    let id = contract.id.clone();
    let links = editor
        .links
        .iter()
        .map(|link| {
            let action = format!("/manage/contracts/{id}/links/{}/revoke", link.id);
            view! {
                <li class="code-row">
                    <p class="soft">"Made " {brief(link.created_at)} ", works until " {brief(link.expires_at)}</p>
                    <form method="post" action=action><button class="button quiet" r#type="submit">"Revoke"</button></form>
                </li>
            }
        })
        .collect_view();
    let new = editor.new_link.map(|address| {
        view! {
            <div class="notice done" role="status">
                <div>
                    <p>"Here is the link. Copy it now: it is shown this once."</p>
                    <label class="unseen" r#for="link">"The link"</label>
                    <input class="input" r#type="url" readonly id="link" data-test="contract-link" value=address.to_owned() />
                </div>
            </div>
        }
    });
    view! {
        <section aria-labelledby="share-title">
            <h2 id="share-title">"Share it"</h2>
            <p class="soft">"Whoever has a link reads the newest version, and can take it into a shop of their own. A link works for 30 days."</p>
            {new}
            <form method="post" action=format!("/manage/contracts/{id}/links")>
                <button class="button quiet" r#type="submit" data-test="share-contract">"Make a link"</button>
            </form>
            {(!editor.links.is_empty()).then(|| view! { <ul class="listing" aria-label="Links that work">{links}</ul> })}
            <p class="small soft"><a class="link" href=SCHEMA_PATH>"The JSON Schema of contracts"</a></p>
        </section>
    }
    .into_any()
}

fn ending(contract: &Contract) -> AnyView {
    view! {
        <section aria-labelledby="end-title">
            <h2 id="end-title">"End it"</h2>
            <p class="soft">"Nobody films under it any more and its links stop working. What was filmed under it stays."</p>
            <form method="post" action=format!("/manage/contracts/{}/end", contract.id)>
                <button class="button quiet" r#type="submit">"End this contract"</button>
            </form>
        </section>
    }
    .into_any()
}

/// What a product was filmed under.
pub(super) fn filmed_under(contract: &Contract) -> AnyView {
    let name = view! { <bdi>{contract.name.clone()}</bdi> };
    let name = match template::find(&contract.reference()) {
        Some(_) => name.into_any(),
        None => {
            view! { <a class="link" href=format!("/manage/contracts/{}", contract.id)>{name}</a> }
                .into_any()
        }
    };
    view! {
        <p class="soft small" data-test="filmed-under" data-contract=contract.reference().to_string()>
            "Filmed under " {name} {format!(", version {}.", contract.version)}
        </p>
    }
    .into_any()
}
