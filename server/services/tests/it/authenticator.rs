//! A passkey in software: ES256, attestation "none" (WebAuthn Level 3 §6.1, §6.5; RFC 9052 for the key).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ORIGIN: &str = "http://localhost:3000";
const RP_ID: &str = "localhost";
/// User present and verified.
const PRESENT: u8 = 0x05;
/// And a new key follows.
const WITH_KEY: u8 = 0x45;

pub(crate) struct Authenticator {
    key: SigningKey,
    id: [u8; 16],
    counter: u32,
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn client_data(kind: &str, options: &Value) -> Vec<u8> {
    let challenge = options
        .pointer("/publicKey/challenge")
        .expect("a challenge");
    json!({ "type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": false })
        .to_string()
        .into_bytes()
}

impl Authenticator {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[seed; 32]).expect("a key"),
            id: [seed; 16],
            counter: 0,
        }
    }

    fn head(&mut self, flags: u8) -> Vec<u8> {
        self.counter += 1;
        let mut data = Sha256::digest(RP_ID.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// Answers creation options.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut data = self.head(WITH_KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20]);
        data.extend(point.x().expect("x"));
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().expect("y"));
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(data);
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "response": {
                "attestationObject": b64(&object),
                "clientDataJSON": b64(&client_data("webauthn.create", options)),
            },
        })
    }

    /// Answers request options.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        let data = self.head(PRESENT);
        let client = client_data("webauthn.get", options);
        let signed = [&data[..], &Sha256::digest(&client)].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": b64(&self.id),
            "rawId": b64(&self.id),
            "type": "public-key",
            "response": {
                "authenticatorData": b64(&data),
                "clientDataJSON": b64(&client),
                "signature": b64(signature.to_der().as_bytes()),
            },
        })
    }
}
