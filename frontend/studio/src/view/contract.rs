//! What is filmed under: the choice of it, and what of the session leaves the device.

use domain::capture::MetadataItem;
use leptos::prelude::*;

use crate::state::Studio;

/// The list of contracts, and what the chosen one asks for.
#[component]
pub(crate) fn ContractPicker(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let capture = studio.capture;
    let options = capture.offered.with_value(|offered| {
        offered
            .iter()
            .map(|contract| (contract.id.to_string(), contract.name.clone()))
            .collect::<Vec<_>>()
    });
    let current = move || capture.contract.with(|contract| contract.id.to_string());
    let asks = move || {
        capture.contract.with(|contract| {
            let mut asks = contract.asks();
            if !contract.shots.is_empty() {
                asks.push(crate::wording::count(contract.shots.len(), "shot", "shots"));
            }
            asks.join(" · ")
        })
    };
    view! {
        <div class="picker wide">
            <label class="picker-label" for="contract">"Film under"</label>
            <select
                class="input"
                id="contract"
                data-test="contract"
                aria-describedby="contract-asks"
                on:change=move |event| studio.pick_contract(&event_target_value(&event))
            >
                {options
                    .into_iter()
                    .map(|(id, name)| {
                        let of = id.clone();
                        view! { <option value=id selected=move || current() == of>{name}</option> }
                    })
                    .collect_view()}
            </select>
            <p class="small" id="contract-asks" data-test="contract-asks">{asks}</p>
        </div>
    }
}

/// What is missing of what the contract asks for. Nothing of it keeps a page from being made but what the shop would refuse.
#[component]
pub(crate) fn Missing(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let missing = Memo::new(move |_| studio.missing());
    let name = move || {
        studio
            .capture
            .contract
            .with(|contract| contract.name.clone())
    };
    let refused = move || missing.with(|missing| missing.iter().any(|(_, refused)| *refused));
    let title = move || match missing.with(Vec::len) {
        1 => format!("One thing short of {}", name()),
        n => format!("{n} things short of {}", name()),
    };
    let ending = move || {
        if refused() {
            "Mend what is marked, then make the page. The rest is up to you."
        } else {
            "Film again, keep more, or make the page as it is."
        }
    };
    view! {
        <Show when=move || missing.with(|missing| !missing.is_empty())>
            <section class="missing notice warn" aria-labelledby="missing-title" data-test="missing">
                <div>
                    <h2 id="missing-title" dir="auto">{title}</h2>
                    <ul>
                        <For each=move || missing.get() key=|line| line.clone() let:line>
                            <li class:refused=line.1 dir="auto">{line.0.clone()}</li>
                        </For>
                    </ul>
                    <p>{ending}</p>
                </div>
            </section>
        </Show>
    }
}

/// What leaves the device with the page, to switch on and off.
#[component]
pub(crate) fn Leaving(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let capture = studio.capture;
    let switch = move |item: MetadataItem| {
        let allowed = move || {
            capture
                .contract
                .with(|contract| contract.metadata.has(item))
        };
        let on = move || capture.may_leave().has(item);
        let id = format!("leaves-{}", item.as_str());
        view! {
            <div class="choice">
                <input
                    type="checkbox"
                    id=id.clone()
                    data-test=id.clone()
                    prop:checked=on
                    disabled=move || !allowed()
                    on:change=move |event| studio.set_may_leave(item, event_target_checked(&event))
                />
                <label for=id>
                    {item.words()}
                    {move || (!allowed()).then(|| view! { <span class="small">" · stays, says the contract"</span> })}
                </label>
            </div>
        }
    };
    let count = move || {
        let may_leave = capture.may_leave();
        MetadataItem::ALL
            .into_iter()
            .filter(|item| may_leave.has(*item))
            .count()
    };
    view! {
        <details class="leaving" data-test="leaving">
            <summary>
                "What leaves this device "
                <span class="soft">{move || format!("the clips and photos you keep, and {}", match count() {
                    0 => "nothing else".to_owned(),
                    n => format!("{n} of {} things about them", MetadataItem::ALL.len()),
                })}</span>
            </summary>
            <div class="leaving-choices">
                {MetadataItem::ALL.into_iter().map(switch).collect_view()}
                <p class="small">"The raw recording stays here, all of it that you do not keep. Nothing of this is told before you make the page."</p>
                <Show when=move || !capture.consent_is_kept.get()>
                    <button type="button" class="button quiet" data-test="keep-consent" on:click=move |_| studio.keep_consent()>
                        "Choose this for every session"
                    </button>
                </Show>
            </div>
        </details>
    }
}
