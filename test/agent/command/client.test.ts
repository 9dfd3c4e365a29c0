import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connectAgent } from "../../../agent/command/client.ts";

let folder: string;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pinbus-client-"));
  chmodSync(folder, 0o755);
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** Says hello with what kind of socket it is, then whatever. */
async function listen(name: string, operate: boolean): Promise<string> {
  const path = join(folder, name);
  const server = createServer((socket) => {
    socket.on("data", () => socket.write(`${JSON.stringify({ id: 1, ok: true, result: { operate } })}\n`));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  servers.push(server);
  return path;
}

/** As a user who is not root: root may open every socket. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

it("who may not operate gets the socket beside it that may look", async () => {
  const control = await listen("control.sock", true);
  chmodSync(control, 0o600);
  if (process.geteuid?.() !== 0) chmodSync(control, 0o000);
  chmodSync(await listen("view.sock", false), 0o666);
  const client = await asNobody(() => connectAgent(control));
  expect(client.hello.operate).toBe(false);
  client.close();
});

it("who may do neither is told which group may", async () => {
  const control = await listen("control.sock", true);
  chmodSync(control, 0o000);
  await expect(asNobody(() => connectAgent(control))).rejects.toMatchObject({ code: 3, message: expect.stringContaining("pinbus-op") });
});

it("a connection whose hello is refused is closed, so that a client of another version ends", async () => {
  const path = join(folder, "other.sock");
  const error = { reason: "protocol", message: "this agent speaks protocol 99" };
  const server = createServer((socket) => {
    socket.on("data", () => socket.write(`${JSON.stringify({ id: 1, ok: false, error })}\n`));
  });
  const closed = new Promise((resolve) => {
    server.once("connection", (socket) => socket.once("close", resolve));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  servers.push(server);
  await expect(connectAgent(path)).rejects.toMatchObject({ code: 1, message: "refused (protocol): this agent speaks protocol 99" });
  await closed;
});
