import type { Hello, InputView, OutputView, PinsView, ServiceView, Status } from "../../agent/protocol.ts";
import { type Action, createState, type Effect, type State, type StateOptions } from "../../tui/model.ts";
import { update } from "../../tui/update.ts";
import { drawFrame } from "../../tui/view/frame.ts";
import { PlainCanvas } from "./plain-canvas.ts";

/** 10:46:02.000 UTC; the tests run with TZ=UTC where a clock is shown. */
export const noon = Date.UTC(2026, 10, 20, 10, 46, 2);

/** A terminal UI without a terminal: a state, a clock that the test moves, and what was wanted from outside. */
export class Scene {
  readonly state: State;
  readonly effects: Effect[] = [];
  now = noon;

  constructor(options: Partial<StateOptions> = {}) {
    this.state = createState({ cols: 80, rows: 24, now: noon, ...options });
  }

  act(action: Action): readonly Effect[] {
    const effects = update(this.state, action, this.now);
    this.effects.push(...effects);
    return effects;
  }

  keys(...keys: string[]): readonly Effect[] {
    let last: readonly Effect[] = [];
    for (const key of keys)
      last = this.act({ type: "key", key, ...(key === "space" ? { text: " " } : key.length === 1 ? { text: key } : {}) });
    return last;
  }

  message(topic: string, payload: string | Buffer, retain = false, qos: 0 | 1 | 2 = 0): void {
    this.act({ type: "message", topic, payload: Buffer.from(payload), retain, qos });
  }

  pass(ms: number): void {
    this.now += ms;
    this.act({ type: "tick" });
  }

  draw(cols = this.state.cols, rows = this.state.rows): PlainCanvas {
    this.act({ type: "resize", cols, rows });
    const canvas = new PlainCanvas(cols, rows);
    drawFrame(this.state, canvas, this.now);
    return canvas;
  }

  online(): this {
    this.act({ type: "mqtt-wanted", server: "mqtt://127.0.0.1:1883" });
    this.act({ type: "mqtt-online", version: "5" });
    return this;
  }

  attach(some: Partial<Hello> = {}): this {
    this.act({ type: "agent-online", hello: { ...hello, ...some } });
    return this;
  }
}

export const hello: Hello = { protocol: 1, version: "0.1.0", node: "gh-01", base: "pinbus/gh-01", operate: true, simulated: true };

export function ago(ms: number): string {
  return new Date(noon - ms).toISOString();
}

const base = { chip: "pinctrl-bcm2835", header: 11, active: "high" as const, problem: null };

export function input(id: string, some: Partial<InputView> = {}): InputView {
  const own = { id, line: "GPIO22", offset: 22, bias: "pull-up", kind: "input" as const, state: "OFF" as const };
  return { ...base, ...own, since: ago(8000), gesture: null, glitches: 0, lost: 0, bounce_ms: 0, advice: null, ...some };
}

export function output(id: string, some: Partial<OutputView> = {}): OutputView {
  const own = { id, line: "GPIO17", offset: 17, bias: "as-is", kind: "output" as const, state: "ON" as const };
  return { ...base, ...own, since: ago(764_000), cause: "cmd mqtt 4f2", until: null, pulsing: false, locked: false, ...some };
}

export function pinsView(pins: PinsView["pins"], some: Partial<PinsView> = {}): PinsView {
  return { at: ago(0), driver: "sim", simulated: true, edges: 0, pins, rules: [], ...some };
}

export function service(unit: string, some: Partial<ServiceView> = {}): ServiceView {
  const own = { active: "active", sub: "running", since: ago(266_400_000), cpu_ns: 0, memory: 58_000_000, restarts: 0, problem: null };
  return { unit, ...own, ...some };
}

export function status(some: Partial<Status> = {}): Status {
  return {
    node: "gh-01",
    version: "0.1.0",
    started: ago(60_000),
    uptime_s: 60,
    pid: 1,
    health: "ok",
    problems: [],
    driver: "sim",
    chips: ["pinctrl-bcm2835"],
    link: {
      server: "mqtt://127.0.0.1:1883",
      online: true,
      version: "5",
      since: ago(50_000),
      problem: null,
      reconnects: 0,
      sent: 0,
      received: 0,
    },
    outbox: { waiting: 0, oldest_ms: null, dropped: 0 },
    peers: [],
    counts: { inputs: 1, outputs: 1, rules: 1, edges: 0, commands: 0, refused: 0 },
    ...some,
  };
}

/** The garden house of the pictures: topics, pins, rules and services. */
export function garden(options: Partial<StateOptions> = {}): Scene {
  const scene = new Scene(options).online().attach();
  for (let n = 0; n < 5; n += 1) {
    scene.message("plant/room1/climate", `{"t":21.${n},"rh":48.2}`, n === 0);
    scene.now += 1000;
  }
  scene.message("plant/room1/door", "closed", true, 1);
  scene.message("plant/room1/relay1", '"ON"');
  scene.message("plant/room1/raw", Buffer.from([0xff, 0, 1, 2]));
  scene.message("plant/room2/climate", "19");
  scene.message("site/heartbeat", "1");
  scene.message("$SYS/broker/uptime", "12 seconds");
  const pins = [
    output("pump-relay"),
    output("gate", { line: "GPIO24", pulsing: true, since: ago(300), until: ago(-200), cause: "cli" }),
    output("fan", { state: "UNKNOWN", since: null, problem: "GPIO27 is held by fan-controller", line: "GPIO27", cause: "-" }),
    input("door-reed", { state: "ON", gesture: "press", glitches: 38 }),
    input("btn-reset", { line: "GPIO4", since: ago(345_600_000) }),
  ];
  const rules = [{ id: "porch", text: "door-reed press -> pump-relay toggle", fired: 31, last: ago(8000) }];
  scene.act({ type: "pins", data: pinsView(pins, { rules, at: new Date(scene.now).toISOString() }) });
  scene.act({
    type: "services",
    data: [
      service("pinbus.service"),
      service("zigbee2mqtt.service", { active: "failed", sub: "failed", since: ago(252_000), cpu_ns: null, memory: null, restarts: 5 }),
      service("nope.service", {
        active: "unknown",
        sub: "-",
        since: null,
        cpu_ns: null,
        memory: null,
        restarts: null,
        problem: "no such unit",
      }),
    ],
  });
  return scene;
}

/** The link of a configuration without a broker. */
export const noBroker = {
  server: [] as string[],
  port: 1883,
  tls: "auto" as const,
  ca: null,
  cert: null,
  key: null,
  servername: null,
  tls_min: "1.2" as const,
  tls_verify: "on" as const,
  username: null,
  password: null,
};
