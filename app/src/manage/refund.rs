//! Giving money back on `/manage/orders/{id}`: what went back, what can still go, and what pressing the button does.

use domain::{
    checkout::{Order, State},
    invalid::Invalid,
    payment::{DisputeState, RefundState, standing},
};
use leptos::prelude::*;
use services::payment::{DisputeView, RefundView, Refunds};

use crate::{
    checkout::parts::brief,
    form::{error_summary, field, field_error},
};

/// What the part shows.
#[derive(Debug, Clone, Copy)]
pub struct Refunding<'a> {
    /// What was taken and what went back.
    pub refunds: &'a Refunds,
    /// Names the form, so that pressing twice refunds once.
    pub key: &'a str,
    /// What was typed and could not be done.
    pub typed: &'a str,
    /// What was wrong with it.
    pub errors: &'a [Invalid],
    /// A flash message about what was just done.
    pub message: Option<&'a str>,
}

/// The state of an order of which money went back, or was to.
pub(super) fn standing_of(order: &Order, refunding: &Refunding<'_>) -> Option<AnyView> {
    let refunds = refunding.refunds;
    if refunds.refunds.is_empty() && order.state != State::Refunded {
        return None;
    }
    let words = standing(order.state, order.total, refunds.refunded_minor());
    let class = if words == State::RefundDue.words() {
        "state bad"
    } else {
        "state"
    };
    Some(view! { <span class=class>{words}</span> }.into_any())
}

/// What is wrong with the form.
pub(super) fn errors(refunding: &Refunding<'_>) -> Option<AnyView> {
    error_summary("Not refunded", refunding.errors, &["amount", "restock"])
}

/// The part; nothing before any money came.
pub(super) fn section(order: &Order, refunding: &Refunding<'_>) -> Option<AnyView> {
    let refunds = refunding.refunds;
    if refunds.refundable.captured.minor == 0 {
        return (order.state == State::Paid && order.total.minor == 0)
            .then(|| call_off(order, refunding));
    }
    let rows = refunds.refunds.iter().map(row).collect_view();
    let list = (!refunds.refunds.is_empty())
        .then(|| view! { <ul class="listing" aria-label="Refunds">{rows}</ul> });
    let disputes = refunds.disputes.iter().map(dispute).collect_view();
    let disputes = (!refunds.disputes.is_empty())
        .then(|| view! { <ul class="listing" aria-label="Disputes">{disputes}</ul> });
    let rest = refunds.refundable.rest();
    let form = (rest.minor > 0).then(|| form(order, refunding));
    let done =
        (rest.minor == 0).then(|| view! { <p class="soft">"Nothing is left to refund."</p> });
    Some(
        view! {
            <section class="refund" aria-labelledby="refund-title">
                <h2 id="refund-title">"Money back"</h2>
                {list}
                {disputes}
                {done}
                {form}
            </section>
        }
        .into_any(),
    )
}

/// Calling off an order that cost nothing.
fn call_off(order: &Order, refunding: &Refunding<'_>) -> AnyView {
    view! {
        <section class="refund" aria-labelledby="refund-title">
            <h2 id="refund-title">"Call it off"</h2>
            <form class="setting" method="post" action=format!("/manage/orders/{}/refund", order.id)>
                <input r#type="hidden" name="key" value=refunding.key.to_owned() />
                <p>{format!("Nothing was paid, so no money moves. Nothing is sent then, and the buyer sees it on the order\u{2019}s page. Choose whether its {} can be bought again.", pieces(order))}</p>
                {restock("What happens to the pieces")}
                <button class="button quiet" r#type="submit">"Call the order off"</button>
            </form>
        </section>
    }
    .into_any()
}

fn pieces(order: &Order) -> String {
    match order.lines.iter().map(|line| line.quantity).sum::<u32>() {
        1 => "1 piece".to_owned(),
        pieces => format!("{pieces} pieces"),
    }
}

fn restock(legend: &'static str) -> AnyView {
    view! {
        <fieldset class="choices">
            <legend>{legend}</legend>
            <div class="choice">
                <input r#type="radio" id="restock-return" name="restock" value="return" />
                <label r#for="restock-return">"Put them back on sale"</label>
            </div>
            <div class="choice">
                <input r#type="radio" id="restock-keep" name="restock" value="keep" checked=true />
                <label r#for="restock-keep">"Take them out of stock"</label>
            </div>
        </fieldset>
    }
    .into_any()
}

fn form(order: &Order, refunding: &Refunding<'_>) -> AnyView {
    let rest = refunding.refunds.refundable.rest();
    let gateway = refunding
        .refunds
        .provider
        .map_or("the processor", domain::payment::Provider::name);
    let unsent = order.state == State::Paid;
    let pieces = pieces(order);
    let stock = match order.state {
        State::Paid => format!(
            "Refunding all of it also calls the order off: nothing is sent then. Choose whether its {pieces} can be bought again."
        ),
        State::Sent => "The stock stays as it is. When pieces come back, correct it in the product\u{2019}s editor.".to_owned(),
        _ => "The stock stays as it is.".to_owned(),
    };
    let restock = unsent.then(|| restock("The pieces, when everything is refunded"));
    let hint = "Leave it empty to refund all that is left";
    view! {
        <form class="setting" method="post" novalidate action=format!("/manage/orders/{}/refund", order.id)>
            <input r#type="hidden" name="key" value=refunding.key.to_owned() />
            <p>{format!("At most {rest} can go back. It is sent by {gateway} to where the buyer paid from, and cannot be called off.")} " " {stock}</p>
            {field("amount", "Amount", Some(hint), field_error(refunding.errors, "amount"), |id, described, invalid| {
                view! {
                    <div class="joined">
                        <input class="input" id=id name="amount" inputmode="decimal" autocomplete="off" placeholder=rest.number() aria-describedby=described aria-invalid=invalid value=refunding.typed.to_owned() />
                        <span class="unit">{rest.currency.code()}</span>
                    </div>
                }.into_any()
            })}
            {restock}
            <button class="button quiet" r#type="submit">"Refund"</button>
        </form>
    }
    .into_any()
}

fn row(refund: &RefundView) -> AnyView {
    let class = if refund.state == RefundState::Failed {
        "state bad"
    } else {
        "state"
    };
    view! {
        <li>
            <div>
                <h3><span class="figure">{refund.amount.to_string()}</span> " " <span class=class>{refund.state.words()}</span></h3>
                <p class="soft small"><bdi>{refund.cause.clone()}</bdi> ", " {brief(refund.at)}</p>
                {refund.problem.clone().map(|problem| view! { <p class="wrong small">{problem}</p> })}
            </div>
        </li>
    }
    .into_any()
}

fn dispute(dispute: &DisputeView) -> AnyView {
    let class = if dispute.state == DisputeState::Won {
        "state"
    } else {
        "state bad"
    };
    view! {
        <li>
            <div>
                <h3>"Dispute over " <span class="figure">{dispute.amount.to_string()}</span></h3>
                <p><span class=class>{dispute.state.words()}</span></p>
                <p class="soft small">"The buyer told the bank: " <bdi>{dispute.reason.clone()}</bdi> ", " {brief(dispute.at)}</p>
            </div>
        </li>
    }
    .into_any()
}
