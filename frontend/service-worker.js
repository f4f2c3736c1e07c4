// The studio's service worker: it opens the studio without a network, and sends what waits while no tab is open.
//
// It keeps one page, `/studio` of whoever signed in last on this browser, and the files that page loads, whose names hold their
// hash. Everything else passes untouched. The page names a person and a shop, so it is thrown away and asked for anew whenever
// somebody signs in or out here; whoever is signed out gets a redirect, which is not kept.
//
// `cargo xtask` fills in the files, so a new build is a new service worker with a cache of its own.

importScripts(SITE_PROOF);

const FILES = SITE_FILES;
const CACHE = "vitrine-studio-SITE_VERSION";
const SHELL = "/studio";

/** What the studio may load beside FILES: the GPU build, and fonts of other scripts. */
const OURS = /^\/pkg\/(studio|worker|models|fonts)-?[\w.-]*$/;

/** What changes who is signed in. */
const IDENTITY = /^\/(sign-in|sign-out|setup\/[^/]+|fn\/finish-passkey-(sign-in|setup))$/;

/** How long a network that answers nothing is waited for before the kept page opens, ms. */
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  const fill = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(FILES);
    await keepShell();
    // An older version would go on opening the page of its own build.
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const prune = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith("vitrine-studio-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    // A sign-in on a page that was open before is seen as well.
    await self.clients.claim();
  };
  event.waitUntil(prune());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && IDENTITY.test(url.pathname)) {
    const answer = changeIdentity(request);
    event.respondWith(answer);
    // Also where the answer is lost: the server may have done it.
    event.waitUntil(answer.then(keepShell, keepShell));
  } else if (request.method !== "GET") {
    return;
  } else if (request.mode === "navigate" && url.pathname === SHELL) {
    const answer = shellFromNetwork(request);
    event.waitUntil(answer.catch(() => undefined));
    event.respondWith(openShell(answer));
  } else if (FILES.includes(url.pathname) || OURS.test(url.pathname)) {
    event.respondWith(file(request));
  }
});

/** Counts changes of who is signed in: a page that was asked for before one is not kept after it. */
let identities = 0;

async function changeIdentity(request) {
  identities += 1;
  // Gone before the server hears of it, whatever becomes of its answer.
  await (await caches.open(CACHE)).delete(SHELL);
  return fetch(request);
}

/** Asks for the page anew and keeps it; whatever was kept before is gone first. */
async function keepShell() {
  await (await caches.open(CACHE)).delete(SHELL);
  const before = identities;
  const answer = await fetch(SHELL).catch(() => undefined);
  if (answer?.ok && !answer.redirected) await keepPage(answer, before);
}

/** Keeps a page of this build, unless somebody has signed in or out since it was asked for. A full device keeps nothing more. */
async function keepPage(answer, before) {
  try {
    const text = await answer.clone().text();
    // The page of a newer build asks for files that only the next service worker keeps.
    if (!FILES.some((path) => path.includes("studio-boot") && text.includes(path))) return void self.registration.update();
    if (before === identities) await (await caches.open(CACHE)).put(SHELL, answer);
  } catch {
    // What was kept before stays.
  }
}

async function shellFromNetwork(request) {
  const before = identities;
  const answer = await fetch(request);
  // A fault of the server is no reason to throw away what works.
  if (answer.ok) await keepPage(answer.clone(), before);
  else if (answer.status < 500) await (await caches.open(CACHE)).delete(SHELL);
  return answer;
}

async function openShell(answer) {
  const kept = await (await caches.open(CACHE)).match(SHELL);
  if (!kept) return answer.catch(nothingKept);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  const prompt = answer.then((fresh) => (fresh.status < 500 ? fresh : kept), () => kept);
  return Promise.race([prompt, late]);
}

function nothingKept() {
  const page =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Studio</title>" +
    "<main><h1>You are offline</h1><p>Nobody is signed in to the studio in this browser. Connect to the network and sign in once; " +
    "from then on the studio opens without it. <a href=/studio>Try again</a></p></main></html>";
  return new Response(page, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}

async function file(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.url);
  if (kept) return kept;
  const answer = await fetch(request);
  // A full device opens the studio all the same.
  if (answer.ok) await cache.put(request.url, answer.clone()).catch(() => undefined);
  return answer;
}

// Background Sync: the network is back and no tab of the studio may be open. The bytes of what waits are sent; the page of them
// is made when the studio opens again. The rows and files are those of `frontend/studio/src/upload`.

self.addEventListener("sync", (event) => {
  if (event.tag === "vitrine-queue") event.waitUntil(sendWaiting());
});

/** What goes first. */
const RANKS = ["hero", "poster", "photo", "clip"];

/** How long a tab is waited for that may be closing, ms. */
const LOCK_MS = 20_000;

/** Most bytes in one request. */
const CHUNK = 1024 * 1024;
const TUS = { "Tus-Resumable": "1.0.0", Accept: "application/json" };

async function sendWaiting() {
  const database = await openRows();
  if (!database) return;
  try {
    await sendRows(database);
  } finally {
    // An open connection would hold up a newer version of the studio.
    database.close();
  }
}

async function sendRows(database) {
  const items = await rows(database, "upload");
  items.sort((a, b) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || a.added_ms - b.added_ms);
  const { saveData, type } = navigator.connection ?? {};
  const metered = saveData || type === "cellular";
  let left = false;
  for (const item of items) {
    if (item.complete || item.failed) continue;
    if (metered && item.kind === "clip") {
      left = true;
      continue;
    }
    // A tab that is open sends its queue by itself, and holds this lock as long as it lives. One that is being closed lets go in a
    // moment; while one stays, this fails, and the browser comes back later.
    const lock = `vitrine.queue.${item.owner.person}.${item.owner.shop}`;
    const sent = navigator.locks.request(lock, { signal: AbortSignal.timeout(LOCK_MS) }, () => send(database, item));
    // One that cannot be read or sent holds up no other.
    left = !(await sent.catch(() => false)) || left;
  }
  // The browser comes back later only where this fails.
  if (left) throw new Error("something still waits");
}

/** How long an answer is waited for, ms. */
const ANSWER_MS = 60_000;

/** Asks with a token and a proof (`frontend/proof.js`); anew where the shop does not take them, once. */
async function asked(owner, address, request) {
  for (const last of [false, true]) {
    const credential = await vitrineProof.credential(owner, request.method, address);
    // No token was granted: that is the answer.
    if (!credential.proof) return { ok: false, status: credential.status, headers: new Headers() };
    const headers = { ...request.headers, Authorization: credential.authorization, DPoP: credential.proof };
    const answer = await fetch(address, { ...request, headers, signal: AbortSignal.timeout(ANSWER_MS) });
    const refused = answer.status === 401 && answer.headers.get("WWW-Authenticate")?.startsWith("DPoP");
    if (!refused || last) return answer;
    vitrineProof.refused(owner, answer.headers.get("Date"));
  }
}

/** Whether nothing is left to be done here; what only the studio can settle is left to it. */
async function send(database, { id }) {
  // A tab may have sent it, or given it up, while this waited.
  const item = (await rows(database, "upload")).find((row) => row.id === id);
  if (!item || item.complete || item.failed) return true;
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("uploads");
  const file = await (await folder.getFileHandle(item.id)).getFile();
  if (file.size !== item.length) return true;
  const owner = `${item.owner.person}/${item.owner.shop}`;
  const headers = { ...TUS, "Vitrine-Viewer": owner };
  let offset = 0;
  if (item.url) {
    const answer = await asked(owner, item.url, { method: "HEAD", headers });
    if (answer.ok) offset = Number(answer.headers.get("Upload-Offset"));
    else if (answer.status === 404 || answer.status === 410) item.url = null;
    else return isFinal(answer);
  }
  if (!item.url) {
    const created = { ...headers, "Upload-Length": String(file.size), "Upload-Metadata": item.metadata };
    const answer = await asked(owner, "/api/uploads", { method: "POST", headers: created });
    // Refused, or meant for somebody else than who is signed in: the studio says so when it opens.
    if (answer.status !== 201) return isFinal(answer);
    item.url = answer.headers.get("Location");
    if (!(await keepRow(database, "upload", item))) return true;
  }
  while (offset < file.size) {
    const body = file.slice(offset, Math.min(file.size, offset + CHUNK));
    const patch = { ...headers, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    const answer = await asked(owner, item.url, { method: "PATCH", headers: patch, body });
    const next = Number(answer.headers.get("Upload-Offset"));
    if (!answer.ok) return isFinal(answer);
    if (!(next > offset)) return false;
    offset = next;
    item.sent = offset;
    item.complete = offset === file.size;
    if (!(await keepRow(database, "upload", item))) return true;
  }
  return true;
}

/** Whether trying again cannot help. */
function isFinal({ status }) {
  return status > 0 && status < 500 && ![408, 409, 423, 429].includes(status);
}

/** The studio's rows; nothing where the studio has made none. */
function openRows() {
  return new Promise((resolve) => {
    const request = indexedDB.open("vitrine");
    request.onupgradeneeded = () => request.transaction.abort();
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => resolve(undefined);
  });
}

function rows(database, store) {
  return new Promise((resolve, reject) => {
    const request = database.transaction(store).objectStore(store).getAll();
    request.onsuccess = () => resolve(request.result.map(({ text }) => JSON.parse(text)));
    request.onerror = () => reject(request.error);
  });
}

/** Writes a row that is still there; `false` for one that was taken out meanwhile. */
function keepRow(database, store, row) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, "readwrite");
    const there = transaction.objectStore(store).count(row.id);
    there.onsuccess = () => {
      if (there.result > 0) transaction.objectStore(store).put({ id: row.id, text: JSON.stringify(row) });
    };
    transaction.oncomplete = () => resolve(there.result > 0);
    transaction.onerror = () => reject(transaction.error);
  });
}
