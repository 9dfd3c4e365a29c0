import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createOutboxes } from "../../agent/outboxes.ts";
import type { Link, Publication, Settled } from "../../agent/shell/link.ts";
import { configOf } from "./core/fixture.ts";
import { keptLog } from "./shell/fixture.ts";

const event = "p/n/in/bell/event";
const reading = "p/n/sensor/attic/history";
const rtt = 5;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * Both outboxes at a broker that ends the connection over each publication with `poison` in it. The reset swallows the answers to
 * what came with it.
 */
function world() {
  let onTheWay: { publication: Publication; settled: Settled }[] | undefined;
  const got = new Set<string>();
  const link = {
    publish(publication: Publication, settled: Settled = () => {}) {
      onTheWay?.push({ publication, settled });
      return onTheWay !== undefined;
    },
  } as unknown as Link;
  const { outbox: settings, ...others } = configOf({});
  const config = { ...others, outbox: { ...settings, disk: "off", telemetry: "memory" } as const };
  const clock = { now: () => Date.now(), wall: () => Date.now() };
  const log = keptLog();
  const boxes = createOutboxes({ config, link: () => link, clock, log, onProblem() {} });
  const { outbox, ring } = boxes;
  /** One connection, which lasts until the broker ends it, or for a minute; the next begins 10 s later. */
  const connection = () => {
    onTheWay = [];
    boxes.connected();
    for (let time = 0; time < 60_000 && onTheWay !== undefined; time += rtt) {
      vi.advanceTimersByTime(rtt);
      const arrived: typeof onTheWay = onTheWay.splice(0);
      const ends = arrived.some(({ publication }) => publication.payload.toString().includes("poison"));
      for (const { publication, settled } of arrived) {
        if (!ends) got.add(publication.payload.toString());
        settled(ends ? new Error("the connection ended") : undefined);
      }
      if (!ends) continue;
      for (const { settled } of onTheWay) settled(new Error("the connection ended"));
      onTheWay = undefined;
    }
    onTheWay = undefined;
    boxes.disconnected();
    vi.advanceTimersByTime(10_000);
  };
  return {
    outbox,
    ring,
    said: log.entries,
    connection,
    got: () => [...got].sort(),
    happens: (payload: string, ttl = 3_600_000) => outbox.add({ kind: "event", topic: event, payload, qos: 1, retain: false }, ttl),
    reads: (payload: string) => ring?.add({ kind: "history", topic: reading, payload, qos: 1, retain: false }, 3_600_000),
  };
}

it("a broker that ends the connection over an event costs that event, and no reading", () => {
  const { outbox, ring, connection, got, happens, reads } = world();
  for (const payload of ["poison", "press"]) happens(payload);
  for (const payload of ["20", "21"]) reads(payload);
  for (let count = 0; count < 30; count++) connection();
  expect(outbox.dropped).toEqual({ expired: 0, full: 0, refused: 1 });
  expect(ring?.dropped).toEqual({ expired: 0, full: 0, refused: 0 });
  expect(got()).toEqual(["20", "21", "press"]);
});

it("a broker that ends the connection over a reading costs that reading, and no event", () => {
  const { outbox, ring, connection, got, happens, reads } = world();
  for (const payload of ["poison", "21"]) reads(payload);
  const presses = Array.from({ length: 20 }, (_, index) => `press ${index}`);
  for (const payload of presses) {
    happens(payload);
    connection();
  }
  expect(outbox.dropped).toEqual({ expired: 0, full: 0, refused: 0 });
  expect(ring?.dropped).toEqual({ expired: 0, full: 0, refused: 1 });
  expect(got()).toEqual([...presses, "21"].sort());
});

it("readings wait no longer when the event that was on trial has become too old", () => {
  const { outbox, connection, got, happens, reads } = world();
  // Ten seconds between the connections: the seventh is the first of the trial, and first left alone for two.
  happens("poison", 61_000);
  reads("20");
  for (let count = 0; count < 7; count++) connection();
  expect(outbox.dropped).toEqual({ expired: 1, full: 0, refused: 0 });
  expect(got()).toEqual(["20"]);
});

it("what is lost is told at once, and then once a minute with how much it was", () => {
  const { said, happens } = world();
  // Each comes when the one before is too old.
  for (let second = 0; second < 90; second++) {
    happens("press", 500);
    vi.advanceTimersByTime(1000);
  }
  expect(said).toEqual([
    "warn: 1 of the events that waited for the broker is lost (1 too old, 0 too many, 0 refused since the start)",
    "warn: 59 of the events that waited for the broker are lost (60 too old, 0 too many, 0 refused since the start)",
  ]);
});

it("sends nothing more over a link that gives it back at once, until the next connection", () => {
  let offered = 0;
  const link = {
    publish(_publication: Publication, settled: Settled) {
      if (++offered > 10) throw new Error("again and again");
      settled(new Error("the connection is over"));
      return true;
    },
  } as unknown as Link;
  const { outbox: settings, ...others } = configOf({});
  const config = { ...others, outbox: { ...settings, disk: "off", telemetry: "off" } as const };
  const clock = { now: () => Date.now(), wall: () => Date.now() };
  const { outbox, connected, disconnected } = createOutboxes({ config, link: () => link, clock, log: keptLog(), onProblem() {} });
  connected();
  for (let count = 0; count < 3; count++) outbox.add({ kind: "event", topic: event, payload: "{}", qos: 1, retain: false }, 60_000);
  expect([offered, outbox.depth]).toEqual([1, 3]);
  disconnected();
  connected();
  expect([offered, outbox.depth]).toEqual([2, 3]);
});
