import { expect, test } from "vitest";
import { garden, hostView, Scene } from "../scene.ts";
import { golden } from "./golden.ts";

/** Snapshots two seconds apart, in which the counters grow. */
function scene(rounds = 20, some: Record<string, string> = {}): Scene {
  const shown = garden();
  shown.keys("4");
  for (let round = 0; round < rounds; round += 1) {
    const { values, ...rest } = hostView({ at: new Date(shown.now).toISOString() });
    const grown = {
      "host/cpu/busy": String(1000 + round * 46 + (round % 5) * 20),
      "host/cpu/total": String(10_000 + round * 200),
      "host/temperature": (48 + (round % 6) / 2).toFixed(1),
      "host/disk/written": String(100_000 + round * 8000),
      "host/network/wlan0/received": String(1_000_000 + round * 24_000),
      "host/network/wlan0/sent": String(2_000_000 + round * 62_000),
    };
    shown.act({ type: "host", data: { ...rest, values: { ...values, ...grown, ...some } } });
    if (round < rounds - 1) shown.pass(2000);
  }
  return shown;
}

golden("Host", scene, ["C"]);

const row = (shown: Scene, label: string) =>
  shown
    .draw(80, 24)
    .lines()
    .find((line) => line.slice(2).startsWith(label)) ?? "";

test("what the machine does not have reads missing, never 0", () => {
  const shown = new Scene().attach();
  shown.keys("4");
  shown.act({ type: "host", data: hostView({ machine: {}, values: { "host/disk/used": "x" }, watchdog_ms: null, sensors: {} }) });
  expect(row(shown, "CPU")).toMatch(/CPU +missing .* load missing missing missing$/);
  for (const label of ["Temp", "Disk", "Pwr"]) expect(row(shown, label)).toMatch(/^. \w+ +missing/);
  expect(row(shown, "Mem")).toContain("missing of missing   swap missing of missing   pinbus missing");
  const text = shown.draw().text();
  expect(text).toContain("Outbox  missing");
  expect(text).toContain("Sensors  none configured");
  expect(text).toContain("Watchdog  none: systemd watches nothing here");
});

test("a speed needs two snapshots, and after a restart of the machine it begins anew", () => {
  const shown = scene(1);
  expect(row(shown, "CPU")).toMatch(/CPU +- /);
  expect(row(shown, "Net")).toContain("rx -   tx -");
  shown.pass(2000);
  const { values } = hostView();
  const later = { ...values, "host/network/wlan0/received": "1050000", "host/network/wlan0/sent": "7" };
  shown.act({ type: "host", data: hostView({ at: new Date(shown.now).toISOString(), values: later }) });
  expect(row(shown, "Net")).toContain("rx 25 k/s   tx -   192.168.1.40");
});

test("a hot, full or weakly fed machine and a check that fails are marked, not by colour alone", () => {
  const shown = scene(2, {
    "host/temperature": "82.0",
    "host/disk/free": "90000000",
    "host/under_voltage/now": "ON",
    "host/wifi/wlan0/signal": "-80",
  });
  for (const label of ["Temp", "Disk", "Net", "Pwr"]) expect(row(shown, label)).toMatch(/^!/);
  expect(row(shown, "Pwr")).toContain("under-voltage: now YES");
  const at = new Date(shown.now + 2000).toISOString();
  shown.act({ type: "host", data: hostView({ at, checks: [{ name: "files", problem: "the disk is full", detail: null }] }) });
  expect(shown.draw().text()).toContain(" ! files: the disk is full");
});

test("the figures of a lost agent stay and are called stale, ages go on", () => {
  const shown = scene();
  shown.act({ type: "agent-offline", problem: "the agent closed the link" });
  shown.pass(12_000);
  const text = shown.draw().text();
  expect(text).toContain("Host - STALE 12s, no agent");
  expect(text).toContain("seen 12s ago");
  expect(text).toContain("attic 21.4°C ok 24s");
  expect(text).toContain("fed 16s ago");
});

test("without an agent it says which flag would give one", () => {
  const shown = new Scene({ agent: true });
  shown.keys("4");
  shown.act({ type: "agent-offline", problem: "no agent at /run/pinbus/control.sock", absent: true });
  expect(shown.draw().text()).toContain("no agent here: --host user@pi");
  const named = new Scene({ agent: true });
  named.keys("4");
  named.act({ type: "agent-offline", problem: "nobody listens at /tmp/x: the agent is not running" });
  expect(named.draw().text()).toContain("nobody listens at /tmp/x");
});

test("the agent is asked for the figures while somebody looks at them, and no longer", () => {
  const shown = new Scene().attach();
  expect(shown.keys("4")).toEqual([{ type: "watch", views: ["pins", "host"] }]);
  expect(shown.keys("3"), "the same figures").toEqual([]);
  expect(shown.keys("1")).toEqual([{ type: "watch", views: ["pins"] }]);
});

test("a frozen tab stands still, y copies a row, the filter leaves the rows that match", () => {
  const shown = scene();
  shown.keys("z");
  const before = shown.draw().lines().slice(1, 8);
  shown.act({ type: "host", data: hostView({ at: new Date(shown.now + 2000).toISOString(), values: { "host/temperature": "99.0" } }) });
  expect(shown.draw().lines().slice(1, 8)).toEqual(before);
  shown.keys("z");
  expect(row(shown, "Temp")).toContain("99.0 C");
  expect(shown.keys("j", "y")).toEqual([{ type: "copy", text: "Temp 99.0 C" }]);
  shown.keys("/", ..."net", "enter");
  expect(row(shown, "Temp")).toBe("");
});

test("the trends keep two minutes and no more", () => {
  const shown = scene(200);
  expect(shown.state.host.data?.data.cpu.length).toBe(60);
});

test("the wear of a disk is told as it tells it: how much of its life, a warning before its end, and nothing of one that does not", () => {
  const wear = (used: string, reserve: string) =>
    row(scene(2, { "host/wear/mmcblk0/used": used, "host/wear/mmcblk0/reserve": reserve }), "Wear");
  expect(row(scene(2), "Wear")).toBe("");
  expect(wear("20", "normal")).toMatch(/^ {2}Wear +mmcblk0 +10 to 20 % of its life is used +reserve normal$/);
  expect(wear("20", "warning")).toMatch(/^! Wear/);
  expect(wear("110", "urgent")).toMatch(/^! Wear +mmcblk0 +more than its life is used +reserve urgent$/);
  expect(row(scene(2, { "host/wear/mmcblk0/used": "x" }), "Wear"), "nonsense").toMatch(/Wear +mmcblk0$/);
});
