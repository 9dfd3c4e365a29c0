import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { maxRequestBytes } from "../../../agent/protocol.ts";
import type { Handlers } from "../../../agent/shell/control.ts";
import { agent } from "./control-client.ts";
import { eventually, tempFolder } from "./fixture.ts";

describe("a control connection", () => {
  it("begins with hello, and nothing is served before it", async () => {
    const { operate } = await agent();
    const early = operate().send({ id: 1, method: "get", params: { id: "lamp" } });
    expect(await early.answer(1)).toMatchObject({ ok: false, error: { reason: "protocol" } });
    const polite = operate()
      .hello()
      .send({ id: 1, method: "get", params: { id: "lamp" } });
    expect(await polite.answer(0)).toMatchObject({ ok: true, result: { base: "pinbus/garage", operate: true } });
    expect(await polite.answer(1)).toMatchObject({ ok: true, result: { state: "ON" } });
  });

  it("with another version of the protocol is told which one the agent speaks", async () => {
    const { operate } = await agent();
    const client = operate()
      .send({ id: 0, method: "hello", params: { protocol: 99, client: "test" } })
      .send({ id: 1, method: "status", params: {} });
    expect(await client.answer(0)).toMatchObject({
      ok: false,
      error: { reason: "protocol", message: expect.stringContaining("protocol 1") },
    });
    expect(await client.answer(1)).toMatchObject({ ok: false });
  });

  it.each([
    "",
    "hello",
    "[]",
    "null",
    "1",
    '{"id":"1","method":"get"}',
    '{"id":1}',
    '{"id":1,"method":"get","params":null}',
    "\u001b[2J",
    "{",
  ])("answers the garbage %j and goes on", async (garbage) => {
    const { operate } = await agent();
    const client = operate().hello();
    client.socket.write(`${garbage}\n`);
    expect(await client.answer(null)).toMatchObject({ ok: false, error: { reason: "malformed" } });
    expect(await client.send({ id: 2, method: "get", params: { id: "lamp" } }).answer(2)).toMatchObject({ ok: true });
  });

  it("is not read any further while too many of its requests wait, and all are answered in the end", async () => {
    const waiting: (() => void)[] = [];
    const { operate } = await agent({ handlers: { trace: () => new Promise((resolve) => waiting.push(() => resolve([]))) } });
    const client = operate().hello();
    await client.answer(0);
    const count = 10_000;
    for (let id = 1; id <= count; id++) client.send({ id, method: "trace", params: { after: 0 } });
    await eventually(() => waiting.length).toBeGreaterThanOrEqual(256);
    // Time enough to read them all.
    const other = operate().hello();
    for (let id = 1; id <= 200; id++) await other.send({ id, method: "get", params: { id: "lamp" } }).answer(id);
    // What one read of a socket holds comes on top.
    expect(waiting.length).toBeLessThan(count / 2);
    const answer = setInterval(() => {
      for (const done of waiting.splice(0)) done();
    }, 1);
    await eventually(() => client.messages.length).toBe(count + 1);
    clearInterval(answer);
  });

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty", "nothing"])("has no method %s", async (method) => {
    const { operate } = await agent();
    expect(await operate().hello().send({ id: 1, method, params: {} }).answer(1)).toMatchObject({
      ok: false,
      error: { reason: "unknown-method" },
    });
  });

  it("is closed after a line that is too long, with a reason, and the agent goes on", async () => {
    const { operate } = await agent();
    const client = operate().hello();
    client.socket.write("x".repeat(maxRequestBytes + 1));
    expect(await client.answer(null)).toMatchObject({ error: { reason: "malformed", message: expect.stringContaining("65536") } });
    await eventually(() => client.closed).toBe(true);
    expect(await operate().hello().answer(0)).toMatchObject({ ok: true });
  });

  it("says that a handler failed, and logs the bug with its stack", async () => {
    const handlers: Partial<Handlers> = {
      why: () => {
        throw new TypeError("a bug in a handler");
      },
    };
    const { operate, log } = await agent({ handlers });
    const client = operate()
      .hello()
      .send({ id: 1, method: "why", params: { output: "lamp" } });
    expect(await client.answer(1)).toMatchObject({ ok: false, error: { reason: "failed" } });
    expect(log.entries.join()).toMatch(/why.*a bug in a handler.*control\.test/s);
  });

  it("gets a sentence for an id that does not exist", async () => {
    const { operate } = await agent();
    const client = operate()
      .hello()
      .send({ id: 1, method: "get", params: { id: "lmap" } });
    expect(await client.answer(1)).toMatchObject({ error: { reason: "unknown-id", message: 'there is no input or output "lmap"' } });
  });

  it("hears the answer to which only the stop of the agent led", async () => {
    let stopping: () => void = () => undefined;
    const stop = new Promise<void>((resolve) => {
      stopping = resolve;
    });
    let asked = false;
    const { control, operate } = await agent({
      handlers: {
        async "control-service"({ unit, verb }) {
          asked = true;
          await stop;
          return { unit, verb, done: false };
        },
      },
    });
    const client = operate().hello();
    client.send({ id: 1, method: "control-service", params: { unit: "pinbus.service", verb: "restart" } });
    await eventually(() => asked).toBe(true);
    stopping();
    await control.stop();
    expect(await client.answer(1)).toMatchObject({ ok: true, result: { done: false } });
  });

  it("may only look on the socket to look", async () => {
    const { look } = await agent();
    const client = look().hello();
    expect(await client.answer(0)).toMatchObject({ result: { operate: false } });
    client
      .send({ id: 1, method: "set", params: { output: "lamp", state: "ON" } })
      .send({ id: 2, method: "sim-press", params: { input: "porch" } })
      .send({ id: 4, method: "lock", params: { output: "lamp", locked: false } });
    expect(await client.answer(1)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
    expect(await client.answer(2)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
    expect(await client.answer(4)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
    expect(await client.send({ id: 3, method: "get", params: { id: "lamp" } }).answer(3)).toMatchObject({ ok: true });
  });
});

describe("the socket files", () => {
  it("may be used by owner and group only, and are gone after a stop", async () => {
    const { control, folder } = await agent();
    for (const name of ["control.sock", "view.sock"]) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o660);
    await control.stop();
    for (const name of ["control.sock", "view.sock"]) expect(existsSync(join(folder, name))).toBe(false);
  });

  it("a second agent is refused, and the first goes on", async () => {
    const { folder, operate } = await agent();
    await expect(agent({ folder })).rejects.toThrow(/another agent answers on .*control\.sock/);
    expect(await operate().hello().answer(0)).toMatchObject({ ok: true });
  });

  it("what a crash left is replaced", async () => {
    const folder = tempFolder();
    const path = join(folder, "control.sock");
    const left = createServer().listen(path);
    await new Promise((resolve) => left.once("listening", resolve));
    // A server that is closed removes its file, a killed process does not: keep it under another name meanwhile.
    const { renameSync } = await import("node:fs");
    renameSync(path, `${path}.kept`);
    await new Promise((resolve) => left.close(resolve));
    renameSync(`${path}.kept`, path);
    const { operate } = await agent({ folder });
    expect(await operate().hello().answer(0)).toMatchObject({ ok: true });
  });

  it("a file that is no socket is somebody's: it is neither deleted nor overwritten", async () => {
    const folder = tempFolder();
    const path = join(folder, "control.sock");
    writeFileSync(path, "my notes");
    chmodSync(path, 0o600);
    await expect(agent({ folder })).rejects.toThrow(/is not a socket/);
    expect(readFileSync(path, "utf8")).toBe("my notes");
  });

  it("a start that fails at the second socket leaves the first one free", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "view.sock"), "my notes");
    await expect(agent({ folder })).rejects.toThrow(/view\.sock is not a socket/);
    expect(existsSync(join(folder, "control.sock"))).toBe(false);
  });
});
