// Chromium as people have it (Debian's, with H.264), with a film as its camera.

import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from "@playwright/test";

import type { Footage } from "./footage.ts";

const quiet = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--autoplay-policy=no-user-gesture-required",
];

/** A software WebGPU adapter, so that the GPU build runs on a machine without a GPU. */
const webgpu = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

export interface Options {
  /** What the camera and the microphone give; without it there is no camera. */
  footage?: Footage;
  /** Whether there is a screen to share: a browser without a window has none, so Chromium makes one up. */
  screen?: boolean;
  /** Whether WebGPU is there. */
  gpu?: boolean;
  /** A name that means this machine. */
  host?: string;
  /** Whether the person answers the permission prompt with yes. */
  allowed?: boolean;
}

/** Starts a browser. */
export async function open(options: Options = {}): Promise<Browser> {
  const args = [...quiet];
  if (options.footage) {
    args.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${options.footage.camera}`, `--use-file-for-fake-audio-capture=${options.footage.microphone}%noloop`);
  }
  if (options.screen) args.push("--use-fake-device-for-media-stream=display-media-type=monitor");
  if (options.allowed ?? true) args.push("--use-fake-ui-for-media-stream");
  if (options.host) args.push(`--host-resolver-rules=MAP ${options.host} 127.0.0.1`);
  if (options.gpu) args.push(...webgpu);
  return chromium.launch({ executablePath: process.env["VITRINE_CHROMIUM"] ?? "/usr/bin/chromium", args });
}

/** A phone of the common size. */
export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const;

/** Gives the page a passkey authenticator that says yes. */
export async function authenticator(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return cdp;
}

/** Fails a test on anything the browser complains about: uncaught errors, CSP refusals, failed assets. */
export function listen(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on("page", (page) => {
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
    });
  });
  return complaints;
}
