// Every kind of page that a shop has, and how a person comes there.

import type { Browser, BrowserContext, Page } from "@playwright/test";

import { onSale, product } from "./demo.ts";
import { pay, recover } from "./steps.ts";
import type { Vitrine } from "./vitrine.ts";

export interface Place {
  name: string;
  /** Opens it in a page of the owner. */
  open: (page: Page) => Promise<unknown>;
}

export interface Places {
  all: Place[];
  /** What the owner's browser keeps. */
  owner: Awaited<ReturnType<BrowserContext["storageState"]>>;
}

/** Reserves a piece; ends at the checkout. */
async function buy(page: Page, address: string): Promise<string> {
  await page.goto(address);
  await page.locator("form[action$='/buy'] [type=submit]").first().click();
  await page.waitForURL(/\/checkout\//);
  return page.url();
}

/** Buys in the demo shop, signs its owner in, and lists all pages there are then. */
export async function places(vitrine: Vitrine, browser: Browser): Promise<Places> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const onSaleAt = await onSale(vitrine);
  await buy(page, onSaleAt);
  await pay(page, { email: "ada@example.com", name: "Ada Lovelace" });
  await page.waitForURL(/\/order\//);
  const order = page.url();
  const checkout = await buy(page, onSaleAt);
  const empty = await buy(page, onSaleAt);
  const { out } = await vitrine.command("owner-link");
  await recover(page, out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link");
  const setup = (await vitrine.command("owner-link")).out.match(/http:\/\/localhost:\d+\/setup\/[A-Za-z0-9_-]+/)?.[0] ?? "no link";
  const first = async (list: string, link: string) => {
    await page.goto(vitrine.url + list);
    return (await page.locator(link).first().getAttribute("href")) ?? "no link";
  };
  const editor = await first("/manage/products", ".row-key a");
  const packing = await first("/manage/orders?show=to-pack", ".row-key a");
  const withClip = await product(vitrine, (html) => html.includes("<video"));
  const withVariants = await product(vitrine, (html) => html.includes('class="pick"'));
  await page.goto(withVariants);
  await page.getByRole("button", { name: "Add to basket" }).click();
  await page.locator(".cart-link").click();
  await page.waitForURL(/\/cart/);
  const cart = page.url();
  const soldOut = await product(vitrine, (html) => html.includes("join-waitlist"));
  const at = (name: string, address: string): Place => ({ name, open: (page) => page.goto(new URL(address, vitrine.url).href) });
  const all: Place[] = [
    at("front", "/"),
    at("product", onSaleAt),
    at("product with a clip", withClip),
    at("product with variants", withVariants),
    at("basket", cart),
    { name: "basket, too many", open: (page) => wantTooMany(page, cart) },
    at("sold out", soldOut),
    at("waitlist", `${soldOut}/waitlist`),
    at("wrong address on the waitlist", `${soldOut}/waitlist?flash=email`),
    at("checkout", checkout),
    { name: "checkout, empty", open: (page) => sendEmpty(page, empty) },
    at("order", order),
    at("nothing here", "/p/nothing-here"),
    at("sign in", "/sign-in"),
    at("setup", setup),
    at("overview", "/manage"),
    at("products", "/manage/products"),
    at("no such products", "/manage/products?show=drafts"),
    at("editor", editor),
    { name: "editor, wrong", open: (page) => saveWrong(page, new URL(editor, vitrine.url).href) },
    at("options", `${editor}/variants`),
    { name: "variants", open: (page) => openVariants(page, vitrine.url) },
    at("orders", "/manage/orders"),
    at("order to pack", packing),
    at("failed work", "/manage/jobs"),
    at("studio", "/studio"),
  ];
  const owner = await context.storageState();
  await context.close();
  return { all, owner };
}

/** Sends the checkout's form with nothing in it. */
export async function sendEmpty(page: Page, checkout: string): Promise<void> {
  await page.goto(checkout);
  await page.locator("form[action$='/pay'] [type=submit]:not([formaction])").click();
  await page.locator("[aria-invalid=true]").first().waitFor();
}

/** Asks for more of something in the basket than there is. */
async function wantTooMany(page: Page, cart: string): Promise<void> {
  await page.goto(cart);
  const field = page.locator("input[name^='quantity.']");
  await field.fill("99");
  await field.press("Enter");
  await page.locator(".cart-note").waitFor();
}

/** Opens the variants of the plate. */
async function openVariants(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/manage/products`);
  await page.locator(".row-key a", { hasText: "Tide plate" }).click();
  await page.getByRole("link", { name: "Edit variants" }).click();
  await page.locator("table.variant-rows").waitFor();
}

/** Saves a product with a price and a stock that are none. */
async function saveWrong(page: Page, editor: string): Promise<void> {
  await page.goto(editor);
  await page.locator("[name=price]").fill("dear");
  await page.locator("[name=stock]").fill("some");
  await page.locator("form:has([name=price]) [type=submit]").click();
  await page.locator("[aria-invalid=true]").first().waitFor();
}
