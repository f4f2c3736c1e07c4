// Every film of a folder through the studio's import, held against ffprobe, ffmpeg and a <video>: one row a film.

import { appendFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "../src/shop.ts";
import { openShop } from "../src/steps.ts";
import { compare, type Row } from "./compare.ts";
import { makeFilms } from "./films.ts";
import { referee } from "./referee.ts";
import { bringIn } from "./studio.ts";

/** Endings of files that hold films, or sound that is taken for one. */
const films = /\.(mp4|m4v|mov|qt|3gp|webm|mkv|avi|ts|mts|m2ts|mpg|mpeg|wmv|flv|ogv|m4a)$/i;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this by \`cargo xtask eval import\``);
  return value;
}

test("every film of a folder", async ({ vitrine, browse }) => {
  const given = process.env["VITRINE_FILMS"];
  const folder = given ?? required("VITRINE_FILMS_MADE");
  if (!given) await makeFilms(folder);
  const only = process.env["VITRINE_FILMS_ONLY"];
  const names = (await readdir(folder)).filter((name) => films.test(name) && (!only || name.includes(only))).sort();
  expect(names.length, `films in ${folder}`).toBeGreaterThan(0);
  const scratch = await mkdtemp(join(tmpdir(), "vitrine-eval-"));
  const context = await (await browse()).newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const player = await context.newPage();
  await openShop(page, vitrine, { name: "Lorna Makes", handle: "lorna" });
  for (const name of names) {
    let row: Row;
    try {
      const theirs = await referee(join(folder, name));
      await page.bringToFront();
      const brought = await bringIn(page, vitrine.url, theirs.path, scratch);
      await player.bringToFront();
      row = await compare(name, theirs, brought, player);
    } catch (error) {
      row = { film: name, ok: false, outcome: "refused", says: "", wrong: [error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)] };
    }
    await appendFile(required("VITRINE_ROWS"), `${JSON.stringify(row)}\n`);
  }
  await rm(scratch, { recursive: true, force: true });
});
