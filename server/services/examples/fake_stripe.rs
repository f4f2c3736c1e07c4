//! The stand-in for Stripe as a program of its own, for tests in a browser: `fake_stripe [ADDRESS]`.
//!
//! It prints where it is, and takes the secret key `sk_test_0123456789abcdef`.

#[path = "../tests/it/fake_stripe/mod.rs"]
#[expect(
    dead_code,
    reason = "a browser needs its pages and its API, and not what tests say to it"
)]
mod fake_stripe;

#[tokio::main]
async fn main() {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let fake = fake_stripe::FakeStripe::start_at(&address, services::Clock::System).await;
    println!("Stripe's stand-in is open at {}", fake.base);
    std::future::pending::<()>().await;
}
