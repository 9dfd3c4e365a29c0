import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diagnose, fitted, maxDiagnosisBytes } from "../../agent/diagnosis.ts";
import type { Diagnosis, Status } from "../../agent/protocol.ts";
import { createLog } from "../../agent/shell/log.ts";
import { configOf } from "./core/fixture.ts";

const status = (more: Partial<Status> = {}): Status => ({
  node: "garage",
  version: "1",
  started: "",
  uptime_s: 1,
  pid: 1,
  health: "ok",
  problems: [],
  driver: "sim",
  chips: [],
  link: {} as Status["link"],
  outbox: { waiting: 0, oldest_ms: null, dropped: 0 },
  peers: [],
  counts: { inputs: 0, outputs: 0, rules: 0, edges: 0, commands: 0, refused: 0 },
  ...more,
});

describe("a report", () => {
  it("has configuration, status, host and the last log entries, and no secret anywhere", async () => {
    const secret = 'hun"ter2';
    const log = createLog({ level: "info", secrets: [secret], journal: () => {} });
    const config = configOf({ outputs: { lamp: {} } });
    Object.assign(config.mqtt, { username: "pi", password: secret, client_id: `me-${secret}` });
    log.info(`connected with ${secret}\nforged: line`);
    const machine = () => ({ model: "Raspberry Pi 4 Model B" });
    const report = await diagnose({
      config: () => config,
      status: () => status({ problems: [`the broker said ${secret}`] }),
      machine,
      log,
    });
    const text = JSON.stringify(report);
    expect(text).not.toContain("hun");
    expect(text).not.toContain("ter2");
    expect(report.config.join("\n")).toContain('"lamp"');
    expect(report.config.join("\n")).toContain("me-***");
    expect(report.status.problems).toEqual(["the broker said ***"]);
    expect(report.log).toEqual([{ ts: expect.any(String), level: "info", message: "connected with ***\ufffdforged: line" }]);
    expect(report.host["host/uptime"]).toMatch(/seconds$/);
    expect(report.machine).toEqual({ model: "Raspberry Pi 4 Model B" });
    expect(report.left_out).toEqual([]);
  });

  it("fits into one message whatever is in it, and names what is left out", () => {
    const lines = fc.tuple(
      fc.integer({ min: 0, max: 3000 }),
      fc.string({ maxLength: 50, unit: "binary" }),
      fc.integer({ min: 1, max: 20 }),
    );
    const textOf = ([count, text, times]: [number, string, number]) => Array.from({ length: count }, () => text.repeat(times));
    fc.assert(
      fc.property(lines, lines, lines, (config, log, problems) => {
        const report: Diagnosis = {
          at: "",
          node_js: "",
          system: "",
          host: {},
          status: status({ problems: textOf(problems) }),
          config: textOf(config),
          log: textOf(log).map((message) => ({ ts: "", level: "info", message })),
          left_out: [],
        };
        const fits = fitted(report);
        expect(Buffer.byteLength(JSON.stringify(fits))).toBeLessThanOrEqual(maxDiagnosisBytes);
        const whole = [fits.config.length === report.config.length, fits.log.length === report.log.length];
        const named = ["config", "log"].map((name) => !fits.left_out.some((what) => what.startsWith(name)));
        expect(named).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it("keeps the newest log entries", () => {
    const log = Array.from({ length: 5000 }, (_, index) => ({ ts: "", level: "info", message: `entry ${index}` }));
    const fits = fitted({ at: "", node_js: "", system: "", host: {}, status: status(), config: [], log, left_out: [] });
    expect(fits.log.at(-1)?.message).toBe("entry 4999");
    expect(fits.left_out).toEqual([`log: ${5000 - fits.log.length} entries`]);
  });
});
