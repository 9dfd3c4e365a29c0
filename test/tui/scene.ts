import type {
  ControllerStatus,
  Hello,
  HostView,
  InputView,
  OutputView,
  PinsView,
  SensorEntry,
  ServiceView,
  Status,
  TraceEntry,
} from "../../agent/protocol.ts";
import type { Action } from "../../tui/action.ts";
import type { Effect } from "../../tui/effect.ts";
import { createState, type State, type StateOptions } from "../../tui/model.ts";
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

export function sensor(id: string, some: Partial<SensorEntry> = {}): SensorEntry {
  const values = [{ name: "temperature", value: 21.4, unit: "°C" }];
  const own = { kind: "sensor" as const, id, driver: "w1", stale_after_ms: 180_000, used_by: [], values };
  return { ...own, quality: "ok", reason: null, ts: ago(12_000), age_ms: 12_000, ...some };
}

export function controller(id: string, some: Partial<ControllerStatus> = {}): ControllerStatus {
  const value = { sensor: "tent.temperature", value: 26.4, unit: "°C", setpoint: 25 };
  const output = { output: 14, output_unit: "%" as const, on: true, since: ago(60_000) };
  const why = "tent.temperature 26.4 °C above 25 °C, output 14 %";
  return { id, enabled: true, ...value, ...output, held: null, why, ...some };
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

/** What mosquitto says of itself, twice, ten seconds apart: of a counter a second value is needed for a speed, and a third as the first is old. */
export function sysOf(scene: Scene, some: Record<string, string> = {}): Scene {
  const figures: Record<string, string> = {
    version: "mosquitto version 2.0.11",
    "clients/connected": "18",
    "clients/disconnected": "3",
    "clients/maximum": "24",
    "clients/expired": "0",
    "subscriptions/count": "71",
    "shared_subscriptions/count": "0",
    "retained messages/count": "412",
    "store/messages/bytes": "3100000",
    "heap/current": "1900000",
    "heap/maximum": "2400000",
  };
  for (const [load, perMinute] of Object.entries({
    "messages/received": 23_922,
    "messages/sent": 48_378,
    "publish/dropped": 0,
    "bytes/received": 3_648_000,
    "bytes/sent": 7_740_000,
    connections: 6,
  }))
    for (const span of ["1min", "5min", "15min"]) figures[`load/${load}/${span}`] = perMinute.toFixed(2);
  for (let round = 0; round < 3; round += 1) {
    const counters = {
      uptime: `${1_051_860 + round * 10} seconds`,
      "messages/received": String(round * 4021),
      "messages/sent": String(round * 8119),
    };
    const bytes = { "bytes/received": String(round * 612_000), "bytes/sent": String(round * 1_304_000), "publish/messages/dropped": "0" };
    for (const [name, value] of Object.entries({ ...(round === 0 ? figures : {}), ...counters, ...bytes, ...some }))
      scene.message(`$SYS/broker/${name}`, value, true);
    if (round < 2) for (let second = 0; second < 10; second += 1) scene.pass(1000);
  }
  return scene;
}

/** The host view of the pictures. */
export function hostView(some: Partial<HostView> = {}): HostView {
  return {
    at: ago(0),
    machine: { model: "Raspberry Pi Zero 2 W", os: "Debian GNU/Linux 12" },
    values: {
      version: "pinbus 0.1.0",
      uptime: "267060 seconds",
      "connection/rtt": "2.1",
      "connection/since": ago(50_000),
      reconnects: "0",
      "loop/lag": "3",
      "memory/used": "58000000",
      "outbox/depth": "0",
      "outbox/age": "0 seconds",
      "outbox/dropped": "3",
      "outbox/dropped/expired": "3",
      "outbox/dropped/full": "0",
      "outbox/dropped/refused": "0",
      "outbox/dropped/unsent": "0",
      "outbox/coalesced": "45",
      "outbox/telemetry/depth": "12",
      "outbox/telemetry/age": "41 seconds",
      "outbox/telemetry/dropped": "0",
      "host/uptime": "1051860 seconds",
      "host/load/1min": "0.61",
      "host/load/5min": "0.55",
      "host/load/15min": "0.49",
      "host/cpu/busy": "1000",
      "host/cpu/total": "10000",
      "host/memory/total": "427000000",
      "host/memory/used": "211000000",
      "host/swap/total": "99000000",
      "host/swap/used": "12000000",
      "host/temperature": "51.3",
      "host/disk/total": "7400000000",
      "host/disk/used": "4500000000",
      "host/disk/free": "2900000000",
      "host/disk/written": "100000",
      "host/network/wlan0/received": "1000000",
      "host/network/wlan0/sent": "2000000",
      "host/network/wlan0/address": "192.168.1.40",
      "host/wifi/wlan0/signal": "-61",
      "host/throttled": "0x50000",
      "host/throttled/now": "OFF",
      "host/throttled/since_boot": "OFF",
      "host/under_voltage/now": "OFF",
      "host/under_voltage/since_boot": "ON",
    },
    health: "degraded",
    problems: ["sensor soil-2 is stale"],
    checks: [
      { name: "event loop", problem: null, detail: "3 ms" },
      { name: "gpio lines", problem: null, detail: null },
      { name: "broker link", problem: null, detail: null },
      { name: "files", problem: null, detail: null },
      { name: "clock", problem: null, detail: null },
    ],
    watchdog_ms: 4000,
    sensors: {
      attic: { values: [{ name: "temperature", value: 21.4, unit: "°C" }], quality: "ok", reason: null, ts: ago(12_000), age_ms: 12_000 },
      "soil-2": { values: [], quality: "stale", reason: "no answer for 12 min", ts: ago(720_000), age_ms: 720_000 },
    },
    ...some,
  };
}

/** What agent and broker said to each other, from `noon` on. */
export function packets(): TraceEntry[] {
  const all: Omit<TraceEntry, "number" | "at">[] = [
    { direction: "sent", type: "CONNECT" },
    { direction: "received", type: "CONNACK", reason: 0, rtt_ms: 2.4 },
    { direction: "sent", type: "SUBSCRIBE", id: 1, topic: "pinbus/gh-01/out/+/set pinbus/gh-01/cmd/+" },
    { direction: "received", type: "SUBACK", id: 1, reason: 0x87, rtt_ms: 1.2 },
    { direction: "received", type: "PUBLISH", topic: "plant/room1/climate", qos: 0, retain: false, dup: false, size: 20 },
    { direction: "sent", type: "PUBLISH", id: 4711, topic: "plant/pump/state", qos: 1, retain: true, dup: true, size: 2 },
    { direction: "received", type: "PUBACK", id: 4711, reason: 0x10, rtt_ms: 3.217 },
    { direction: "sent", type: "PINGREQ" },
    { direction: "received", type: "PINGRESP", rtt_ms: 12.6 },
  ];
  return all.map((entry, at) => ({ number: at + 1, at: new Date(noon + at * 100).toISOString(), ...entry }));
}

/** Four nodes: one up, one with problems, one silent, one down. */
export function fleetOf(scene: Scene): Scene {
  const node = (base: string, status: string, problems: string[] = [], figures: Record<string, string> = {}) => {
    const machine = { model: "Raspberry Pi 4 Model B", os: "Debian GNU/Linux 12" };
    const ids = { inputs: ["porch"], outputs: ["lamp", "fan"], sensors: [] };
    const info = { version: "0.1.0", started: ago(86_400_000), driver: "chardev", machine, ...ids };
    scene.message(`${base}/info`, JSON.stringify(info), true);
    scene.message(`${base}/health`, JSON.stringify({ health: problems.length > 0 ? "degraded" : "ok", problems }), true);
    scene.message(`${base}/status`, status, true);
    const values = {
      uptime: "86400 seconds",
      "host/temperature": "48.3",
      "host/load/1min": "0.61",
      "host/memory/used": "44",
      "host/memory/total": "100",
      "host/disk/used": "58",
      "host/disk/free": "42",
      "load/messages/sent/1min": "20000.00",
      "load/messages/received/1min": "2260.00",
      reconnects: "2",
      "outbox/depth": "0",
      ...figures,
    };
    for (const [name, value] of Object.entries(values)) scene.message(`${base}/$SYS/${name}`, value, true);
  };
  node("pinbus/gh-01", "online");
  node("pinbus/gh-02", "online", ["sensor soil-2 is stale", "peer plug is offline"], { "load/messages/sent/1min": "90000.00" });
  node("pinbus/pump-north", "online");
  node("farm/hall/pump-south", "offline");
  // A stranger with the same habit.
  scene.message("esphome/plug/status", "online", true);
  for (let round = 1; round <= 6; round += 1) {
    for (let second = 0; second < 10; second += 1) scene.pass(1000);
    for (const base of ["pinbus/gh-01", "pinbus/gh-02", ...(round < 3 ? ["pinbus/pump-north"] : [])])
      scene.message(`${base}/$SYS/uptime`, `${86_400 + round * 10} seconds`, true);
  }
  scene.pass(1000);
  return scene;
}
