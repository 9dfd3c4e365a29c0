import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceView } from "../../agent/protocol.ts";
import { parseShow, readUnits, type UnitState } from "../../systemd/units.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-units-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

/** A systemctl that prints this and ends with this code. */
function systemctl(script: string): { systemctl: string } {
  const file = join(dir, "systemctl");
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return { systemctl: file };
}

const mosquitto = `LoadState=loaded
LoadError=
ActiveState=active
SubState=running
ActiveEnterTimestamp=@1700000000
InactiveEnterTimestamp=@1600000000
CPUUsageNSec=1234
MemoryCurrent=5242880
NRestarts=2`;
const missing = `LoadState=not-found
LoadError=org.freedesktop.systemd1.NoSuchUnit "Unit nope.service not found."
ActiveState=inactive
SubState=dead
ActiveEnterTimestamp=
CPUUsageNSec=[not set]
MemoryCurrent=18446744073709551615
NRestarts=0`;

test("a running unit is told with its state, times and costs, in the shape that the control protocol sends", async () => {
  const [state] = await readUnits(["mosquitto.service"], systemctl(`cat <<'E'\n${mosquitto}\nE`));
  const view: ServiceView | undefined = state satisfies UnitState | undefined;
  expect(view).toEqual({
    unit: "mosquitto.service",
    active: "active",
    sub: "running",
    since: "2023-11-14T22:13:20.000Z",
    cpu_ns: 1234,
    memory: 5242880,
    restarts: 2,
    problem: null,
  });
});

test("what systemd does not count is null, and a stopped unit says since when", async () => {
  const stopped = mosquitto
    .replace("ActiveState=active", "ActiveState=failed")
    .replace("5242880", "[not set]")
    .replace("1234", "18446744073709551615");
  const [state] = await readUnits(["mosquitto.service"], systemctl(`cat <<'E'\n${stopped}\nE`));
  expect(state).toMatchObject({ active: "failed", since: "2020-09-13T12:26:40.000Z", memory: null, cpu_ns: null });
});

test("the answers keep the order of the question, and a missing unit is a problem of its own", async () => {
  const states = await readUnits(["nope.service", "mosquitto.service"], systemctl(`cat <<'E'\n${missing}\n\n${mosquitto}\nE`));
  expect(states.map((state) => [state.unit, state.active, state.problem])).toEqual([
    ["nope.service", "unknown", "no such unit is installed"],
    ["mosquitto.service", "active", null],
  ]);
});

test("a unit file with a mistake and a masked unit say why", async () => {
  const bad = missing.replace("not-found", "bad-setting").replace(/LoadError=.*/, 'LoadError=x "Unit x has a bad unit file setting."');
  const masked = missing.replace("not-found", "masked");
  const states = await readUnits(["x.service", "y.service"], systemctl(`cat <<'E'\n${bad}\n\n${masked}\nE`));
  expect(states.map((state) => state.problem)).toEqual([
    "the unit is not loaded: Unit x has a bad unit file setting.",
    "the unit is masked",
  ]);
});

test("a machine without systemd says so", async () => {
  const refuses = systemctl(`echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2; exit 1`);
  expect((await readUnits(["a.service"], refuses))[0]?.problem).toBe("systemd does not run here");
  expect((await readUnits(["a.service"], { systemctl: join(dir, "none") }))[0]?.problem).toBe("there is no systemctl here");
});

test("an answer that does not come is a problem, not a wait", async () => {
  const hangs = systemctl("exec sleep 60");
  expect((await readUnits(["a.service"], { ...hangs, timeout: 50 }))[0]?.problem).toMatch(/did not answer within/);
  const signal = AbortSignal.abort();
  expect((await readUnits(["a.service"], { ...hangs, signal }))[0]?.problem).toBe("the question was withdrawn");
});

test("an endless answer ends at its bound", async () => {
  const [state] = await readUnits(["a.service"], systemctl("exec yes ActiveState=active"));
  expect(state?.active).toBe("unknown");
});

test("names that are no unit names never reach the command line", async () => {
  const states = await readUnits(
    ["--version", "a b", "$(id).service", "ok.service"],
    systemctl(`echo "LoadState=loaded\nActiveState=active"`),
  );
  expect(states.map((state) => state.problem)).toEqual(["not a unit name", "not a unit name", "not a unit name", null]);
});

test("values may hold equals signs and be empty", () => {
  expect(parseShow("A=b=c\nB=\n\nA=2\n")).toEqual([
    new Map([
      ["A", "b=c"],
      ["B", ""],
    ]),
    new Map([["A", "2"]]),
  ]);
  expect(parseShow("")).toEqual([]);
});
