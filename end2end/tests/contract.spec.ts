import { listen, phone } from "../src/browser.ts";
import { studioFootage } from "../src/footage.ts";
import { expect, test } from "../src/shop.ts";
import { by, openShop, openStudio, record } from "../src/steps.ts";

/** What is told of an upload, from its header. */
function pairs(header: string | undefined): Record<string, string> {
  const entries = (header ?? "").split(",").map((pair) => pair.trim().split(" "));
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value ?? "", "base64").toString()]));
}

test("a contract of one's own guides filming, is shared, and is what the page remembers", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const browser = await browse({ footage: await studioFootage() });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const complaints = listen(context);
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });

  // One's own from a template: two shots of a second, ten seconds in all, and no times of clips leave the device.
  await page.goto(`${vitrine.url}/manage/contracts`);
  await page.getByRole("button", { name: "Make 3-shot tutorial yours" }).click();
  await page.waitForURL(/\/manage\/contracts\/\w+/);
  const id = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await page.getByLabel("Name").fill("Two looks");
  await page.locator("#film_least").fill("10");
  await page.locator("#film_most").fill("30");
  await page.locator("#light").fill("1");
  await page.locator("#sound").fill("");
  await page.locator("#shots").fill("The front | 1\nIn the hand | 1");
  await page.locator("#times").uncheck();
  await page.getByRole("button", { name: "Save version 2" }).click();
  await expect(page.locator("h1")).toHaveText("Two looks");

  // Whoever has the link reads it without signing in, until it is revoked.
  await by(page, "share-contract").click();
  const link = await by(page, "contract-link").inputValue();
  const guest = await (await browser.newContext(phone)).newPage();
  await guest.goto(link);
  await expect(guest.locator("h1")).toHaveText("Two looks");
  await expect(guest.locator("body")).toContainText("In the hand");
  await expect(guest.locator("body")).toContainText("Raw footage");
  await page.getByRole("button", { name: "Revoke" }).click();
  expect((await guest.goto(link))?.status()).toBe(404);

  // The studio films under it, and under it again the next time.
  await openStudio(page, vitrine);
  await by(page, "contract").selectOption({ label: "Two looks" });
  await openStudio(page, vitrine);
  await expect(by(page, "contract")).toHaveValue(id);
  await expect(by(page, "contract-asks")).toContainText("2 shots");
  const line = (name: string) => page.locator(`[data-test=guidance-line][data-name=${name}]`);
  await expect(line("Time")).toContainText("0:10 to 0:30");
  await expect(line("Picture")).toHaveAttribute("data-standing", "met");
  await expect(line("Light")).toHaveAttribute("data-standing", "met");
  await expect(line("Sound")).toHaveCount(0);
  await record(page, 0.2);
  await expect(by(page, "present-shot")).toContainText("Shot 1 of 2 The front");
  await expect(by(page, "next-shot")).toHaveText("This shot is done");
  await by(page, "next-shot").click();
  await expect(by(page, "present-shot")).toContainText("Shot 2 of 2 In the hand");
  await expect(by(page, "shots-done")).toContainText("1 of 2 shots");
  await expect(line("Time")).toContainText(/\d+ s to go/);
  await by(page, "stop").click();

  // What is missing is said before the page is made, and keeps nobody from making it.
  await expect(by(page, "missing")).toContainText("shorter than the 10 s that are wanted", { timeout: 60_000 });
  await expect(by(page, "make-page")).toBeEnabled({ timeout: 60_000 });

  // The contract keeps times and places; the person lets the names of devices go, this once and then for good.
  await by(page, "leaving").locator("summary").click();
  await expect(by(page, "leaves-times")).toBeDisabled();
  await expect(by(page, "leaves-location")).toBeDisabled();
  await expect(by(page, "leaves-device_names")).not.toBeChecked();
  await by(page, "leaves-device_names").check();
  await by(page, "keep-consent").click();
  await expect(by(page, "keep-consent")).toHaveCount(0);

  const uploads: Array<Record<string, string>> = [];
  let draft: { contract?: string; highlights?: { devices?: string[]; location?: object; items: Array<{ photoVideoMetadata_vitrine: object }> } } | undefined;
  page.on("request", (request) => {
    if (request.method() !== "POST") return;
    if (request.url().endsWith("/api/uploads")) uploads.push(pairs(request.headers()["upload-metadata"]));
    if (request.url().endsWith("/fn/create-product")) draft = (request.postDataJSON() as { draft: NonNullable<typeof draft> }).draft;
  });
  await by(page, "product-title").fill("Glazed cup");
  await by(page, "make-page").click();
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });
  await expect(by(page, "filmed-under")).toHaveAttribute("data-contract", `${id}/2`);
  await expect(by(page, "filmed-under")).toContainText("Two looks, version 2");
  expect(draft?.contract).toBe(`${id}/2`);
  expect(draft?.highlights?.devices?.length).toBeGreaterThan(0);
  expect(draft?.highlights?.location).toBeUndefined();
  for (const item of draft?.highlights?.items ?? []) expect(Object.keys(item.photoVideoMetadata_vitrine)).not.toContain("start");
  expect(uploads.length).toBeGreaterThan(0);
  for (const upload of uploads) {
    expect(upload["contract"]).toBe(`${id}/2`);
    expect(Object.keys(upload)).not.toContain("start");
  }

  // The choice holds for the next session.
  await openStudio(page, vitrine);
  await expect(by(page, "contract")).toHaveValue(id);
  const kept = await page.evaluate(() => Object.entries(localStorage).find(([key]) => key.startsWith("vitrine.may-leave."))?.[1]);
  expect(JSON.parse(kept ?? "{}")).toMatchObject({ device_names: true, location: false });
  expect(complaints.filter((complaint) => !complaint.includes("404"))).toEqual([]);
});

test("a place leaves the device where its person switches it on, to a kilometre", async ({ vitrine, browse }) => {
  test.setTimeout(240_000);
  const browser = await browse({ footage: await studioFootage() });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, geolocation: { latitude: 51.50735, longitude: -0.12776 }, permissions: ["geolocation", "camera", "microphone"] });
  const page = await context.newPage();
  await openShop(page, vitrine, { name: "Ada Makes", handle: "ada" });
  await openStudio(page, vitrine);
  await expect(by(page, "contract")).toHaveValue("free");
  await expect(by(page, "guidance")).toHaveCount(0);
  await record(page, 3);
  await by(page, "stop").click();
  await expect(by(page, "make-page")).toBeEnabled({ timeout: 60_000 });
  await expect(by(page, "missing")).toHaveCount(0);
  await by(page, "leaving").locator("summary").click();
  await expect(by(page, "leaves-location")).not.toBeChecked();
  await by(page, "leaves-location").check();
  let told: { location?: object; devices?: object } | undefined;
  page.on("request", (request) => {
    if (request.url().endsWith("/fn/create-product")) told = (request.postDataJSON() as { draft: { highlights: NonNullable<typeof told> } }).draft.highlights;
  });
  await by(page, "product-title").fill("Cup");
  await by(page, "make-page").click();
  await page.waitForURL(/\/manage\/products\//, { timeout: 120_000 });
  expect(told?.location).toEqual({ north_centidegrees: 5151, east_centidegrees: -13 });
  expect(told?.devices).toBeUndefined();
  await expect(by(page, "filmed-under")).toHaveAttribute("data-contract", "free/1");
});
