import type { Change, ChipView, InputDetail, OutputDetail } from "../../agent/protocol.ts";
import { headerPins } from "../../gpio/header.ts";
import type { StateOptions } from "../../tui/model.ts";
import { ago, garden, input, noon, output, pinsView, type Scene } from "./scene.ts";

export function outputDetail(id: string, some: Partial<OutputDetail> = {}): OutputDetail {
  const contract = { max_on_ms: 7_200_000, min_on_ms: 30_000, min_off_ms: 0, on_broker_lost: { after_ms: 60_000, do: "off" as const } };
  return { kind: "output", id, pulse_ms: 5000, ...contract, on_peer_offline: null, interlock: null, ...some };
}

export function inputDetail(id: string, some: Partial<InputDetail> = {}): InputDetail {
  const gestures: InputDetail["gestures"] = [
    { gesture: "press", after: "closes", ms: 20, why: "debounce", every_ms: null },
    { gesture: "click", after: "opens", ms: 300, why: "window, because double is bound", every_ms: null },
    { gesture: "repeat", after: "closes", ms: 800, why: "hold and repeat", every_ms: 200 },
  ];
  return { kind: "input", id, debounce_ms: 20, by_line: false, gestures, edges: { since: ago(60_000), edges: [] }, ...some };
}

export function change(atMs: number, text: string, some: Partial<Change> = {}): Change {
  const state = (text.split(/[ :]/)[0] ?? "") as Change["state"];
  return {
    at: ago(atMs),
    state,
    cause: "rule",
    detail: null,
    kind: "rule",
    source: "rule",
    id: null,
    chain: [],
    text,
    until: null,
    ...some,
  };
}

export const edges: InputDetail["edges"]["edges"] = [
  { at: ago(1000), after_ms: 0.412, active: true, accepted: true, note: null },
  { at: ago(1000), after_ms: 1250, active: false, accepted: false, note: "bounce: did not hold 20 ms" },
  { at: ago(2250), after_ms: 0, active: null, accepted: false, note: "3 lost by the kernel (gap in seqno)" },
  { at: ago(2250), after_ms: null, active: true, accepted: null, note: null },
];

/** The lines of a board with a header, and one chip beside it. */
export function chips(): ChipView[] {
  const headerOf = new Map([...headerPins].map(([pin, what]) => [what, pin]));
  const holders: Record<number, string> = { 12: "spi-dc", 17: "pinbus:pump-relay" };
  const lines = Array.from({ length: 54 }, (_, offset) => ({
    offset,
    name: offset < 28 ? `GPIO${offset}` : "",
    header: headerOf.get(offset) ?? null,
    holder: holders[offset] ?? "",
    direction: "input" as const,
    id: offset === 17 ? "pump-relay" : null,
  }));
  const wifi = { offset: 1, name: "WL_ON", header: null, holder: "shutdown", direction: "output" as const, id: null };
  return [
    { label: "pinctrl-bcm2835", name: "gpiochip0", lines },
    { label: "raspberrypi-exp-gpio", name: "gpiochip1", lines: [wifi] },
  ];
}

/** The tab Pins of the pictures, with everything that the agent tells of its first output. */
export function pinsScene(options: Partial<StateOptions> = {}): Scene {
  const scene = garden(options);
  scene.keys("2");
  scene.now = noon;
  const pins = [
    output("pump-relay", { until: new Date(noon + 1_042_000).toISOString(), cause: "rule porch" }),
    output("fan-relay", { line: "GPIO27", offset: 27, header: 13, state: "OFF", since: ago(11_400_000), cause: "rule night" }),
    output("valve-1", {
      ...{ line: "GPIO5", offset: 5, header: 29, state: "OFF", since: ago(93_600_000) },
      interlocked: "interlock pumps: pump-relay is on",
    }),
    output("gate", {
      ...{ line: "GPIO24", offset: 24, header: 18, pulsing: true, since: ago(300), cause: "cli" },
      until: new Date(noon + 200).toISOString(),
    }),
    input("door-reed", {
      ...{ offset: 22, header: 15, state: "ON", gesture: "press", glitches: 38, bounce_ms: 40 },
      advice: "bounces 40 ms, set debounce 50ms",
    }),
    input("flow-meter", {
      ...{ line: "GPIO23", offset: 23, header: 16, state: "UNKNOWN", since: null },
      counter: { total: 88.12, unit: "l", rate: 1.2, rate_unit: "l/min", pulses: 88_120, lost: 0 },
    }),
    input("btn-reset", { line: "GPIO4", offset: 4, header: 7, since: ago(345_600_000), gesture: "click", gesture_ms: 300 }),
  ];
  const rule = (id: string, last: number | null, fired: number, text: string, some = {}) => {
    const guard = { enabled: true, rests_until: null, problem: null };
    return { id, last: last === null ? null : ago(last), fired, text, ...guard, ...some };
  };
  const rules = [
    rule("night", 11_400_000, 212, "22:00 -> fan-relay off"),
    rule("porch", 8000, 31, "door-reed press -> pump-relay toggle"),
    rule("flood", null, 0, "float press -> valve-1 on", { enabled: false }),
    rule("loop", 500, 61, "fan-relay on -> fan-relay off", {
      rests_until: new Date(noon + 40_000).toISOString(),
      problem: "it fired 60 times in 10 s",
    }),
  ];
  scene.act({ type: "pins", data: pinsView(pins, { rules }) });
  const changes = [
    change(764_000, "ON because door-reed was pressed (312 ms) and rule porch says toggle; ends by max_on", {
      until: new Date(noon + 1_042_000).toISOString(),
    }),
    change(767_000, "REFUSED: a retained command is not served; wanted because a command over MQTT says on (id 4f2)"),
    change(90_000_000, "OFF because its pulse ended; it was on because somebody pulsed it with `pinbus set`"),
  ];
  scene.act({ type: "why", output: "pump-relay", changes });
  scene.act({ type: "pin", detail: outputDetail("pump-relay") });
  scene.act({ type: "lines", chips: chips() });
  return scene;
}
