//! Parts of the buyer's pages about payments.

use domain::{
    checkout::{Order, Outcome, State},
    payment::RefundState,
};
use leptos::prelude::*;
use services::payment::{RefundView, Refunds};

use crate::checkout::parts::moment;

/// The choices of the test gateway, which does what is chosen.
pub(crate) fn outcomes(chosen: &str) -> AnyView {
    let chosen: Outcome = chosen.parse().unwrap_or(Outcome::Success);
    let choices = Outcome::ALL
        .into_iter()
        .map(|outcome| {
            let id = format!("outcome-{}", outcome.as_str());
            view! {
                <div class="choice">
                    <input r#type="radio" id=id.clone() name="outcome" value=outcome.as_str() checked=outcome == chosen />
                    <label r#for=id>{outcome.words()}</label>
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="test-gateway">
            <legend>"Test payment"</legend>
            <p class="soft">"No card is asked for and no money moves. Choose what happens."</p>
            {choices}
        </fieldset>
    }
    .into_any()
}

/// A payment on a page of the processor's.
pub(crate) fn elsewhere(order: &Order) -> AnyView {
    let again = (order.state == State::Redirected).then(|| {
        view! { <p>"The payment page is still open. Press pay to go on there, or give the order up."</p> }
    });
    let test = order.test.then(|| {
        view! { <p class="soft">"This shop tries its payments out: no real card is charged."</p> }
    });
    view! {
        <div class="pay-elsewhere">
            {again}
            <p class="soft">"You pay on a secure page of Stripe and come back here. The shop never sees your card."</p>
            {test}
        </div>
    }
    .into_any()
}

/// What went back of an order's money, told to its buyer; nothing where nothing did.
pub(crate) fn given_back(refunds: &Refunds) -> Option<AnyView> {
    if refunds.refunds.is_empty() {
        return None;
    }
    let rows = refunds.refunds.iter().map(row).collect_view();
    Some(
        view! {
            <section class="given-back" aria-labelledby="given-back">
                <h2 id="given-back" class="minor">"Money back"</h2>
                <ul>{rows}</ul>
            </section>
        }
        .into_any(),
    )
}

fn row(refund: &RefundView) -> AnyView {
    let amount = refund.amount.to_string();
    let text = match refund.state {
        RefundState::Asked => format!("{amount} is being sent back."),
        RefundState::Pending => format!("{amount} is on its way back to you."),
        RefundState::Succeeded => {
            format!(
                "{amount} went back to where you paid from. Banks take up to ten days to show it."
            )
        }
        RefundState::Failed => {
            format!("{amount} could not be sent back. The shop knows, and finds another way.")
        }
    };
    view! { <li>{text} " " <span class="soft small">{moment(refund.at)}</span></li> }.into_any()
}
