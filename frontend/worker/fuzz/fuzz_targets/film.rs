#![no_main]

#[path = "../film.rs"]
mod film;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| film::read(bytes));
