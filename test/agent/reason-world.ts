import { configOf, rule, when } from "./core/fixture.ts";
import { World } from "./core/world.ts";

export const second = 1000;
export const hour = 3600 * second;
/** The agent starts at 10:33:00 in Berlin, where it is UTC + 1 in November. */
export const offset = Date.UTC(2026, 10, 21, 9, 33) - second;

type Parts = Parameters<typeof configOf>[0];

export const parts: Parts = {
  inputs: {
    porch: { debounce: 0 },
    bell: { debounce: 0, kind: "doorbell" },
    door: { debounce: 0, kind: "switch" },
  },
  outputs: {
    lamp: { max_on: 2 * hour, on_broker_lost: { after: 30 * second, do: "off" } },
    pump: { min_off: 5 * second, on_peer_offline: { peer: "plug", topic: null, payload: null, after: 10 * second, do: "off" } },
    up: { interlock: "gate" },
    down: { interlock: "gate" },
    horn: { identify: "on" },
    fan: { on_start: "on" },
    socket: { line: null, plug: { topic: "socket", relay: null, failsafe: null }, max_on: hour },
  },
  interlocks: { gate: { dead_time: 300, mode: "switch" } },
  peers: { plug: { topic: "tele/plug/LWT", online: "Online", offline: "Offline" } },
  rules: {
    "porch-lamp": when("porch click", ["lamp", "toggle"]),
    "porch-double": when("porch double", ["pump", "on"]),
    "porch-hold": when("porch hold", ["up", "pulse", 400]),
    "porch-let-go": when("porch hold_end", ["down", "on"]),
    "door-open": when("door release", ["horn", "off"]),
    evening: rule([{ time: 18 * 60 }], [{ output: "fan", set: "off" }]),
    chime: rule([{ input: "bell", gesture: "press" }], [{ output: "horn", pattern: [200, 100, 200] }]),
    follow: rule([{ output: "lamp", is: "on" }], [{ output: "fan", set: "toggle", after: 5 * second }]),
    away: rule([{ peer: "plug", is: "offline" }], [{ output: "down", set: "on" }]),
    alarm: rule([{ broker: "lost", for: 20 * second }], [{ output: "horn", set: "on" }]),
  },
};

export function world(more: Parts = {}): World {
  const one = new World(configOf({ ...parts, ...more }), { offset });
  one.link(true);
  one.advance(12 * second);
  return one;
}

export interface Case {
  output?: string;
  play(one: World): void;
  more?: Parts;
  told: string;
  kind: string;
  source: string;
  id?: string;
  /** `input: porch click (312 ms)`: the kind of each step, its text, and how long it took. */
  chain: string[];
  /** Of what was refused. */
  reason?: string;
  allowedAt?: string;
}

/** The other device comes or goes. */
export function plug(one: World, online: boolean): void {
  one.dispatch({ type: "peer-changed", peer: 0, online, at: one.now });
}

/** The same settings but for these rules. */
export function without(...rules: string[]): Parts {
  return { rules: Object.fromEntries(Object.entries(parts.rules ?? {}).filter(([id]) => !rules.includes(id))) };
}
