import { expect, it } from "vitest";
import { BootTime } from "../../../agent/shell/boot-time.ts";

const noon = Date.UTC(2026, 10, 22, 12);

it("the time of the boot stays while the wall clock is corrected a little, and follows a step of it", () => {
  let wall = noon;
  const boot = new BootTime({ wall: () => wall });
  expect(boot.read(3600)).toBe("2026-11-22T11:00:00.000Z");
  wall += 12_000;
  expect(boot.read(3600)).toBe("2026-11-22T11:00:00.000Z");
  wall += 600_000;
  expect(boot.read(3600)).toBe("2026-11-22T11:10:12.000Z");
});

it("the time of the boot is not known before the clock is set, nor without an uptime", () => {
  expect(new BootTime({ wall: () => Date.UTC(2020, 0, 1) }).read(10)).toBeUndefined();
  expect(new BootTime({ wall: () => noon }).read(Number.NaN)).toBeUndefined();
});
