import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { openTerminal, type Terminal } from "../../tui/shell/terminal.ts";
import { drawFrame } from "../../tui/view/frame.ts";
import { patience } from "../agent/shell/fixture.ts";
import { ago, fleetOf, garden, hostView, input, noon, output, packets, pinsView, type Scene, sensor, status, sysOf } from "./scene.ts";
import { createFakeTerminal, type FakeTerminal } from "./screen.ts";
import { svgOf } from "./svg.ts";

// The pictures of README.md and docs/terminal.md: `npm run pictures` makes them anew, every other run compares them with what the UI shows.

beforeAll(() => {
  // The clocks on the screen are those of the person's own time zone.
  process.env.TZ = "UTC";
});

let terminal: Terminal | undefined;
let screen: FakeTerminal | undefined;
afterEach(() => {
  terminal?.close();
  screen?.dispose();
});

/** Goes to the branch plant and unfolds the way to its first value. */
const toClimate = ["/", ..."plant", "enter", "g", "escape", "l", "l", "l", "l"];

test.each([
  ["topics", 80, 24, [...toClimate, "d", "d"]],
  ["topics-wide", 150, 44, toClimate],
  ["pins", 80, 24, ["2"]],
  ["broker", 80, 24, ["3"]],
  ["host", 80, 24, ["4"]],
  ["services", 80, 24, ["5"]],
  ["trace", 80, 24, ["6"]],
  ["fleet", 80, 24, ["7"]],
] as [string, number, number, string[]][])(
  "docs/pictures/tui-%s.svg is what the terminal UI shows at %dx%d",
  async (name, cols, rows, keys) => {
    const scene = world();
    scene.act({ type: "resize", cols, rows });
    scene.keys(...keys);
    scene.act({ type: "trace", entries: packets() });
    scene.act({ type: "packet-bytes", number: 9, bytes: { number: 9, size: 2, hex: "d000" } });
    await show(scene, cols, rows);
    const title = `pinbus tui, tab ${scene.state.tab}, ${cols}x${rows}`;
    await expect(svgOf((screen as FakeTerminal).xterm, title)).toMatchFileSnapshot(`../../docs/pictures/tui-${name}.svg`);
  },
);

/** The whole way of a frame: the views, blessed, a terminal. */
async function show(scene: Scene, cols: number, rows: number): Promise<void> {
  const fake = createFakeTerminal(cols, rows);
  screen = fake;
  terminal = openTerminal({
    env: { TERM: "xterm-256color", LANG: "C.UTF-8" },
    stdin: fake.stdin,
    stdout: fake.stdout,
    draw: (canvas) => drawFrame(scene.state, canvas, scene.now),
    onKey() {},
    onPaste() {},
    onFocus() {},
    onResize() {},
    onEnd() {},
  });
  // The hints are on the last row, and what is asked for after a frame is answered after it.
  await vi.waitFor(() => {
    expect(fake.text().at(-1)).toContain("Help");
    expect(fake.replies).toContain("\x1b[0n");
  }, patience);
  await fake.drawn();
}

/** The garden house for half a minute: somebody goes through the door, the pump runs, the broker and three other boxes are busy. */
function world(): Scene {
  const scene = fleetOf(sysOf(garden()));
  for (const filter of ["#", "$SYS/#"]) scene.act({ type: "mqtt-granted", filter });
  scene.act({ type: "mqtt-rtt", ms: 1.6 });
  scene.act({ type: "status", status: status() });
  scene.act({ type: "why", output: "pump-relay", changes: changes(scene.now) });
  const began = scene.now;
  for (let second = 0; second < 30; second += 1) {
    scene.message("plant/room1/climate", `{"t":${(20.9 + (second % 8) / 10).toFixed(1)},"rh":48.2}`);
    scene.message("zigbee2mqtt/lamp", '{"state":"ON","brightness":254}');
    scene.message("site/heartbeat", String(second));
    for (const node of second % 10 === 0 ? ["gh-01", "gh-02"] : [])
      scene.message(`pinbus/${node}/$SYS/uptime`, `${86_500 + second} seconds`, true);
    const door = second >= 12 && second < 21;
    scene.act({ type: "pins", data: pins(scene.now, began, door) });
    if (second % 2 === 0) scene.act({ type: "host", data: host(scene.now, second / 2) });
    scene.pass(1000);
  }
  return scene;
}

function pins(now: number, began: number, door: boolean) {
  const at = (ms: number) => new Date(ms).toISOString();
  const all = [
    output("pump-relay", { since: at(began + 9_000), state: now >= began + 9_000 ? "ON" : "OFF" }),
    output("gate", { line: "GPIO24", pulsing: now >= began + 26_000, since: at(began + 26_000), until: at(began + 32_000), cause: "cli" }),
    output("fan", { state: "UNKNOWN", since: null, problem: "GPIO27 is held by fan-controller", line: "GPIO27", cause: "-" }),
    input("door-reed", { state: door ? "ON" : "OFF", gesture: "press", glitches: 38, since: at(door ? began + 12_000 : began + 21_000) }),
    input("btn-reset", { line: "GPIO4", state: "OFF", since: ago(345_600_000) }),
  ];
  const rules = [{ id: "porch", text: "door-reed press -> pump-relay toggle", fired: 31, last: at(began + 12_000) }];
  // Read every two seconds.
  const read = now - ((now - began) % 2000);
  const attic = [{ name: "temperature", value: Number((21.4 + Math.sin((read - began) / 5000)).toFixed(1)), unit: "°C" }];
  const sensors = [
    sensor("attic", { values: attic, ts: at(read), age_ms: now - read, used_by: ["rule fan"] }),
    sensor("soil-2", { driver: "topic", quality: "stale", reason: "no reading for 180 s", values: [], ts: ago(720_000), age_ms: 720_000 }),
  ];
  return pinsView(all, { rules, sensors, at: at(now) });
}

function host(now: number, round: number) {
  const { values, ...rest } = hostView({ at: new Date(now).toISOString() });
  const each = { "cpu/total": 200, "disk/written": 8000, "network/wlan0/received": 24_000, "network/wlan0/sent": 62_000 };
  const grown = Object.entries(each).map(([name, by]) => [`host/${name}`, String(Number(values[`host/${name}`]) + round * by)]);
  const busy = String(1000 + round * 46 + (round % 5) * 20);
  const warm = (48 + (round % 6) / 2).toFixed(1);
  return { ...rest, values: { ...values, ...Object.fromEntries(grown), "host/cpu/busy": busy, "host/temperature": warm } };
}

function changes(now: number) {
  const facts = { kind: "mqtt", source: "mqtt", id: null, chain: [], until: null };
  return [
    { at: new Date(now + 9_000).toISOString(), state: "ON" as const, cause: "cmd mqtt 4f2", detail: null, text: "ON", ...facts },
    { at: new Date(noon).toISOString(), state: "REFUSED" as const, cause: "cmd mqtt", detail: "retained", text: "REFUSED", ...facts },
  ];
}
