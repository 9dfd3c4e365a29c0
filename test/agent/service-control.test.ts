import { expect, it } from "vitest";
import { createServiceControl } from "../../agent/service-control.ts";
import type { Current } from "../../agent/shell/current.ts";
import type { ServiceEntry } from "../../config/services.ts";
import type { runUnitJob, UnitJobEnd } from "../../systemd/unit-job.ts";
import { agent } from "./shell/control-client.ts";
import { keptLog } from "./shell/fixture.ts";

const allowed = (unit: string, manager: "system" | "user" = "system"): ServiceEntry => ({
  unit,
  manager,
  log_file: null,
  control: ["start", "stop", "restart"],
});

function world(end: UnitJobEnd | Promise<UnitJobEnd> = { ok: true }, patience = 5000) {
  const log = keptLog();
  const closing = new AbortController();
  const jobs: Parameters<typeof runUnitJob>[] = [];
  const services = [allowed("mosquitto.service"), allowed("pinbus.service"), allowed("sync.service", "user"), "ssh.service"];
  const control = createServiceControl({
    current: () => ({ config: { services } }) as unknown as Current,
    log,
    own: "pinbus.service",
    closing: closing.signal,
    job: async (...job) => {
      jobs.push(job);
      return end;
    },
    patience,
  });
  return { log, jobs, control, closing };
}

it("a unit that may be restarted is restarted, and the log says who asked for it and how it ended", async () => {
  const { control, jobs, log } = world();
  expect(await control({ unit: "mosquitto.service", verb: "restart", by: "pi@garage" })).toEqual({
    unit: "mosquitto.service",
    verb: "restart",
    done: true,
  });
  expect(jobs).toEqual([["mosquitto.service", "restart", { user: false, wait: true }]]);
  expect(log.entries).toEqual([
    "info: mosquitto.service: restart, asked for by pi@garage on the control socket",
    "info: mosquitto.service: restarted",
  ]);
  await control({ unit: "sync.service", verb: "stop", by: "evil\nname" });
  expect(jobs[1]).toEqual(["sync.service", "stop", { user: true, wait: true }]);
  expect(log.entries.join("\n")).toContain("asked for by somebody");
});

it("nothing is done that the configuration does not allow, and the refusal is written down", async () => {
  const { control, jobs, log } = world();
  await expect(control({ unit: "ssh.service", verb: "stop" })).rejects.toMatchObject({
    reason: "not-allowed",
    message: expect.stringContaining("add control: [stop] to it under services:"),
  });
  await expect(control({ unit: "dbus.service", verb: "stop" })).rejects.toMatchObject({ reason: "unknown-id" });
  await expect(control({ unit: "mosquitto.service", verb: "isolate" as never })).rejects.toMatchObject({ reason: "malformed" });
  expect(jobs).toEqual([]);
  expect(log.entries.join()).toContain("ssh.service: stop, asked for by somebody on the control socket: refused");
});

it("the agent is restarted without waiting for itself, and never stopped", async () => {
  const { control, jobs } = world();
  await expect(control({ unit: "pinbus.service", verb: "stop" })).rejects.toMatchObject({ reason: "not-allowed" });
  expect(await control({ unit: "pinbus.service", verb: "restart" })).toMatchObject({ done: false });
  expect(jobs).toEqual([["pinbus.service", "restart", { user: false, wait: false }]]);
});

it("systemd may end the agent before it has said that it will: who asked for the restart is answered all the same", async () => {
  const { control, closing } = world(new Promise(() => undefined), 60_000);
  const answer = control({ unit: "pinbus.service", verb: "restart" });
  closing.abort();
  expect(await answer).toEqual({ unit: "pinbus.service", verb: "restart", done: false });
});

it("without a rule of polkit it says which one is needed, and a failure is systemd's own sentence", async () => {
  const refused = world({ ok: false, denied: true, message: "Interactive authentication required." });
  await expect(refused.control({ unit: "mosquitto.service", verb: "stop" })).rejects.toMatchObject({
    reason: "not-allowed",
    message: expect.stringMatching(/no polkit rule lets the agent stop mosquitto.service.*docs\/terminal.md.*Interactive authentication/),
  });
  expect(refused.log.entries.join()).toContain("warn: mosquitto.service: stop failed: Interactive authentication required.");
  const failed = world({ ok: false, denied: false, message: "Job for mosquitto.service failed." });
  await expect(failed.control({ unit: "mosquitto.service", verb: "start" })).rejects.toMatchObject({
    reason: "failed",
    message: "mosquitto.service was not started: Job for mosquitto.service failed.",
  });
});

it("a slow job is told to go on, holds nobody up, and is the only one of its unit", async () => {
  let finish: (end: UnitJobEnd) => void = () => undefined;
  const slow = new Promise<UnitJobEnd>((resolve) => {
    finish = resolve;
  });
  const { control, log } = world(slow, 10);
  expect(await control({ unit: "mosquitto.service", verb: "stop" })).toMatchObject({ done: false });
  await expect(control({ unit: "mosquitto.service", verb: "start" })).rejects.toMatchObject({ reason: "busy" });
  finish({ ok: true });
  await expect.poll(() => log.entries).toContain("info: mosquitto.service: stopped");
  expect(await control({ unit: "mosquitto.service", verb: "start" })).toMatchObject({ done: true });
});

it("a client that may only look cannot ask for it, but may read the logs", async () => {
  const { look } = await agent();
  const client = look()
    .hello()
    .send({ id: 1, method: "control-service", params: { unit: "mosquitto.service", verb: "stop" } })
    .send({ id: 2, method: "service-log", params: { unit: "mosquitto.service", from: "journal" } });
  expect(await client.answer(1)).toMatchObject({ ok: false, error: { reason: "forbidden" } });
  expect(await client.answer(2)).toMatchObject({ ok: true });
});
