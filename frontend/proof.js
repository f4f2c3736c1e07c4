// Signs what the studio uploads: a key that never leaves this browser, a token that the shop grants for some minutes, and a proof with
// each request (DPoP, RFC 9449). The page loads it, and so does the service worker, which sends while no tab is open.
//
// A key is kept for each person and shop in an IndexedDB of its own; nothing can read it out. The clock of a device may be wrong, so
// proofs are made by the time that the shop's answers say.

(() => {
  const DATABASE = "vitrine-keys";
  const STORE = "key";
  const GRANT = "/api/access-token";
  const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

  /** How long before its end a token is not used any more, ms: a request takes its time. */
  const SPARE_MS = 20_000;

  /** How long an answer is waited for, ms. */
  const ANSWER_MS = 45_000;

  /** Tokens of this page by whose they are: promises, so that one is asked for once. */
  const tokens = new Map();

  /** How far the shop's clock is ahead of ours, ms. */
  let ahead = 0;

  const settled = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  function openKeys() {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return settled(request);
  }

  /** The key of a person and shop, made where there is none. */
  async function keyOf(owner) {
    const database = await openKeys();
    try {
      const kept = await settled(database.transaction(STORE).objectStore(STORE).get(owner));
      if (kept) return kept;
      const made = await crypto.subtle.generateKey(ALGORITHM, false, ["sign"]);
      const store = database.transaction(STORE, "readwrite").objectStore(STORE);
      // Another tab may have been faster.
      const first = await settled(store.get(owner));
      if (first) return first;
      await settled(store.put(made, owner));
      return made;
    } finally {
      database.close();
    }
  }

  function base64url(bytes) {
    const text = String.fromCharCode(...new Uint8Array(bytes));
    return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  const encoded = (value) => base64url(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));

  const digest = async (text) => base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));

  async function prove(owner, method, address, token) {
    const key = await keyOf(owner);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", key.publicKey);
    const url = new URL(address, self.location.origin);
    const claims = {
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      htm: method,
      htu: url.origin + url.pathname,
      iat: Math.floor((Date.now() + ahead) / 1000),
    };
    if (token) claims.ath = await digest(token);
    const signed = `${encoded({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } })}.${encoded(claims)}`;
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, new TextEncoder().encode(signed));
    return `${signed}.${base64url(signature)}`;
  }

  /** Learns the shop's time from the header `Date` of an answer. */
  function learn(date) {
    const at = Date.parse(date ?? "");
    // It says whole seconds.
    if (Number.isFinite(at)) ahead = at + 500 - Date.now();
  }

  /** Asks for a token: `{ token, until }`, or the answer that refuses it. */
  async function grant(owner) {
    let answer;
    for (const last of [false, true]) {
      const headers = { Accept: "application/json", "Vitrine-Viewer": owner, DPoP: await prove(owner, "POST", GRANT) };
      const asked = performance.now();
      try {
        answer = await fetch(GRANT, { method: "POST", headers, signal: AbortSignal.timeout(ANSWER_MS) });
        learn(answer.headers.get("Date"));
        if (answer.ok) {
          const { access_token, expires_in } = await answer.json();
          return { token: access_token, until: asked + expires_in * 1000 - SPARE_MS };
        }
        const body = await answer.text();
        // Our clock was wrong; by now it is known by how much.
        if (!last && answer.status === 401 && body.includes('"wrong_time"')) continue;
        return { status: answer.status, body, retryAfter: answer.headers.get("Retry-After") };
      } catch {
        return { status: 0, body: "", retryAfter: null };
      }
    }
  }

  /** An answer in the place of one, where this browser can keep no key: waiting would not help. */
  const NO_KEY = {
    status: 498,
    body: JSON.stringify({
      code: "no_key",
      message: "This browser keeps no key to sign uploads with. Leave private browsing, or allow this site to keep data, and try again.",
    }),
    retryAfter: null,
  };

  async function tokenOf(owner) {
    const kept = tokens.get(owner);
    const granted = kept && (await kept);
    if (granted?.token && performance.now() < granted.until) return granted;
    // Whoever waited for the same one has asked by now.
    if (tokens.get(owner) !== kept) return tokenOf(owner);
    // What fails on the way is caught in there; what is left is a key that cannot be made or kept.
    const asked = grant(owner).catch(() => NO_KEY);
    tokens.set(owner, asked);
    const answer = await asked;
    if (!answer.token && tokens.get(owner) === asked) tokens.delete(owner);
    return answer;
  }

  self.vitrineProof = {
    /** What goes with a request: `{ authorization, proof }`; or `{ status, body, retryAfter }` of the answer that refused a token. */
    async credential(owner, method, address) {
      const granted = await tokenOf(owner);
      if (!granted.token) return granted;
      try {
        return { authorization: `DPoP ${granted.token}`, proof: await prove(owner, method, address, granted.token) };
      } catch {
        return NO_KEY;
      }
    },

    /** Forgets the token that was refused, and learns the time of whoever refused it. */
    refused(owner, date) {
      tokens.delete(owner);
      learn(date);
    },
  };
})();
