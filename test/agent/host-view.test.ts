import { expect, it } from "vitest";
import { createHostView } from "../../agent/host-view.ts";
import { configOf } from "./core/fixture.ts";
import { running } from "./running.ts";

const clock = { now: () => 12_000, wall: () => 0 };

it("the host view has figures of the machine and of the agent, and what the agent depends on", async () => {
  const { dispatch } = running(configOf({ inputs: { porch: {} }, sensors: { attic: {} } }));
  const figures = () => ({ "loop/lag": "3", "outbox/depth": "0" });
  const retained = { machine: { model: "Raspberry Pi Zero 2 W", os: "Debian 12", kernel: "6.6" } };
  const read = createHostView({ current: () => dispatch.current, clock, retained, figures, fed: () => 8_000 });
  const view = await read();
  expect(view).toMatchObject({
    machine: { model: "Raspberry Pi Zero 2 W", os: "Debian 12" },
    values: { "outbox/depth": "0", "host/cpu/total": expect.stringMatching(/^\d+$/), "memory/used": expect.stringMatching(/^\d+$/) },
    watchdog_ms: 4_000,
    sensors: { attic: { quality: "unknown" } },
  });
  const checks = Object.fromEntries(view.checks.map(({ name, problem }) => [name, problem]));
  expect(checks).toMatchObject({ "event loop": null, "broker link": "not online yet", files: null });
  dispatch.dispatch({ type: "file-changed", file: "outbox", problem: "the disk is full", at: 0 });
  expect((await read()).checks).toContainEqual({ name: "files", problem: "the disk is full", detail: null });
});

it("timers that come late, and a watchdog that nobody has", async () => {
  const { dispatch } = running(configOf({}));
  const figures = () => ({ "loop/lag": "250" });
  const view = await createHostView({ current: () => dispatch.current, clock, retained: { machine: {} }, figures, fed: () => undefined })();
  expect(view.checks[0]).toEqual({ name: "event loop", problem: "timers come 250 ms late", detail: "250 ms" });
  expect(view).toMatchObject({ watchdog_ms: null, machine: {} });
});
