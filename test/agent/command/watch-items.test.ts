import { describe, expect, it } from "vitest";
import { changesOf, type Item, itemsOf, itemText, wanted } from "../../../agent/command/watch-items.ts";
import { LiveTable, tableLines } from "../../../agent/command/watch-table.ts";
import { ago, input, noon, output, pinsView, sensor } from "../../tui/scene.ts";

const tent = {
  values: [
    { name: "humidity", value: 48.2, unit: "%" },
    { name: "temperature", value: 21.4, unit: "°C" },
  ],
};
const counter = { total: 88.12, unit: "l", rate: null, rate_unit: null, pulses: 88_120, lost: 0 };

describe("the values of an agent", () => {
  it.each([
    [output("lamp"), ["lamp ON"]],
    [output("lamp", { state: "UNKNOWN" }), ["lamp unknown"]],
    [output("lamp", { problem: "the line is busy" }), ["lamp the line is busy"]],
    [input("meter", { state: "UNKNOWN", counter }), ["meter 88.12 l"]],
    [input("meter", { state: "UNKNOWN", counter, problem: "the chip is gone" }), ["meter the chip is gone"]],
  ])("of a pin", (pin, texts) => {
    expect(itemsOf(pinsView([pin])).map((item) => `${item.id} ${itemText(item)}`)).toEqual(texts);
  });

  it.each([
    [sensor("attic"), ["attic 21.4 °C"]],
    [sensor("tent", tent), ["tent.humidity 48.2 %", "tent.temperature 21.4 °C"]],
    [sensor("attic", { quality: "unknown", values: [], ts: null, age_ms: null }), ["attic unknown"]],
    [sensor("attic", { quality: "stale", reason: "no reading for 180 s" }), ["attic stale: no reading for 180 s"]],
  ])("of a sensor", (entry, texts) => {
    const items = itemsOf(pinsView([], { sensors: [entry] }));
    expect(items.map((item) => `${item.id} ${itemText(item)}`)).toEqual(texts);
    expect(items.every(({ value }) => (value === null) === (entry.quality !== "ok"))).toBe(true);
  });

  it.each([
    ["tent", true],
    ["tent.humidity", true],
    ["tent.pressure", false],
    ["ten", false],
  ])("%s among those of a sensor: %s", (asked, yes) => {
    expect(itemsOf(pinsView([], { sensors: [sensor("tent", tent)] })).some((item) => wanted(item, asked))).toBe(yes);
  });

  it("a value may be asked for by its name where the sensor has only one, or was not read yet", () => {
    const [one, unread] = itemsOf(pinsView([], { sensors: [sensor("attic"), sensor("tent", { quality: "unknown", values: [] })] }));
    expect([wanted(one as Item, "attic.temperature"), wanted(one as Item, "attic.humidity")]).toEqual([true, false]);
    expect(wanted(unread as Item, "tent.humidity")).toBe(true);
  });
});

describe("a change", () => {
  it("is told once, and not when only the time of a reading is new", () => {
    const told = new Map<string, Item>();
    const at = ago(0);
    const now = (some = {}, more = {}) =>
      changesOf(itemsOf(pinsView([output("lamp", some)], { sensors: [sensor("attic", more)] })), told, at).map(
        (item) => `${item.id} ${itemText(item)}`,
      );
    expect(now()).toEqual(["lamp ON", "attic 21.4 °C"]);
    expect(now({}, { ts: ago(1) })).toEqual([]);
    expect(now({ state: "OFF" }, { quality: "failed", reason: "CRC error" })).toEqual(["lamp OFF", "attic failed: CRC error"]);
  });

  it("tells what a reload has taken away, and a sensor that turns out to measure two things is not gone", () => {
    const told = new Map<string, Item>();
    const texts = (view: ReturnType<typeof pinsView>) =>
      changesOf(itemsOf(view), told, view.at).map((item) => `${item.id} ${itemText(item)}`);
    const unread = sensor("tent", { quality: "unknown", values: [], ts: null, age_ms: null });
    texts(pinsView([output("lamp")], { sensors: [unread] }));
    expect(texts(pinsView([], { sensors: [sensor("tent", tent)] }))).toEqual([
      "tent.humidity 48.2 %",
      "tent.temperature 21.4 °C",
      "lamp not configured any more",
    ]);
    expect(texts(pinsView([], { sensors: [sensor("tent", tent)] }))).toEqual([]);
  });
});

describe("the table", () => {
  it("says how old each value is, and marks what has none", () => {
    const items = itemsOf(pinsView([output("lamp")], { sensors: [sensor("attic", { quality: "failed", reason: "CRC error" })] }));
    expect(tableLines(items, noon)).toEqual(["   lamp   ON                 12 min  cmd mqtt 4f2", "!  attic  failed: CRC error  12 s"]);
  });

  it("is drawn over itself, no higher than the terminal, and no text can leave its line", () => {
    let written = "";
    const table = new LiveTable({
      rows: 4,
      write: (text: string | Uint8Array) => {
        written += text;
        return true;
      },
    });
    const pins = Array.from({ length: 10 }, (_, index) => output(`lamp-${index}`, { cause: "\u001b[2J\n" }));
    table.show(itemsOf(pinsView(pins)), ago(0));
    expect(written.split("\n").length).toBe(4);
    expect(written).toContain("8 more: name those that you want to see");
    expect(written).not.toContain("\u001b[2J");
    written = "";
    table.show(itemsOf(pinsView([output("lamp")])), ago(0));
    expect(written.startsWith("\r\u001b[3A   lamp ")).toBe(true);
    expect(written.endsWith("\u001b[J")).toBe(true);
    table.close();
    expect(written.endsWith("\u001b[?7h")).toBe(true);
  });
});
