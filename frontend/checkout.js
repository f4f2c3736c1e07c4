// The checkout's total follows what is chosen: country, region, way of sending and code are sent as the form without this script
// would send them, and what the answer says takes the place of what the page says. What was typed meanwhile stays.

const form = document.querySelector("form[data-checkout]");
let asking;

// Takes the parts that depend on the total from the answer. The fields keep what they hold, and the focus where it is.
function show(page) {
  const fresh = page.querySelector("form[data-checkout]");
  if (!fresh) return false;
  const focus = document.activeElement?.id;
  const typed = new FormData(form);
  const side = page.querySelector(".order-side");
  if (side) document.querySelector(".order-side").replaceChildren(...side.childNodes);
  form.replaceChildren(...fresh.childNodes);
  for (const name of ["email", "name", "address", "code"]) {
    const field = form.elements[name];
    if (field && typed.has(name)) field.value = typed.get(name);
  }
  if (focus) document.getElementById(focus)?.focus();
  return true;
}

// Enter in the field of a code applies it. The field stands beside the form, and belongs to it by name.
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || !form || target.form !== form || target.name !== "code") return;
  event.preventDefault();
  requote();
});

async function requote() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const pay = form.querySelector("button.whole");
  // Nobody pays a total that is about to change.
  pay.disabled = true;
  try {
    const action = new URL("quote", form.action);
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams(new FormData(form)), signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!show(page)) location.reload();
  } catch {
    // Another choice was quicker, or the line is away: the server says when the total is another one.
    if (!signal.aborted) pay.disabled = false;
  }
}

form?.addEventListener("change", ({ target }) => {
  if (target.matches("[data-requote]")) requote();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[formaction]");
  if (!form || button?.form !== form) return;
  event.preventDefault();
  requote();
});
