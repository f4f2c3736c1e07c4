#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| server::http::upload::fuzz::read(bytes));
