import { expect, it, vi } from "vitest";
import { planOf } from "../../agent/core/plan.ts";
import { newState } from "../../agent/core/state.ts";
import { createReadings } from "../../agent/readings.ts";
import { Outbox } from "../../agent/shell/outbox.ts";
import { configOf } from "./core/fixture.ts";
import { silent, tempFolder } from "./shell/fixture.ts";

it("the agent's own figures are named like a broker's, count on, and leave out what is not known", async () => {
  const config = { ...configOf({}), state_dir: tempFolder() };
  const plan = planOf(config);
  const world = { now: 0, state: newState(plan, () => 1), online: false, sent: 0, rtt: null as number | null };
  const clock = { now: () => world.now, wall: () => 0 };
  const link = {
    publish: () => false,
    bytes: { sent: 1000, received: 500 },
    dropped: 2,
    coalesced: 4,
    get view() {
      return {
        online: world.online,
        since: world.online ? "2026-11-21T10:00:00.000Z" : null,
        reconnects: 1,
        sent: world.sent,
        received: 7,
      };
    },
  } as unknown as Parameters<typeof createReadings>[0]["link"];
  const limits = { count: 5, bytes: 1000, window: 5 };
  const outbox = new Outbox({ dir: null, boot: "", limits, link: () => link, clock, log: silent });
  outbox.add({ kind: "event", topic: "t", payload: "{}", qos: 1, retain: false }, 60_000);
  const ring = new Outbox({
    holding: "readings",
    dir: null,
    boot: "",
    limits: { ...limits, count: 1 },
    link: () => link,
    clock,
    log: silent,
  });
  for (const payload of ["old", "new"])
    ring.add({ kind: "history", topic: "p/n/sensor/attic/history", payload, qos: 1, retain: false }, 60_000);
  const current = () => ({ config, plan, state: world.state });
  const lag = vi.fn(() => 3.4);
  const { own, figures, sources } = createReadings({
    version: "1.2.3",
    startedAt: 0,
    clock,
    link,
    trace: world,
    outbox,
    ring,
    bridge: () => ({ outbox: ring, leftOut: { stale: 2 } }),
    values: () => ({ taken: 0, malformed: 0, dropped: 0 }),
    lag,
    current,
    log: silent,
  });
  // Nobody has taken the delay of the timers before there was a round.
  expect(figures()["loop/lag"]).toBe("0");
  const values = () => Object.fromEntries(own().map(({ topic, payload }) => [topic.replace(`${plan.topics.base}/$SYS/`, ""), payload]));
  expect(values()).toMatchObject({
    version: "pinbus 1.2.3",
    "messages/sent": "0",
    "bytes/sent": "1000",
    "load/messages/sent/1min": "0.00",
    "outbox/depth": "1",
    "bridge/depth": "1",
    "bridge/left_out/stale": "2",
    "bridge/dropped/full": "1",
    "outbox/dropped": "2",
    "outbox/dropped/unsent": "2",
    "outbox/dropped/expired": "0",
    "outbox/coalesced": "4",
    "outbox/telemetry/depth": "1",
    "outbox/telemetry/dropped": "1",
    "outbox/telemetry/dropped/full": "1",
    "events/rules": "0",
    "loop/lag": "3",
  });
  expect(values()).not.toHaveProperty("connection/rtt");
  expect(values()).not.toHaveProperty("connection/since");
  expect(values()).not.toHaveProperty("connection/uptime");
  Object.assign(world, { now: 60_000, online: true, sent: 600, rtt: 1.2345 });
  expect(values()).toMatchObject({
    uptime: "60 seconds",
    "connection/since": "2026-11-21T10:00:00.000Z",
    "load/messages/sent/1min": (600 * (1 - Math.exp(-1))).toFixed(2),
    "connection/uptime": "0 seconds",
    "connection/rtt": "1.2",
    "outbox/age": "60 seconds",
    "outbox/telemetry/age": "60 seconds",
  });
  Object.assign(world, { now: 90_000, rtt: 123.4 });
  expect(values()).toMatchObject({ "connection/uptime": "30 seconds", "connection/rtt": "120" });
  const asked = lag.mock.calls.length;
  expect(figures()).toEqual(values());
  expect(figures()["loop/lag"]).toBe("3");
  expect(lag.mock.calls.length, "who only looks takes no delay away from the next round").toBe(asked + 1);
  const [host] = await Promise.all(sources.map((source) => source()));
  expect(host?.map(({ topic }) => topic)).toContain(`${plan.topics.base}/$SYS/host/disk/free`);
});
