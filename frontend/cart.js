// The basket without a request: what is put into it goes into its cookie here, as the form without this script has the server do
// it (see domain::checkout::cart for the line of text). So it also works while the line is away, and survives a reload.

const MOST_PIECES = 99;
const MOST_LINES = 40;
const KEPT_S = 30 * 86_400;

const links = document.querySelectorAll("[data-cart]");
const name = `vitrine_cart_${links[0]?.dataset.cart}`;

function read() {
  const cookie = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  const parts = (cookie?.slice(name.length + 1) ?? "").split("~").filter(Boolean);
  const lines = new Map();
  for (const part of parts) {
    const [variant, quantity] = part.split(".");
    if (Number(quantity) > 0) lines.set(variant, Number(quantity));
  }
  return { lines, mark: parts.find((part) => part.startsWith("!")) };
}

// Whether the browser kept it.
function write({ lines, mark }) {
  const text = [...lines].map(([variant, quantity]) => `${variant}.${quantity}`);
  const value = [...text, ...(mark ? [mark] : [])].join("~");
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${KEPT_S}; SameSite=Lax${secure}`;
  return document.cookie.includes(`${name}=${value}`);
}

function show() {
  const count = [...read().lines.values()].reduce((sum, quantity) => sum + quantity, 0);
  for (const link of links) link.textContent = count > 0 ? `Basket · ${count}` : "Basket";
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add]");
  if (!button) return;
  const fields = new FormData(button.form);
  const [variant] = String(fields.get("variant") ?? "").split(":");
  const cart = read();
  const had = cart.lines.get(variant) ?? 0;
  // Whatever does not fit, the server says in words.
  if (!variant || (had === 0 && cart.lines.size >= MOST_LINES)) return;
  cart.lines.set(variant, Math.min(MOST_PIECES, had + 1));
  if (!write(cart)) return;
  event.preventDefault();
  show();
  document.querySelector("[data-added]").hidden = false;
  const said = document.querySelector("[data-added] [role=status]");
  said.textContent = had > 0 ? `In the basket: ${cart.lines.get(variant)}.` : "In the basket.";
});

// On the page of the basket a number counts as soon as it is left. What is none stays where it is, for the person to put right.
document.querySelector("[data-cart-form]")?.addEventListener("change", ({ target }) => {
  if (/^\d{1,2}$/.test(target.value.trim())) target.form.requestSubmit();
});

// A page that comes back from the browser's memory may show an older count.
addEventListener("pageshow", show);
addEventListener("focus", show);
show();
