import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { encode, LineSplitter, maxRequestBytes, type PinsView, protocolVersion, type Request } from "../../../agent/protocol.ts";
import { Control, type Handlers, Refused } from "../../../agent/shell/control.ts";
import { eventually, keptLog, tempFolder } from "./fixture.ts";

interface Message {
  id?: number | null;
  ok?: boolean;
  result?: unknown;
  error?: { reason: string; message: string };
  push?: string;
  data?: PinsView;
}

class Client {
  readonly socket: Socket;
  readonly messages: Message[] = [];
  closed = false;
  constructor(path: string) {
    this.socket = connect(path);
    const splitter = new LineSplitter(8e6);
    this.socket.on("data", (chunk) => {
      for (const line of splitter.push(chunk)) this.messages.push(JSON.parse(line));
    });
    this.socket.on("close", () => {
      this.closed = true;
    });
    this.socket.on("error", () => {});
    onTestFinished(() => {
      this.socket.destroy();
    });
  }
  send(request: object): this {
    this.socket.write(encode(request as Request));
    return this;
  }
  hello(): this {
    return this.send({ id: 0, method: "hello", params: { protocol: protocolVersion, client: "test" } });
  }
  async answer(id: number | null): Promise<Message> {
    await eventually(() => this.messages.some((message) => message.id === id)).toBe(true);
    return this.messages.find((message) => message.id === id) ?? {};
  }
  pushes(): Message[] {
    return this.messages.filter(({ push }) => push !== undefined);
  }
}

const emptyPins: PinsView = { at: "", driver: "sim", simulated: true, edges: 0, pins: [], rules: [] };

async function agent(more: { handlers?: Partial<Handlers>; folder?: string } = {}) {
  const folder = more.folder ?? tempFolder();
  const log = keptLog();
  const world = { edges: 0, services: 0 };
  const handlers: Handlers = {
    status: () => ({ node: "garage" }) as never,
    pins: () => ({ ...emptyPins, edges: world.edges }),
    lines: () => [],
    get: ({ id }) => {
      if (id !== "lamp") throw new Refused("unknown-id", `there is no input or output ${JSON.stringify(id)}`);
      return { id, kind: "output", state: "ON" };
    },
    set: ({ output }) => ({ output, state: "ON", changed: true }),
    why: () => [],
    "sim-press": () => ({}),
    services: () => {
      world.services++;
      return [];
    },
    ...more.handlers,
  };
  const control = new Control({
    socket: join(folder, "control.sock"),
    view: join(folder, "view.sock"),
    hello: (operate) => ({ protocol: protocolVersion, version: "1", node: "garage", base: "pinbus/garage", operate, simulated: true }),
    handlers,
    log,
  });
  onTestFinished(() => control.stop());
  await control.start();
  return {
    control,
    folder,
    log,
    world,
    operate: () => new Client(join(folder, "control.sock")),
    look: () => new Client(join(folder, "view.sock")),
  };
}

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

  it("may only look on the socket to look", async () => {
    const { look } = await agent();
    const client = look().hello();
    expect(await client.answer(0)).toMatchObject({ result: { operate: false } });
    client
      .send({ id: 1, method: "set", params: { output: "lamp", state: "ON" } })
      .send({ id: 2, method: "sim-press", params: { input: "porch" } });
    expect(await client.answer(1)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
    expect(await client.answer(2)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
    expect(await client.send({ id: 3, method: "get", params: { id: "lamp" } }).answer(3)).toMatchObject({ ok: true });
  });
});

describe("pushes", () => {
  it("come when something changed, ten times a second at most, always with the newest state", async () => {
    const { control, operate, world } = await agent();
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await eventually(() => client.pushes()).toHaveLength(1);
    const since = performance.now();
    for (let count = 1; count <= 5000; count++) {
      world.edges = count;
      control.changed();
    }
    await eventually(() => client.pushes().at(-1)?.data?.edges).toBe(5000);
    expect(client.pushes().length).toBeLessThanOrEqual(2 + (performance.now() - since) / 100);
  });

  it("end when no view is wanted, and unknown views are refused", async () => {
    const { control, operate } = await agent();
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await eventually(() => client.pushes()).toHaveLength(1);
    client.send({ id: 2, method: "watch", params: { views: [] } }).send({ id: 3, method: "watch", params: { views: ["everything"] } });
    expect(await client.answer(2)).toMatchObject({ ok: true });
    expect(await client.answer(3)).toMatchObject({ ok: false, error: { reason: "malformed" } });
    control.changed();
    await client.send({ id: 4, method: "status", params: {} }).answer(4);
    expect(client.pushes()).toHaveLength(1);
  });

  it("to a client that never reads are not piled up; it gets the newest when it reads again", async () => {
    const padding = {
      ...emptyPins,
      rules: Array.from({ length: 3000 }, (_, id) => ({ id: `rule-${id}`, text: "x".repeat(60), fired: 0, last: null })),
    };
    const world = { edges: 0 };
    const { control, folder, operate } = await agent({ handlers: { pins: () => ({ ...padding, edges: world.edges }) } });
    const lazy = new Client(join(folder, "control.sock"));
    lazy.hello().send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await lazy.answer(1);
    lazy.socket.pause();
    const keen = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    // Each push is a third of a megabyte, more than the kernel keeps for a socket: what is not read must not be kept by us.
    for (let count = 1; count <= 12; count++) {
      world.edges = count;
      control.changed();
      await eventually(() => keen.pushes().at(-1)?.data?.edges).toBe(count);
    }
    lazy.socket.resume();
    await eventually(() => lazy.pushes().at(-1)?.data?.edges).toBe(12);
    expect(lazy.pushes().length).toBeLessThan(6);
  });

  it("of the pins do not wait for a slow answer about the services", async () => {
    const asked: (() => void)[] = [];
    const world = { edges: 0 };
    const { control, operate } = await agent({
      handlers: {
        pins: () => ({ ...emptyPins, edges: world.edges }),
        services: () => new Promise((resolve) => asked.push(() => resolve([]))),
      },
    });
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins", "services"] } });
    await eventually(() => asked).toHaveLength(1);
    for (let count = 1; count <= 3; count++) {
      world.edges = count;
      control.changed();
      await eventually(() => client.pushes().at(-1)?.data?.edges).toBe(count);
    }
    expect(asked).toHaveLength(1);
    asked[0]?.();
    await eventually(() => client.pushes().at(-1)?.push).toBe("services");
  });

  it("go on after a view could not be read", async () => {
    const world = { broken: true };
    const { control, operate, log } = await agent({
      handlers: {
        pins: () => {
          if (world.broken) throw new Error("no pins today");
          return emptyPins;
        },
      },
    });
    const client = operate()
      .hello()
      .send({ id: 1, method: "watch", params: { views: ["pins"] } });
    await eventually(() => log.entries.join()).toContain("no pins today");
    world.broken = false;
    control.changed();
    await eventually(() => client.pushes()).toHaveLength(1);
  });
});

describe("a client that asks and never reads", () => {
  it("is cut off before its answers fill the memory", async () => {
    const { operate } = await agent({
      handlers: {
        why: () => Array.from({ length: 2000 }, () => ({ at: "x".repeat(200), state: "ON" as const, cause: "c", detail: null })),
      },
    });
    const client = operate().hello();
    await client.answer(0);
    client.socket.pause();
    for (let id = 1; id <= 200; id++) client.send({ id, method: "why", params: { output: "lamp" } });
    // A paused socket does not notice its end: it is the writing that fails.
    await eventually(() => {
      client.send({ id: 999, method: "why", params: { output: "lamp" } });
      return client.socket.destroyed;
    }).toBe(true);
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
