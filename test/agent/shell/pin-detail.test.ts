import { describe, expect, it } from "vitest";
import { systemClock } from "../../../agent/shell/clock.ts";
import { EdgeLog } from "../../../agent/shell/edge-log.ts";
import { pinDetail } from "../../../agent/shell/pin-detail.ts";
import { pinsView } from "../../../agent/shell/views.ts";
import { configOf, when } from "../core/fixture.ts";
import { running } from "../running.ts";

const config = configOf({
  inputs: { porch: {}, slow: { debounce: { kernel: 30 } } },
  outputs: {
    up: { interlock: "gate", max_on: 7_200_000, min_on: 30_000, pulse: { default: 5000, max: 10_000 } },
    down: { interlock: "gate", on_broker_lost: { after: 60_000, do: "off" } },
  },
  interlocks: { gate: { dead_time: 0, mode: "refuse" } },
  rules: { r: when("porch double", ["up", "on"]) },
});

function world() {
  const all = running(config);
  const log = new EdgeLog(all.dispatch, systemClock);
  const detail = (id: string) => pinDetail(all.dispatch.current.plan, all.dispatch.state, log, id);
  const pin = (id: string) => {
    const sources = { ...all.dispatch.current, driver: "sim", address: () => undefined, header: () => null, now: systemClock.now() + 1000 };
    return pinsView(sources).pins.find((each) => each.id === id);
  };
  return { ...all, detail, pin };
}

describe("a pin in detail", () => {
  it("tells the contract of an output", () => {
    const { detail } = world();
    expect(detail("up")).toEqual({
      kind: "output",
      id: "up",
      pulse_ms: 5000,
      max_on_ms: 7_200_000,
      min_on_ms: 30_000,
      min_off_ms: 0,
      on_broker_lost: null,
      on_peer_offline: null,
      interlock: { group: "gate", partners: ["down"], dead_time_ms: 0, mode: "refuse" },
    });
    expect(detail("down")).toMatchObject({ on_broker_lost: { after_ms: 60_000, do: "off" } });
  });

  it("tells how long each gesture takes, as `pinbus check` does", () => {
    const { detail } = world();
    expect(detail("porch")).toMatchObject({ kind: "input", debounce_ms: 20, by_line: false, edges: { edges: [] } });
    expect(detail("porch")).toMatchObject({
      gestures: expect.arrayContaining([
        { gesture: "click", after: "opens", ms: 300, why: "window, because double is bound", every_ms: null },
      ]),
    });
    expect(detail("slow")).toMatchObject({ debounce_ms: 30, by_line: true });
  });

  it("knows no other id, whatever it is called", () => {
    const { detail } = world();
    for (const id of ["nobody", "__proto__", "toString"]) expect(detail(id)).toBeUndefined();
  });
});

describe("the view of an output", () => {
  it("says why its interlock would refuse an ON, for as long as it would", () => {
    const { set, pin } = world();
    expect(pin("down")).not.toHaveProperty("interlocked");
    set("up", "ON");
    expect(pin("down")).toMatchObject({ state: "OFF", interlocked: "interlock gate: up is on" });
    expect(pin("up")).not.toHaveProperty("interlocked");
  });
});
