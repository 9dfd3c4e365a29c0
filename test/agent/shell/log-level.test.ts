import { afterEach, expect, it, vi } from "vitest";
import { createLog, type LogLevel } from "../../../agent/shell/log.ts";
import { TemporaryLevel } from "../../../agent/shell/log-level.ts";

function world(configured: LogLevel) {
  vi.useFakeTimers();
  const log = createLog({ level: configured, secrets: [], journal: () => {} });
  const file = { level: configured };
  return { log, file, level: new TemporaryLevel({ log, configured: () => file.level }) };
}
const said = ({ log }: ReturnType<typeof world>) => {
  const before = log.tail.length;
  log.debug("x");
  return log.tail.length > before;
};

afterEach(() => {
  vi.useRealTimers();
});

it("another log level holds for its time, and then the configured one again; asked for again, it counts anew", () => {
  const own = world("info");
  expect(own.level.set("debug", 60_000, "mqtt 7")).toBe(true);
  expect(own.log.tail.at(-1)?.message).toBe("the log level is debug for 60 s: mqtt 7");
  vi.advanceTimersByTime(50_000);
  own.level.set("debug", 60_000, "cli");
  vi.advanceTimersByTime(59_000);
  expect(said(own)).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(own.log.tail.at(-1)?.message).toBe("the log level is info again");
  expect(said(own)).toBe(false);
});

it("a reload ends it, and what that brings holds", () => {
  const own = world("warn");
  own.level.set("debug", 60_000, "cli");
  own.file.level = "info";
  own.level.end();
  expect(said(own)).toBe(false);
  own.log.info("y");
  expect(own.log.tail.at(-1)?.message).toBe("y");
  const { length } = own.log.tail;
  vi.advanceTimersByTime(120_000);
  expect(own.log.tail).toHaveLength(length);
});

it("nobody can silence the log with it", () => {
  const own = world("warn");
  expect([own.level.set("error", 1000, "mqtt"), own.level.set("warn", 1000, "mqtt")]).toEqual([false, true]);
});
