// @tus/server with its file store: node peer.mjs FOLDER PORT [sync]. With `sync` every PATCH ends with fdatasync before it is answered.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [directory, port, sync] = process.argv.slice(2);

class SyncedStore extends FileStore {
  async write(body, id, offset) {
    const end = await super.write(body, id, offset);
    const file = await open(join(directory, id), "r+");
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    return end;
  }
}

const datastore = sync === "sync" ? new SyncedStore({ directory }) : new FileStore({ directory });
new Server({ path: "/files", datastore }).listen({ host: "127.0.0.1", port: Number(port) });
