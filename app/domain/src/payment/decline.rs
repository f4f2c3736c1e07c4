//! Why processors refuse, in words, and whether the same card is worth another try. One table per processor.

use super::Provider;

/// Why a payment was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The same card may work later or once something is put right; otherwise another one is needed.
    pub retryable: bool,
    /// For the buyer: what happened and what to do.
    pub words: &'static str,
}

/// What is said of a code that no table has.
const UNKNOWN: Reason = Reason {
    retryable: true,
    words: "The bank declined the payment. Nothing was taken. Try again or use another card.",
};

/// The codes of docs.stripe.com/declines/codes. What may be a stolen card is not told apart from any other refusal, so that
/// nobody learns which cards are known to be stolen.
const STRIPE: &[(&str, bool, &str)] = &[
    (
        "approve_with_id",
        true,
        "The bank could not answer. Nothing was taken. Try again in a moment.",
    ),
    (
        "authentication_required",
        true,
        "The bank wants you to confirm the payment. Nothing was taken. Try again and confirm it in your bank's app or by its code.",
    ),
    (
        "payment_intent_authentication_failure",
        true,
        "The payment was not confirmed with your bank. Nothing was taken. Try again and confirm it, or use another card.",
    ),
    (
        "call_issuer",
        false,
        "The bank declined the payment. Nothing was taken. Ask your bank, or use another card.",
    ),
    (
        "card_not_supported",
        false,
        "This card cannot pay for this. Nothing was taken. Use another card.",
    ),
    (
        "card_velocity_exceeded",
        false,
        "The card has reached its limit. Nothing was taken. Use another card, or try again tomorrow.",
    ),
    (
        "currency_not_supported",
        false,
        "This card cannot pay in this currency. Nothing was taken. Use another card.",
    ),
    (
        "do_not_honor",
        false,
        "The bank declined the payment. Nothing was taken. Ask your bank, or use another card.",
    ),
    (
        "expired_card",
        false,
        "The card has expired. Nothing was taken. Use another card.",
    ),
    (
        "fraudulent",
        false,
        "The bank declined the payment. Nothing was taken. Use another card.",
    ),
    (
        "generic_decline",
        false,
        "The bank declined the payment. Nothing was taken. Ask your bank, or use another card.",
    ),
    (
        "incorrect_cvc",
        true,
        "The security code of the card is not right. Nothing was taken. Write it again.",
    ),
    (
        "invalid_cvc",
        true,
        "The security code of the card is not right. Nothing was taken. Write it again.",
    ),
    (
        "incorrect_number",
        true,
        "The card number is not right. Nothing was taken. Write it again.",
    ),
    (
        "invalid_number",
        true,
        "The card number is not right. Nothing was taken. Write it again.",
    ),
    (
        "incorrect_zip",
        true,
        "The postcode does not belong to the card. Nothing was taken. Write it again.",
    ),
    (
        "insufficient_funds",
        true,
        "There is not enough money on the card. Nothing was taken. Use another card, or try again later.",
    ),
    (
        "invalid_expiry_month",
        true,
        "The card's expiry date is not right. Nothing was taken. Write it again.",
    ),
    (
        "invalid_expiry_year",
        true,
        "The card's expiry date is not right. Nothing was taken. Write it again.",
    ),
    (
        "issuer_not_available",
        true,
        "The bank cannot be reached. Nothing was taken. Try again in a moment.",
    ),
    (
        "lost_card",
        false,
        "The bank declined the payment. Nothing was taken. Use another card.",
    ),
    (
        "merchant_blacklist",
        false,
        "The bank declined the payment. Nothing was taken. Use another card.",
    ),
    (
        "not_permitted",
        false,
        "The bank does not allow this payment. Nothing was taken. Ask your bank, or use another card.",
    ),
    (
        "pickup_card",
        false,
        "The bank declined the payment. Nothing was taken. Use another card.",
    ),
    (
        "pin_try_exceeded",
        false,
        "The card is locked after too many wrong codes. Nothing was taken. Use another card.",
    ),
    (
        "processing_error",
        true,
        "The card could not be checked. Nothing was taken. Try again in a moment.",
    ),
    (
        "reenter_transaction",
        true,
        "The bank could not answer. Nothing was taken. Try again in a moment.",
    ),
    (
        "stolen_card",
        false,
        "The bank declined the payment. Nothing was taken. Use another card.",
    ),
    (
        "testmode_decline",
        false,
        "A test card was used where real cards are taken. Nothing was taken. Use another card.",
    ),
    (
        "transaction_not_allowed",
        false,
        "The bank does not allow this payment. Nothing was taken. Ask your bank, or use another card.",
    ),
    (
        "try_again_later",
        true,
        "The bank could not answer. Nothing was taken. Try again in a moment.",
    ),
    (
        "withdrawal_count_limit_exceeded",
        false,
        "The card has reached its limit. Nothing was taken. Use another card.",
    ),
];

/// What a processor's code means.
#[must_use]
pub fn reason(provider: Provider, code: &str) -> Reason {
    let table = match provider {
        Provider::Test => &[],
        Provider::Stripe => STRIPE,
    };
    table
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or(UNKNOWN, |(_, retryable, words)| Reason {
            retryable: *retryable,
            words,
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_says_what_happened_and_what_to_do() {
        let codes: BTreeSet<&str> = STRIPE.iter().map(|(code, ..)| *code).collect();
        assert_eq!(codes.len(), STRIPE.len(), "no code twice");
        for (code, ..) in STRIPE {
            let reason = reason(Provider::Stripe, code);
            assert!(
                reason.words.contains("Nothing was taken.") && reason.words.ends_with('.'),
                "{code}"
            );
            assert!(
                reason.retryable || reason.words.contains("nother card"),
                "{code}"
            );
        }
        assert_eq!(reason(Provider::Stripe, "of next year"), UNKNOWN);
        assert!(!reason(Provider::Stripe, "expired_card").retryable);
        assert_eq!(
            reason(Provider::Stripe, "stolen_card").words,
            reason(Provider::Stripe, "lost_card").words
        );
    }
}
