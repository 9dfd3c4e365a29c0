import { expect, it } from "vitest";
import { PowerWatch } from "../../../agent/shell/power-watch.ts";
import { keptLog } from "./fixture.ts";

function told(...readings: ("good" | "low" | "was low")[]): string[] {
  const log = keptLog();
  const watch = new PowerWatch(log);
  for (const reading of readings) {
    const now = reading === "low" ? "ON" : "OFF";
    watch.read({ "host/under_voltage/now": now, "host/under_voltage/since_boot": reading === "good" ? "OFF" : "ON" });
  }
  return log.entries.map((entry) => entry.split(/[:;]/)[1]?.trim() ?? "");
}

it("a weak supply is told when it becomes weak, and when it is good again", () => {
  expect(told("good", "low", "low", "was low", "was low", "low")).toEqual([
    "the supply voltage is too low",
    "the supply voltage is good again",
    "the supply voltage is too low",
  ]);
});

it("a dip between two looks, or before the start, is told once", () => {
  expect(told("was low", "was low")).toEqual(["the supply voltage was too low since the boot"]);
  expect(told("good", "was low", "was low")).toEqual(["the supply voltage was too low since the boot"]);
});

it("a machine that tells nothing about its supply is left alone", () => {
  const log = keptLog();
  new PowerWatch(log).read({ "host/load/1min": "0.5" });
  expect(log.entries).toEqual([]);
});
