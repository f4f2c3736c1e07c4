//! `/manage/payments`: who takes the shop's money, the keys for it, and what the processor reported.

use domain::{
    identity::{Viewer, device::RECENT_MS},
    invalid::Invalid,
};
use leptos::prelude::*;
use services::payment::{AccountView, SigningView, WebhookView};

use super::parts::{Place, framed};
use crate::{
    Site,
    checkout::parts::brief,
    flash,
    form::{error_summary, field, field_error},
};

/// The fields whose errors stand beside them; their ids have the same names.
const FIELDS: [&str; 3] = ["secret", "publishable", "signing"];

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct Payments<'a> {
    /// The shop's accounts, the one that takes new payments first.
    pub accounts: &'a [AccountView],
    /// The last reports.
    pub webhooks: &'a [WebhookView],
    /// What was wrong with what was typed. What was typed is not shown again.
    pub errors: &'a [Invalid],
    /// A flash message about what was just done.
    pub message: Option<&'a str>,
    /// Whether the sign-in is recent, so that keys can be changed.
    pub recent: bool,
}

/// The page.
#[must_use]
pub fn payments(site: &Site, viewer: &Viewer, payments: &Payments<'_>) -> String {
    let accounts = payments
        .accounts
        .iter()
        .map(|account| self::account(site, account, payments))
        .collect_view();
    let none = payments.accounts.is_empty().then(|| none(site));
    let entry = if payments.recent {
        keys(payments)
    } else {
        sign_in_again()
    };
    let main = view! {
        <div class="head">
            <h1>"Payments"</h1>
            <p><a class="link" href="/manage/ledger">"Ledger"</a></p>
        </div>
        {payments.message.map(flash::success)}
        {error_summary("Not saved", payments.errors, &FIELDS)}
        <div class="settings">
            <section aria-labelledby="accounts-title">
                <h2 id="accounts-title">"Who takes the money"</h2>
                {none}
                {accounts}
            </section>
            <section aria-labelledby="keys-title">
                <h2 id="keys-title">{if payments.accounts.is_empty() { "Connect Stripe" } else { "Replace the keys" }}</h2>
                {entry}
            </section>
            {reports(payments.webhooks)}
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Payments, "Payments", main)
}

fn none(site: &Site) -> AnyView {
    if site.test_payments {
        view! { <p>"The test gateway: no card is asked for and no money moves. Enter the keys of your Stripe account to sell for real."</p> }.into_any()
    } else {
        view! { <p>"Nobody yet, so nothing can be bought. Enter the keys of your Stripe account to sell."</p> }.into_any()
    }
}

fn account(site: &Site, account: &AccountView, payments: &Payments<'_>) -> AnyView {
    let mode = if account.live {
        "real money"
    } else {
        "test mode, no money moves"
    };
    let state = if account.active {
        "Takes new payments"
    } else {
        "Only its earlier payments"
    };
    let hook = site.absolute(&format!("/hooks/stripe/{}", account.id));
    let fact = |name: &'static str, value: AnyView| {
        view! { <div><dt>{name}</dt><dd>{value}</dd></div> }
    };
    let name = account
        .provider_account
        .clone()
        .unwrap_or_else(|| "not told by this key".to_owned());
    let checked = account.checked_at.map_or_else(
        || "Never".into_any(),
        |at| view! { {if account.problem.is_none() { "Works, " } else { "Does not work, " }} {brief(at)} }.into_any(),
    );
    let signing = account
        .signing
        .iter()
        .map(|secret| signing_row(account, secret, payments.recent))
        .collect_view();
    let unsigned = account.signing.is_empty().then(|| {
        flash::warning("Without a webhook, payments are noticed up to half a minute late, and refunds and disputes made at Stripe not at all.")
    });
    let remove = payments.recent.then(|| {
        view! {
            <form method="post" action=format!("/manage/payments/{}/remove", account.id)>
                <button class="button quiet" r#type="submit">"Forget these keys"</button>
            </form>
        }
    });
    let add = payments.recent.then(|| add_signing(account));
    view! {
        <article class="setting">
            <h3>{account.provider.name()} ", " {mode}</h3>
            <dl class="facts">
                {fact("Account", view! { <bdi>{name}</bdi> }.into_any())}
                {fact("Secret key", view! { <span class="figure">{format!("ends in {}", account.hint)}</span> }.into_any())}
                {fact("Use", state.into_any())}
                {fact("Checked", checked)}
            </dl>
            {account.problem.as_deref().map(flash::warning)}
            <div class="row">
                <form method="post" action=format!("/manage/payments/{}/check", account.id)>
                    <button class="button quiet" r#type="submit">"Check now"</button>
                </form>
                {remove}
            </div>
            <h3>"Webhook"</h3>
            <p class="soft">"At Stripe, under Developers, Webhooks, add an endpoint with this address and the events of Checkout, PaymentIntents, refunds and disputes:"</p>
            <p><code class="address-code">{hook}</code></p>
            {unsigned}
            <ul class="listing" aria-label="Signing secrets">{signing}</ul>
            {add}
        </article>
    }
    .into_any()
}

fn signing_row(account: &AccountView, secret: &SigningView, recent: bool) -> AnyView {
    let remove = (recent && account.signing.len() > 1).then(|| {
        view! {
            <form method="post" action=format!("/manage/payments/{}/signing/{}/remove", account.id, secret.id)>
                <button class="button quiet" r#type="submit">"Remove"</button>
            </form>
        }
    });
    view! { <li><p>"Signing secret, entered " {brief(secret.created_at)}</p> {remove}</li> }
        .into_any()
}

/// One more field where keys are typed: hidden as it is typed, and never filled in again.
fn secret_field(
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    errors: &[Invalid],
) -> AnyView {
    field(
        id,
        label,
        Some(hint),
        field_error(errors, id),
        |id, described, invalid| {
            view! {
            <input class="input" id=id name=id r#type="password" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby=described aria-invalid=invalid />
        }
        .into_any()
        },
    )
}

fn add_signing(account: &AccountView) -> AnyView {
    let id = format!("signing-{}", account.id);
    view! {
        <form class="setting" method="post" novalidate action=format!("/manage/payments/{}/signing", account.id)>
            <div class="field">
                <label r#for=id.clone()>"Signing secret"</label>
                <p class="hint">"Begins with whsec_. Several count at once, so add the new one before you take the old one off."</p>
                <input class="input" id=id name="signing" r#type="password" autocomplete="off" autocapitalize="none" spellcheck="false" />
            </div>
            <button class="button quiet" r#type="submit">"Add the signing secret"</button>
        </form>
    }
    .into_any()
}

fn keys(payments: &Payments<'_>) -> AnyView {
    let errors = payments.errors;
    view! {
        <form class="setting" method="post" novalidate action="/manage/payments/stripe">
            <p class="soft">"The keys are tried out at Stripe, kept encrypted, and never shown again. Orders go on with the earlier keys until the new ones work."</p>
            {secret_field("secret", "Secret key", "Begins with sk_live_ or sk_test_; a restricted key with rk_", errors)}
            {field("publishable", "Publishable key", Some("Begins with pk_; may stay empty"), field_error(errors, "publishable"), |id, described, invalid| {
                view! { <input class="input" id=id name="publishable" dir="auto" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby=described aria-invalid=invalid /> }.into_any()
            })}
            {secret_field("signing", "Webhook signing secret", "Begins with whsec_; can be added later", errors)}
            <button class="button" r#type="submit">"Check and save the keys"</button>
        </form>
    }
    .into_any()
}

/// The way to a recent sign-in, without which keys cannot be changed.
fn sign_in_again() -> AnyView {
    view! {
        <p class="hint soft">
            {format!("You signed in more than {} minutes ago. To change keys, ", RECENT_MS / 60_000)}
            <a href="/sign-in?next=/manage/payments">"sign in again"</a> "."
        </p>
    }
    .into_any()
}

fn reports(webhooks: &[WebhookView]) -> Option<AnyView> {
    if webhooks.is_empty() {
        return None;
    }
    let rows = webhooks.iter().map(report).collect_view();
    Some(
        view! {
            <section aria-labelledby="reports-title">
                <h2 id="reports-title">"What Stripe reported"</h2>
                <ul class="listing reports" aria-label="Reports">{rows}</ul>
            </section>
        }
        .into_any(),
    )
}

fn report(webhook: &WebhookView) -> AnyView {
    let label = format!("Apply {} again", webhook.kind);
    view! {
        <li>
            <div>
                <h3>{webhook.words}</h3>
                <p class="soft small"><code>{webhook.kind.clone()}</code> " " {brief(webhook.received_at)}</p>
            </div>
            <form method="post" action=format!("/manage/payments/webhooks/{}/replay", webhook.id)>
                <button class="button quiet" r#type="submit" aria-label=label>"Apply again"</button>
            </form>
        </li>
    }
    .into_any()
}
