import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { encode, LineSplitter, type PinsView, protocolVersion, type Request } from "../../../agent/protocol.ts";
import { Control, type ControlOptions, type Handlers, Refused } from "../../../agent/shell/control.ts";
import { eventually, keptLog, tempFolder } from "./fixture.ts";

export interface Message {
  id?: number | null;
  ok?: boolean;
  result?: unknown;
  error?: { reason: string; message: string };
  push?: string;
  data?: PinsView;
}

export class Client {
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

export const emptyPins: PinsView = { at: "", driver: "sim", simulated: true, edges: 0, pins: [], rules: [] };

export async function agent(more: { handlers?: Partial<Handlers>; folder?: string; record?: ControlOptions["record"] } = {}) {
  const folder = more.folder ?? tempFolder();
  const log = keptLog();
  const world = { edges: 0, services: 0 };
  const handlers: Handlers = {
    status: () => ({ node: "garage" }) as never,
    pins: () => ({ ...emptyPins, edges: world.edges }),
    pin: () => ({ kind: "input", id: "porch", debounce_ms: 20, by_line: false, gestures: [], edges: { since: "", edges: [] } }),
    lines: () => [],
    get: ({ id }) => {
      if (id !== "lamp") throw new Refused("unknown-id", `there is no input or output ${JSON.stringify(id)}`);
      return { id, kind: "output", state: "ON" };
    },
    set: ({ output }) => ({ output, state: "ON", changed: true }),
    "set-counter": ({ counter, total }) => ({ counter, total, pulses: total }),
    lock: ({ output, locked }) => ({ output, locked }),
    why: () => [],
    trace: () => [],
    rules: () => [],
    controllers: () => [],
    "set-rule": ({ rule, enabled }) => ({ rule, enabled }),
    "sim-press": () => ({}),
    "sim-sensor": () => ({ values: [], quality: "unknown", reason: null, ts: null, age_ms: null }),
    "sim-play": () => ({ start: 0 }),
    "broker-login": () => ({}) as never,
    "packet-bytes": () => null,
    services: () => {
      world.services++;
      return [];
    },
    "service-log": ({ unit, from }) => ({ unit, from, run: 1, last: 0, lines: [], problem: null }),
    "control-service": ({ unit, verb }) => ({ unit, verb, done: true }),
    host: async () => ({
      at: "",
      machine: {},
      values: {},
      health: "ok",
      problems: [],
      checks: [],
      watchdog_ms: null,
      sensors: {},
    }),
    reload: () => ({ file: "/etc/pinbus/pinbus.yaml", applied: true, problems: [], restart: [], changes: [] }),
    resync: () => ({}),
    identify: ({ output }) => ({ output, for_ms: 1000 }),
    "log-level": ({ level }) => ({ level, until: "" }),
    diag: () => ({}) as never,
    diff: () => ({ file: "/etc/pinbus/pinbus.yaml", applied: false, problems: [], restart: [], changes: [] }),
    ...more.handlers,
  };
  const control = new Control({
    socket: join(folder, "control.sock"),
    view: join(folder, "view.sock"),
    hello: (operate) => ({ protocol: protocolVersion, version: "1", node: "garage", base: "pinbus/garage", operate, simulated: true }),
    handlers,
    record: more.record ?? (() => ({ resume() {}, stop() {} })),
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
