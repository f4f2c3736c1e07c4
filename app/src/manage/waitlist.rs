//! The waitlist of a product in its editor. The shop sends no mail: the seller writes from their own mailbox.

use domain::{catalog::Product, waitlist::Entry};
use leptos::prelude::*;

use super::product::FIELDS_FORM;
use crate::{Site, form::textarea_text, shop::parts::name};

/// The most addresses in one link.
const MAX_RECIPIENTS: usize = 50;
/// The most characters of addresses in one link: some systems cut a link of more than 2,000 characters in all.
const MAX_ADDRESS_LENGTH: usize = 1_400;

/// The section of the editor; nothing while the waitlist is empty.
pub(super) fn section(site: &Site, product: &Product, waitlist: &[Entry]) -> Option<AnyView> {
    let last = waitlist.last()?;
    let mail = MailLink::new(site, product, waitlist);
    let count = match waitlist.len() {
        1 => "1 person wants to know when this is back".to_owned(),
        count => format!("{count} people want to know when this is back"),
    };
    let next = if product.sold_out() {
        "Nothing is left yet. Once there is, write to them from your own mailbox: the shop sends no mail."
    } else {
        "It can be bought again. Write to them from your own mailbox: the shop sends no mail."
    };
    let label = if mail.recipients < waitlist.len() {
        format!("Write to the first {}", mail.recipients)
    } else {
        "Write to them".to_owned()
    };
    let emails: Vec<&str> = waitlist.iter().map(|entry| entry.email.as_str()).collect();
    Some(
        view! {
            <section class="waitlist" aria-labelledby="waitlist-title">
                <h2 id="waitlist-title">{count}</h2>
                <p>{next}</p>
                <p><a class="button quiet" href=mail.href>{label}</a></p>
                <div class="field">
                    <label r#for="waitlist-emails">"Their addresses"</label>
                    <p class="hint" id="waitlist-hint">"Put them into the line for blind copies (Bcc), so that nobody sees the others."</p>
                    <textarea class="input" id="waitlist-emails" readonly rows="3" dir="auto" aria-describedby="waitlist-hint">{textarea_text(&emails.join(",\n"))}</textarea>
                </div>
                // Whoever joined after this page was rendered has not been written to.
                <button class="button quiet" r#type="submit" form=FIELDS_FORM formaction=format!("/manage/products/{}/waitlist/notified", product.id) name="until" value=last.since.0.to_string()>"I have told them"</button>
                <p class="soft">"Takes them off the list for good."</p>
            </section>
        }
        .into_any(),
    )
}

/// A link that opens a mail to those on the waitlist, in blind copy (RFC 6068).
#[derive(Debug, PartialEq, Eq)]
struct MailLink {
    href: String,
    /// How many of them it is to.
    recipients: usize,
}

impl MailLink {
    fn new(site: &Site, product: &Product, waitlist: &[Entry]) -> Self {
        let mut bcc = String::new();
        let mut recipients = 0;
        for entry in waitlist.iter().take(MAX_RECIPIENTS) {
            let address = encoded(&entry.email);
            if recipients > 0 {
                if bcc.len() + 1 + address.len() > MAX_ADDRESS_LENGTH {
                    break;
                }
                bcc.push(',');
            }
            bcc.push_str(&address);
            recipients += 1;
        }
        let subject = encoded(&format!("{} is back", name(product)));
        let page = site.absolute(&format!("/p/{}", product.slug));
        let body = encoded(&format!("You asked to be told:\r\n{page}\r\n"));
        Self {
            href: format!("mailto:?bcc={bcc}&subject={subject}&body={body}"),
            recipients,
        }
    }
}

/// Percent-encodes all but the unreserved characters and `@` (RFC 6068, section 2): some readers take `+` for a space.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use domain::{catalog::State, tax::Class, time::UnixMs};

    use super::*;

    fn site() -> Site {
        Site {
            public_url: "https://shop.example".to_owned(),
            assets: crate::Assets::default(),
            test_payments: false,
        }
    }

    fn cup() -> Product {
        Product {
            id: "p1".parse().expect("an id"),
            slug: "cup".to_owned(),
            state: State::Published,
            title: "Tea & \"cup\"".to_owned(),
            summary: String::new(),
            text: String::new(),
            price: None,
            options: Vec::new(),
            variants: Vec::new(),
            class: Class::Standard,
            available: 0,
            stock: 0,
            version: 1,
            media: Vec::new(),
            updated_at: UnixMs(0),
        }
    }

    fn entries(emails: impl IntoIterator<Item = String>) -> Vec<Entry> {
        let mut since = 0;
        emails
            .into_iter()
            .map(|email| {
                since += 1;
                Entry {
                    email,
                    since: UnixMs(since),
                }
            })
            .collect()
    }

    #[test]
    fn no_address_writes_the_link() {
        let odd = entries([
            "a&bcc=x?y%z+1#@example.org".to_owned(),
            "jörg@example.org".to_owned(),
        ]);
        let mail = MailLink::new(&site(), &cup(), &odd);
        assert_eq!(
            mail.href,
            "mailto:?bcc=a%26bcc%3Dx%3Fy%25z%2B1%23@example.org,j%C3%B6rg@example.org\
             &subject=Tea%20%26%20%22cup%22%20is%20back\
             &body=You%20asked%20to%20be%20told%3A%0D%0Ahttps%3A%2F%2Fshop.example%2Fp%2Fcup%0D%0A"
        );
        assert_eq!(mail.recipients, 2);
    }

    #[test]
    fn a_link_stays_short() {
        let many = entries((0..400).map(|n| format!("n{n}@example.org")));
        assert_eq!(MailLink::new(&site(), &cup(), &many).recipients, 50);
        let long = entries((0..400).map(|n| format!("{n}{}@example.org", "x".repeat(60))));
        let mail = MailLink::new(&site(), &cup(), &long);
        assert!(
            mail.recipients < 50 && mail.href.len() < 2_000,
            "{}",
            mail.href.len()
        );
        let longest = entries([
            format!("{}@example.org", "ü".repeat(32)),
            "b@example.org".to_owned(),
        ]);
        assert!(MailLink::new(&site(), &cup(), &longest).recipients > 0);
    }

    #[test]
    fn the_editor_says_how_many_wait_and_until_when_they_were_notified() {
        let shown = |count: usize| {
            let waitlist = entries((0..count).map(|n| format!("n{n}@example.org")));
            crate::render(|| section(&site(), &cup(), &waitlist))
        };
        assert!(!shown(0).contains("waitlist"));
        assert!(shown(1).contains("1 person wants"));
        let html = shown(60);
        assert!(html.contains("60 people want") && html.contains("Write to the first 50"));
        assert!(html.contains("n59@example.org"), "the list has them all");
        assert!(html.contains(r#"name="until" value="60""#), "{html}");
    }
}
