import { describe, expect, it } from "vitest";
import { healthOf } from "../../../agent/core/health.ts";
import { heard } from "../../../agent/core/peer-plan.ts";
import { peersView } from "../../../agent/shell/views.ts";
import { configOf, rule } from "./fixture.ts";
import { World } from "./world.ts";
import { reloadWorld } from "./world-reload.ts";

const second = 1000;
const plug = { topic: "tele/plug/LWT", online: "Online", offline: "Offline" };

function config(what: "off" | "on" | "keep" = "off", more = {}, after = 30 * second) {
  return configOf({
    outputs: { pump: { on_peer_offline: { peer: "plug", topic: null, payload: null, after, do: what }, ...more }, lamp: {} },
    peers: { plug },
  });
}

function world(what: "off" | "on" | "keep" = "off", more = {}): World {
  const made = new World(config(what, more));
  made.link(true);
  return made;
}

const say = (made: World, online: boolean, peer = 0) => made.dispatch({ type: "peer-changed", peer, online, at: made.now });

describe("on_peer_offline", () => {
  it("switches so long after the device went offline, with its own cause, and other outputs stay", () => {
    const made = world();
    made.mqtt("pump", "ON");
    made.mqtt("lamp", "ON");
    say(made, true);
    say(made, false);
    made.advance(20 * second);
    // The broker repeats what is retained after a connect.
    say(made, false);
    made.advance(10 * second - 1);
    expect(made.isOn("pump")).toBe(true);
    made.advance(1);
    expect([made.isOn("pump"), made.isOn("lamp")]).toEqual([false, true]);
    expect(made.attr("pump").text).toBe("OFF because peer plug was offline for 30 s");
  });

  it("does nothing while the device was never heard, and when the broker is lost", () => {
    const made = world();
    made.mqtt("pump", "ON");
    made.advance(1000 * second);
    say(made, true);
    made.link(false);
    made.advance(1000 * second);
    expect(made.isOn("pump")).toBe(true);
  });

  it("does nothing when the device comes back in time, and moves nothing back when it comes later", () => {
    const made = world();
    made.mqtt("pump", "ON");
    say(made, false);
    made.advance(29 * second);
    say(made, true);
    made.advance(100 * second);
    expect(made.isOn("pump")).toBe(true);
    say(made, false);
    made.advance(30 * second);
    say(made, true);
    made.advance(100 * second);
    expect(made.isOn("pump")).toBe(false);
    expect(made.timers.size).toBe(0);
  });

  it("acts once for each loss, and what says keep never", () => {
    const made = world();
    say(made, false);
    made.advance(40 * second);
    made.mqtt("pump", "ON");
    made.advance(100 * second);
    expect(made.isOn("pump")).toBe(true);
    const keep = world("keep");
    keep.mqtt("pump", "ON");
    say(keep, false);
    keep.advance(100 * second);
    expect(keep.isOn("pump")).toBe(true);
  });

  it("on: not before min_off, not when it is locked", () => {
    const made = world("on", { min_off: 50 * second });
    made.advance(20 * second);
    say(made, false);
    made.advance(30 * second - 1);
    expect(made.isOn("pump")).toBe(false);
    made.advance(1);
    expect(made.isOn("pump")).toBe(true);
    const locked = world("on");
    locked.lock("pump", true);
    say(locked, false);
    locked.advance(100 * second);
    expect(locked.isOn("pump")).toBe(false);
  });

  it("holds for a chip that comes back before and after its time", () => {
    const made = world("off", { on_start: "on" });
    say(made, false);
    made.loseOutput("pump");
    made.advance(20 * second);
    made.returnOutput("pump");
    expect(made.isOn("pump")).toBe(true);
    made.advance(10 * second);
    expect(made.isOn("pump")).toBe(false);
    made.loseOutput("pump");
    made.returnOutput("pump");
    expect(made.isOn("pump")).toBe(false);
  });

  it("a reload keeps what was heard and what waits; a new time counts from the loss, and what has acted does not act again", () => {
    const made = world();
    made.mqtt("pump", "ON");
    say(made, false);
    made.advance(10 * second);
    made.reload(config());
    made.advance(5 * second);
    made.reload(config("off", {}, 20 * second));
    made.advance(5 * second);
    expect(made.isOn("pump")).toBe(false);
    made.mqtt("pump", "ON");
    made.reload(config("off", { max_on: 3600 * second }, 20 * second));
    made.advance(100 * second);
    expect(made.isOn("pump")).toBe(true);
  });

  it("counts a message on a topic that only the output names, and the end of the agent ends it", () => {
    const inline = { peer: null, topic: "shed/lwt", payload: "gone", after: 5 * second, do: "on" as const };
    const made = new World(configOf({ outputs: { pump: { on_peer_offline: inline } } }));
    expect(made.plan.peers).toEqual([{ id: "shed/lwt", topic: "shed/lwt", online: null, offline: "gone", stale: null }]);
    say(made, false);
    made.advance(5 * second);
    expect(made.isOn("pump")).toBe(true);
    say(made, true);
    made.control("pump", "OFF");
    say(made, false);
    made.dispatch({ type: "stop-requested", at: made.now });
    made.advance(100 * second);
    expect(made.isOn("pump")).toBe(false);
  });
});

describe("what a device says", () => {
  it("is there, gone, or nothing", () => {
    const peer = { id: "plug", ...plug, stale: null };
    expect(["Online", " Offline\n", "online", "", "Offline2"].map((payload) => heard(peer, payload))).toEqual([
      true,
      false,
      undefined,
      undefined,
      undefined,
    ]);
    expect(["gone", "anything", ""].map((payload) => heard({ ...peer, online: null, offline: "gone" }, payload))).toEqual([
      false,
      true,
      undefined,
    ]);
  });
});

describe("stale", () => {
  const silent = { ...plug, stale_after: 60 * second, heard: "tele/plug/STATE" };
  const is = (word: "online" | "offline" | "stale") => rule([{ peer: "plug", is: word }], [{ output: "lamp", set: "toggle" }]);
  function watched(): World {
    const made = new World(
      configOf({
        outputs: { pump: { on_peer_offline: { peer: "plug", topic: null, payload: null, after: 30 * second, do: "off" } }, lamp: {} },
        peers: { plug: silent },
        rules: { back: is("online"), gone: is("offline"), silent: is("stale") },
      }),
    );
    made.link(true);
    return made;
  }
  const hear = (made: World) => made.dispatch({ type: "peer-heard", peer: 0, at: made.now });
  const shown = (made: World) => peersView(made.plan, made.state)[0]?.state;
  const fired = (made: World) => made.state.rules.map((each) => each.fired);

  it("is a device that said that it is there and then nothing for its time; a sign of life ends it", () => {
    const made = watched();
    say(made, true);
    made.advance(59 * second);
    hear(made);
    made.advance(60 * second - 1);
    expect(shown(made)).toBe("online");
    made.advance(1);
    expect(shown(made)).toBe("stale");
    expect(healthOf(made.plan, made.state).problems).toEqual(["peer plug is stale: nothing came on tele/plug/STATE for 1 min"]);
    expect(fired(made)).toEqual([0, 1, 1]);
    // The broker repeats what is retained after every connect: nobody has said it now.
    say(made, true);
    expect(shown(made)).toBe("stale");
    hear(made);
    expect([shown(made), healthOf(made.plan, made.state).health]).toEqual(["online", "ok"]);
    expect(fired(made)).toEqual([1, 1, 1]);
  });

  it("counts as offline for an output, which says that it was stale", () => {
    const made = watched();
    made.mqtt("pump", "ON");
    say(made, true);
    made.advance(90 * second);
    expect(made.attr("pump").text).toBe("OFF because peer plug was stale for 30 s");
  });

  it("becomes offline by its will, and then a sign of life alone does not bring it back", () => {
    const made = watched();
    say(made, true);
    made.advance(60 * second);
    say(made, false);
    expect([shown(made), healthOf(made.plan, made.state).problems]).toEqual(["offline", ["peer plug is offline"]]);
    hear(made);
    expect(shown(made)).toBe("offline");
    say(made, true);
    expect(shown(made)).toBe("online");
    expect(fired(made)).toEqual([1, 1, 1]);
  });

  it("does not begin while the broker is away, since nothing can be heard then", () => {
    const made = watched();
    say(made, true);
    made.link(false);
    made.advance(1000 * second);
    expect(shown(made)).toBe("online");
    made.link(true);
    made.advance(60 * second - 1);
    expect(shown(made)).toBe("online");
    made.advance(1);
    expect(shown(made)).toBe("stale");
  });

  it("is never a device of which nothing was heard, and one that publishes is there", () => {
    const made = watched();
    made.advance(1000 * second);
    expect(shown(made)).toBe("unknown");
    hear(made);
    expect(shown(made)).toBe("online");
    made.advance(60 * second);
    expect(shown(made)).toBe("stale");
  });

  it("has its new time after a reload, and keeps what the device said", () => {
    const made = watched();
    const config = (stale_after: number | null) =>
      configOf({
        outputs: { pump: { on_peer_offline: { peer: "plug", topic: null, payload: null, after: 30 * second, do: "off" } }, lamp: {} },
        peers: { plug: { ...silent, stale_after, heard: stale_after === null ? null : silent.heard } },
      });
    say(made, true);
    made.advance(30 * second);
    reloadWorld(made, config(10 * second), {});
    expect(shown(made)).toBe("online");
    made.advance(10 * second);
    expect(shown(made)).toBe("stale");
    reloadWorld(made, config(20 * second), {});
    expect(shown(made)).toBe("stale");
    // Never stale from now on: what it says is asked again.
    made.mqtt("pump", "ON");
    reloadWorld(made, config(null), {});
    expect(shown(made)).toBe("unknown");
    made.advance(1000 * second);
    expect(made.isOn("pump")).toBe(true);
  });

  it("does not make a reload forget that the device is gone, and what waits for that", () => {
    const made = watched();
    made.mqtt("pump", "ON");
    say(made, false);
    made.advance(20 * second);
    reloadWorld(
      made,
      configOf({
        outputs: { pump: { on_peer_offline: { peer: "plug", topic: null, payload: null, after: 30 * second, do: "off" } }, lamp: {} },
        peers: { plug: { ...silent, stale_after: 5 * second } },
      }),
      {},
    );
    expect(shown(made)).toBe("offline");
    made.advance(10 * second);
    expect(made.isOn("pump")).toBe(false);
  });
});
