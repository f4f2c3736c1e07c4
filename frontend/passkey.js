// Passkeys on the pages for setting up, signing in and settings: `navigator.credentials` between the server's JSON on both
// sides (Web Authentication Level 3). A button says by `data-passkey` what it is for: `register` (through the owner link of
// `data-token`), `sign-in` or `add`. The fields of its form travel along, but for the password, which a passkey replaces.
// Without this script, or without passkeys in the browser, the buttons stay hidden and the password does everything.

const purposes = {
  register: {
    start: "/fn/start-passkey-setup",
    finish: "/fn/finish-passkey-setup",
    begin: (form, button) => ({ token: button.dataset.token, form }),
    end: (_, button) => ({ token: button.dataset.token }),
    cancelled: "No passkey was made: it was cancelled or took too long. Press the button again, or set a password instead.",
  },
  "sign-in": {
    start: "/fn/start-passkey-sign-in",
    finish: "/fn/finish-passkey-sign-in",
    begin: ({ handle }) => ({ handle }),
    end: ({ next }) => ({ next: next ?? null }),
    cancelled: "No passkey was used: it was cancelled or took too long. Press the button again, or sign in with a password.",
  },
  add: {
    start: "/fn/start-passkey-addition",
    finish: "/fn/finish-passkey-addition",
    begin: ({ passkey_name }) => ({ name: passkey_name }),
    end: () => ({}),
    cancelled: "No passkey was made: it was cancelled or took too long. Press the button again.",
  },
};

// What a browser's own error means, by its name.
const meanings = {
  InvalidStateError: "This device already has a passkey for this shop. Sign in with it.",
  SecurityError:
    "This address cannot have passkeys. Open the shop by its name, for example http://localhost, and not by an IP address.",
};

async function call(address, body) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw { said: "The shop did not answer. Check the connection and press the button again." };
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw { said: answer.message ?? "The shop did not take that. Load the page again and try once more." };
  return answer;
}

// The JSON methods of browsers since 2024; older ones get the same by hand.
function read(options, making) {
  const own = making ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (PublicKeyCredential[own]) return PublicKeyCredential[own](options);
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const named = (list) => list?.map((key) => ({ ...key, id: bytes(key.id) }));
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: named(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: named(options.allowCredentials) }),
  };
}

function written(credential) {
  try {
    return credential.toJSON();
  } catch {
    // Without the method, or where an extension for passwords has put an object of its own in the place of the browser's.
  }
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

async function press(button, say) {
  const purpose = purposes[button.dataset.passkey];
  const form = button.form;
  const checked = [...form.querySelectorAll("input:not([type=password]), select, textarea")];
  const wrong = checked.filter((field) => !field.checkValidity());
  if (wrong.length) {
    say(wrong.map((field) => `${field.labels[0]?.textContent.trim()}: ${field.validationMessage}`).join(" "));
    wrong[0].focus();
    return;
  }
  const fields = Object.fromEntries(new FormData(form));
  delete fields.password;
  say("");
  button.disabled = true;
  try {
    const { publicKey } = await call(purpose.start, purpose.begin(fields, button));
    const making = button.dataset.passkey !== "sign-in";
    const options = { publicKey: read(publicKey, making) };
    const credential = await (making ? navigator.credentials.create(options) : navigator.credentials.get(options));
    const { next } = await call(purpose.finish, { ...purpose.end(fields, button), credential: written(credential) });
    location.assign(next);
  } catch (reason) {
    const cancelled = reason?.name === "NotAllowedError" || reason?.name === "AbortError";
    say(
      reason?.said ??
        (cancelled ? purpose.cancelled : meanings[reason?.name]) ??
        "The passkey did not work. Press the button again, or use a password.",
    );
    button.disabled = false;
  }
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential || !navigator.credentials) break;
  const place = button.parentElement.querySelector("[data-passkey-error]");
  const start = () => press(button, (message) => (place.textContent = message));
  button.hidden = false;
  button.addEventListener("click", start);
  // The form of a further passkey has no other button.
  if (button.dataset.passkey === "add") {
    button.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!button.disabled) start();
    });
  }
}

// Back from the next page, as the browser kept this one: the button works again.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) for (const button of document.querySelectorAll("[data-passkey]")) button.disabled = false;
});
