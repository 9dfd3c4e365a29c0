import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { planOf } from "../../../agent/core/plan.ts";
import type { Carried } from "../../../agent/shell/dispatch.ts";
import { configOf } from "../../config/loading.ts";
import { plain, world } from "./plug-world.ts";

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

describe("the beginning", () => {
  it.each([
    ["off", "OFF", ["a/POWER OFF"], false],
    ["on", "ON", ["a/PulseTime 220", "a/POWER ON"], true],
    ["last", "OFF", ["a/POWER OFF"], false],
    ["keep", "OFF", ["a/POWER"], false],
    ["keep", "ON", ["a/POWER"], true],
  ])("with on_start %s, of a plug that says %s", (start, answer, said, state) => {
    const { plug, reply, sent, state: now } = world(`outputs: { a: { plug: a, max_on: 2m, on_start: ${start} } }`);
    plug.connected();
    expect(sent).toEqual(said);
    expect(now()).toBeUndefined();
    reply(answer);
    expect(now()).toBe(state);
  });

  it("arms what it finds on and keeps", () => {
    const { plug, said, reply } = world("outputs: { a: { plug: a, max_on: 2m, on_start: keep } }");
    plug.connected();
    reply("ON");
    expect(said()).toEqual(["a/POWER", "a/PulseTime 220"]);
  });

  it("asks again and again, and says that nobody answers", () => {
    const { plug, said, problem, logged } = world(plain);
    plug.connected();
    vi.advanceTimersByTime(3000);
    expect(problem()).toBe("the plug does not answer");
    vi.advanceTimersByTime(5000 + 3000 + 5000);
    expect(said()).toEqual(["a/POWER OFF", "a/POWER OFF", "a/POWER OFF"]);
    expect(logged.filter((line) => line.includes("does not answer"))).toHaveLength(1);
  });

  it("says of a plug that is offline that it is, and believes it when it is back", () => {
    const { plug, lwt, said, reply, state, problem } = world(plain);
    plug.connected();
    lwt("Offline", true);
    vi.advanceTimersByTime(60_000);
    expect(said()).toEqual(["a/POWER OFF", "a/POWER OFF"]);
    expect(problem()).toBe("the plug is offline");
    lwt("Online");
    // It may not have subscribed by then.
    vi.advanceTimersByTime(1000);
    expect(said()).toEqual(["a/POWER OFF", "a/POWER OFF"]);
    reply("OFF");
    expect([state(), problem()]).toEqual([false, null]);
  });
});

it("does not stay offline by a will that is told behind Online", () => {
  const { begin, lwt, reply, said, state, problem } = world(plain);
  begin();
  lwt("Online");
  lwt("Offline");
  expect([state(), problem(), said()]).toEqual([undefined, "the plug is offline", []]);
  vi.advanceTimersByTime(1000);
  expect(said()).toEqual(["a/POWER OFF"]);
  reply("OFF");
  expect([state(), problem()]).toEqual([false, null]);
});

describe("a plug that comes and goes ten times a second", () => {
  type Plugged = ReturnType<typeof world>;
  const flap = ({ lwt }: Plugged, seconds: number) => {
    for (let n = 0; n < seconds * 10; n++) {
      lwt("Offline");
      vi.advanceTimersByTime(50);
      lwt("Online");
      vi.advanceTimersByTime(50);
    }
  };

  it.each([
    ["on", "a/POWER ON", [0, 1, 3, 7, 15, 31]],
    ["keep", "a/POWER", [0, 1, 3, 7, 15, 31]],
    // What is to be off is told so sooner.
    ["off", "a/POWER OFF", [0, 1, 3, 5, 7, 9, 11]],
  ])("is told at once, and then less and less often: on_start %s", (start, word, seconds) => {
    const w = world(`outputs: { a: { plug: a, max_on: 2m, on_start: ${start} } }`);
    w.begin("ON");
    vi.advanceTimersByTime(60_000);
    w.said();
    const last = seconds.at(-1) ?? 0;
    const from = Date.now();
    const told: number[] = [];
    for (let n = 0; n < last * 10 + 5; n++) {
      flap(w, 0.1);
      if (w.said().includes(word)) told.push(Math.floor((Date.now() - from) / 1000));
    }
    expect(told).toEqual(seconds);
  });

  it("also when it says each time that it is on", () => {
    const w = world("outputs: { a: { plug: a, max_on: 2m, on_start: on } }");
    w.begin("ON");
    w.said();
    for (let n = 0; n < 300; n++) {
      w.lwt("Offline");
      w.reply("OFF");
      w.lwt("Online");
      w.reply("ON");
      vi.advanceTimersByTime(100);
    }
    expect(w.said().filter((line) => line === "a/POWER ON").length).toBeLessThan(8);
  });

  it("is told the OFF that it has missed within two seconds, whatever its start says", () => {
    const w = world("outputs: { a: { plug: a, max_on: 2m, on_start: on } }");
    w.begin("ON");
    flap(w, 20);
    w.said();
    w.command("OFF");
    flap(w, 2);
    expect(w.said()).toContain("a/POWER OFF");
  });

  it("is heard again when it stays, and told at once after quiet", () => {
    const w = world("outputs: { a: { plug: a, max_on: 1h, on_start: on } }");
    w.begin("ON");
    flap(w, 60);
    w.said();
    for (let second = 0; second < 30; second++) {
      vi.advanceTimersByTime(1000);
      if (w.said().includes("a/POWER ON")) w.reply("ON");
    }
    expect(w.state()).toBe(true);
    vi.advanceTimersByTime(70_000);
    w.lwt("Offline");
    w.said();
    w.lwt("Online");
    expect(w.said()).toContain("a/POWER ON");
  });
});

describe("switching", () => {
  it("has one command under way, and answers each in its turn", () => {
    const { begin, command, reply, said, answers } = world(plain);
    begin();
    command("ON");
    command("OFF");
    expect(said()).toEqual(["a/PulseTime 220", "a/POWER ON"]);
    reply("ON");
    expect(said()).toEqual(["a/POWER OFF"]);
    // The second word for the ON before.
    reply("ON");
    expect(answers).toEqual(["ON"]);
    reply("OFF");
    expect(answers).toEqual(["ON", "OFF"]);
  });

  it.each([
    ["a pulse", "{ plug: a, max_on: 2m }", 5000, "50"],
    ["a pulse that is longer than max_on", "{ plug: a, max_on: 2m }", 300_000, "220"],
    ["min_on", "{ plug: a, max_on: 2m, min_on: 20s }", 5000, "120"],
    ["a failsafe that is shorter", "{ plug: { topic: a, failsafe: 30s }, max_on: 2m }", null, "130"],
    ["the longest pulse, of an ON without an end", "{ plug: a, pulse: { default: 1s, max: 50s } }", null, "150"],
    ["no end at all", "{ plug: { topic: a, failsafe: none } }", null, "0"],
    ["more than a plug can count", "{ plug: a, max_on: 1d }", null, "64900"],
  ])("arms PulseTime for %s", (_, output, forMs, value) => {
    const { begin, command, said } = world(`outputs: { a: ${output} }`);
    begin();
    command("ON", forMs);
    expect(said()).toEqual([`a/PulseTime ${value}`, "a/POWER ON"]);
  });

  it("arms it again in time while the output stays on, and for what is left at the end", () => {
    const { begin, command, reply, said, state } = world("outputs: { a: { plug: { topic: a, failsafe: 30s }, max_on: 50s } }");
    begin();
    command("ON");
    reply("ON");
    said();
    vi.advanceTimersByTime(49_000);
    expect(said()).toEqual(["a/PulseTime 130", "a/PulseTime 120"]);
    vi.advanceTimersByTime(1000);
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    vi.advanceTimersByTime(100_000);
    expect(said()).toEqual([]);
    expect(state()).toBe(false);
  });

  it("fails what is not confirmed; an ON that may have been heard is taken back", () => {
    const { begin, command, said, answers, reply, state, problem } = world(plain);
    begin();
    command("ON");
    said();
    vi.advanceTimersByTime(3000);
    expect(answers).toEqual(["the plug did not confirm it within 3 s"]);
    expect(state()).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    expect(problem()).toBeNull();
  });

  it("takes an ON back that is confirmed too late, and does not let its pulse go on for ever", () => {
    const { begin, command, reply, said, state } = world("outputs: { a: { plug: a, pulse: 5s } }");
    begin();
    command("PULSE");
    vi.advanceTimersByTime(3200);
    said();
    reply("ON");
    expect(said()[0]).toBe("a/POWER OFF");
    reply("OFF");
    vi.advanceTimersByTime(120_000);
    expect([said(), state()]).toEqual([[], false]);
  });

  it("tries OFF until it is confirmed, and knows nothing of a plug that does not answer twice", () => {
    const { begin, command, reply, said, state } = world(plain);
    begin();
    command("ON");
    reply("ON");
    said();
    command("OFF");
    vi.advanceTimersByTime(3000 + 1000 + 3000);
    expect(said()).toEqual(["a/POWER OFF", "a/POWER OFF"]);
    expect(state()).toBeUndefined();
    vi.advanceTimersByTime(5000);
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    expect(state()).toBe(false);
  });

  it("refuses more than it can keep", () => {
    const { begin, command, answers } = world(plain);
    begin();
    for (let n = 0; n < 12; n++) command(n % 2 === 0 ? "ON" : "OFF");
    expect(answers).toEqual(Array(3).fill("too much waits for the plug"));
  });

  it("has room for the OFF of a stop behind any number of ONs", () => {
    const { plug, begin, command, said, send } = world(plain);
    begin();
    for (let n = 0; n < 12; n++) command("ON");
    said();
    send({ type: "stop-requested", at: Date.now() });
    plug.close();
    expect(said()).toEqual(["a/POWER OFF"]);
  });

  it.each([
    [
      "is sent behind an OFF",
      (w: ReturnType<typeof world>) => {
        w.command("ON");
        w.reply("ON");
        w.command("OFF");
        w.command("ON");
        w.reply("OFF");
      },
    ],
    [
      "was not confirmed",
      (w: ReturnType<typeof world>) => {
        w.command("ON");
        vi.advanceTimersByTime(3000);
      },
    ],
    [
      "waited for the plug to be heard",
      (w: ReturnType<typeof world>) => {
        w.plug.disconnected();
        w.command("ON");
        w.plug.connected();
        w.reply("OFF");
      },
    ],
  ])("keeps its partner off while an ON %s", (_, on) => {
    const w = world(
      "interlocks: { g: { dead_time: 300ms } }\noutputs: { a: { plug: a, max_on: 2m, interlock: g }, b: { plug: b, max_on: 2m, interlock: g } }",
    );
    for (const plug of w.plugs.values()) plug.connected();
    w.reply("OFF");
    w.reply("OFF", "b");
    vi.advanceTimersByTime(1000);
    on(w);
    w.said();
    w.command("ON", null, "b");
    vi.advanceTimersByTime(500);
    expect(w.said()).not.toContain("b/POWER ON");
    // Its turn comes when the plug has said that it is off.
    w.reply("ON");
    w.reply("OFF");
    vi.advanceTimersByTime(500);
    expect(w.said()).toContain("b/POWER ON");
  });

  it("waits for the plug of a partner", () => {
    const { plugs, hear, command, reply, said } = world(
      "interlocks: { g: { dead_time: 1s } }\noutputs: { a: { plug: a, max_on: 2m, interlock: g }, b: { plug: b, max_on: 2m, interlock: g } }",
    );
    for (const plug of plugs.values()) plug.connected();
    reply("OFF");
    reply("OFF", "b");
    vi.advanceTimersByTime(1000);
    command("ON");
    command("ON", null, "b");
    said();
    reply("ON");
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    vi.advanceTimersByTime(999);
    expect(said()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(said()).toEqual(["b/PulseTime 220", "b/POWER ON"]);
    reply("ON", "b");
    said();
    hear("stat/a/RESULT", '{"POWER":"ON"}');
    expect(said()).toContain("a/POWER OFF");
  });
});

describe("while it is not heard", () => {
  it("drops an ON that is older than a command may be, and serves a younger one behind the OFF of its start", () => {
    const { plug, begin, command, reply, said, answers, state } = world(`${plain}\nmqtt: { command_ttl: 4s }`);
    begin();
    plug.disconnected();
    command("ON");
    vi.advanceTimersByTime(4000);
    expect(answers).toEqual(["the broker is away, and the plug is not heard without it"]);
    command("ON");
    vi.advanceTimersByTime(3000);
    plug.connected();
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    expect(said()).toEqual(["a/PulseTime 220", "a/POWER ON"]);
    reply("ON");
    expect(state()).toBe(true);
  });

  it.each([
    ["an OFF", (w: { command(word: "OFF"): void }) => w.command("OFF")],
    ["the end of a pulse", () => vi.advanceTimersByTime(10_000)],
  ])("does not forget %s, whatever its start says", (_, missed) => {
    const w = world("outputs: { a: { plug: a, max_on: 2m, on_start: keep } }");
    w.begin();
    w.command("ON", 5000);
    w.reply("ON");
    w.said();
    w.plug.disconnected();
    expect(w.state()).toBeUndefined();
    missed(w);
    w.plug.connected();
    expect(w.said()).toEqual(["a/POWER OFF"]);
  });

  it.each([
    [5000, "a/POWER"],
    [20_000, "a/POWER OFF"],
  ])("goes where on_broker_lost says when the broker was away for so long: %i ms", (gap, said) => {
    const yaml = "outputs: { a: { plug: a, max_on: 2m, on_start: keep, on_broker_lost: { after: 10s, do: off } } }";
    const { plug, begin, command, reply, said: all, send } = world(yaml);
    const link = (online: boolean) => send({ type: "link-changed", online, problem: null, at: Date.now() });
    begin();
    link(true);
    command("ON");
    reply("ON");
    all();
    plug.disconnected();
    link(false);
    vi.advanceTimersByTime(gap);
    plug.connected();
    expect(all()).toEqual([said]);
  });

  it("ends on return at the time at which max_on would have ended it", () => {
    const { plug, begin, command, reply, said, state } = world("outputs: { a: { plug: a, max_on: 2m, on_start: keep } }");
    begin();
    command("ON");
    reply("ON");
    said();
    vi.advanceTimersByTime(60_000);
    plug.disconnected();
    plug.connected();
    reply("ON");
    expect(said()).toEqual(["a/POWER", "a/PulseTime 160"]);
    plug.disconnected();
    vi.advanceTimersByTime(120_000);
    plug.connected();
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    expect(state()).toBe(false);
  });
});

it("ends by max_on however often it is lost and found on", () => {
  const { plug, begin, command, reply, said, state } = world(
    "outputs: { a: { plug: { topic: a, failsafe: 30s }, max_on: 2m, on_start: keep } }",
  );
  begin();
  command("ON");
  reply("ON");
  for (let n = 0; n < 2; n++) {
    vi.advanceTimersByTime(50_000);
    plug.disconnected();
    plug.connected();
    reply("ON");
  }
  vi.advanceTimersByTime(19_999);
  expect([state(), said().includes("a/POWER OFF")]).toEqual([true, false]);
  vi.advanceTimersByTime(1);
  expect(said()).toEqual(["a/POWER OFF"]);
});

it.each([
  ["start_spacing", "start_spacing: 1s\noutputs: { a: { plug: a, max_on: 2m, on_start: on } }"],
  [
    "an interlock",
    "interlocks: { g: { dead_time: 1s } }\noutputs: { a: { plug: a, max_on: 2m, on_start: on, interlock: g }, b: { line: 5, interlock: g } }",
  ],
])("stays off after an OFF that it had missed, also with %s", (_, yaml) => {
  const { plug, begin, command, reply, said, state } = world(yaml);
  begin();
  plug.disconnected();
  command("OFF");
  plug.connected();
  reply("OFF");
  vi.advanceTimersByTime(5000);
  expect([said(), state()]).toEqual([["a/POWER OFF"], false]);
});

it("goes off by an OFF that came while it was told the ON of its start", () => {
  const { plug, command, reply, said, state } = world("outputs: { a: { plug: a, max_on: 2m, on_start: on } }");
  plug.connected();
  said();
  command("OFF");
  expect(said()).toEqual(["a/POWER OFF"]);
  reply("ON");
  expect(state()).toBeUndefined();
  reply("OFF");
  expect([said(), state()]).toEqual([[], false]);
});

it("is told OFF at the end although it has not answered the ON of its start yet", () => {
  const { plug, send, said } = world("outputs: { a: { plug: a, max_on: 2m, on_start: on } }");
  plug.connected();
  said();
  send({ type: "stop-requested", at: Date.now() });
  plug.close();
  expect(said()).toEqual(["a/POWER OFF"]);
});

it("is not on at the next start by on_start: last when it was switched off while it was not heard", () => {
  const { plug, begin, command, reply, dispatch } = world("outputs: { a: { plug: a, max_on: 2m, on_start: last } }");
  begin();
  command("ON");
  reply("ON");
  plug.disconnected();
  command("OFF");
  expect(dispatch.state.outputs[0]?.kept).toBe(false);
});

it("does not go on by an ON that waited when it was locked", () => {
  const { plug, begin, command, reply, said, send } = world(plain);
  begin();
  plug.disconnected();
  command("ON");
  send({ type: "lock-requested", output: 0, locked: true, from: "cli", at: Date.now() });
  plug.connected();
  reply("OFF");
  expect(said()).toEqual(["a/POWER OFF"]);
});

it("does not keep a stop waiting, and says what ends it then", async () => {
  const { plug, send, begin, command, reply, logged } = world(plain);
  begin();
  command("ON");
  reply("ON");
  plug.disconnected();
  send({ type: "stop-requested", at: Date.now() });
  await plug.settled();
  expect(logged.at(-1)).toContain("only its failsafe ends it now");
});

it("is sent the OFF that waits when nobody waits for it any more", () => {
  const { plug, begin, command, said } = world(plain);
  begin();
  command("ON");
  command("OFF");
  said();
  plug.close();
  expect(said()).toEqual(["a/POWER OFF"]);
});

describe("what it says by itself", () => {
  it("is its state, with max_on and a PulseTime of its own", () => {
    const { begin, reply, said, state } = world(plain);
    begin();
    reply("ON");
    expect(state()).toBe(true);
    expect(said()).toEqual(["a/PulseTime 220"]);
    vi.advanceTimersByTime(120_000);
    expect(said()).toEqual(["a/POWER OFF"]);
  });

  it("is the end of its pulse when it comes with it", () => {
    const { begin, command, reply, dispatch } = world(plain);
    begin();
    command("ON", 5000);
    reply("ON");
    vi.advanceTimersByTime(4900);
    reply("OFF");
    expect(dispatch.state.outputs[0]?.cause.text).toBe("pulse ended");
  });

  it.each([
    ["was off and comes on with its power", "OFF", "ON", ["a/POWER", "a/POWER OFF"], undefined],
    ["was on and comes off", "ON", "OFF", ["a/POWER"], false],
    ["is as it was", "ON", "ON", ["a/POWER"], true],
    ["was off and is", "OFF", "OFF", ["a/POWER"], false],
  ])("is asked for after a restart: %s", (_, before, after, said, state) => {
    const w = world("outputs: { a: { plug: a, max_on: 2m } }");
    w.begin();
    if (before === "ON") {
      w.command("ON");
      w.reply("ON");
    }
    w.said();
    w.lwt("Online");
    vi.advanceTimersByTime(1000);
    w.reply(after);
    expect(w.said()).toEqual(said);
    expect(w.state()).toBe(state);
  });

  it("is believed after a restart before it was asked", () => {
    const { begin, lwt, reply, said, state } = world(plain);
    begin();
    lwt("Online");
    reply("ON");
    expect([said(), state()]).toEqual([["a/POWER OFF"], undefined]);
  });

  it.each([
    ["retained", "stat/a/RESULT", '{"POWER":"ON"}', { retain: true }, 0],
    ["no JSON", "stat/a/RESULT", "{", {}, 1],
    ["another type", "stat/a/RESULT", '{"POWER":[1]}', {}, 1],
    ["a list", "stat/a/RESULT", "[]", {}, 1],
    ["no word", "stat/a/POWER", "on", {}, 1],
    ["too long", "stat/a/RESULT", `{"POWER":"ON","x":"${"x".repeat(2048)}"}`, {}, 1],
    ["cut", "stat/a/RESULT", '{"POWER":"ON"}', { cut: true }, 1],
    ["of something else", "stat/a/RESULT", '{"POWER2":"ON","Dimmer":1}', {}, 0],
    ["a will that is none", "tele/a/LWT", "x".repeat(5000), {}, 0],
  ])("is left alone when it is %s", (_, topic, payload, more, counted) => {
    const { begin, hear, state, said, strange } = world(plain);
    begin();
    hear(topic, payload, more);
    expect([state(), said(), strange.length]).toEqual([false, [], counted]);
  });

  it("is bounded in its rate", () => {
    const { begin, hear, strange, said } = world(plain);
    begin();
    for (let n = 0; n < 1000; n++) hear("stat/a/POWER", "OFF");
    expect(strange.length).toBeGreaterThan(850);
    vi.advanceTimersByTime(1000);
    // Its last word may have been left out.
    expect(said()).toEqual(["a/POWER"]);
  });
});

it("has another end after a reload that shortens max_on", () => {
  const { plug, dispatch, said, reply, command, begin } = world(plain);
  begin();
  command("ON");
  reply("ON");
  said();
  const config = configOf("outputs: { a: { plug: a, max_on: 30s } }");
  dispatch.replace({ ...dispatch.current, config, plan: planOf(config) }, [], {} as Carried);
  plug.reloaded();
  expect(said()).toEqual(["a/PulseTime 130"]);
  command("OFF");
  reply("OFF");
  said();
  plug.reloaded();
  expect(said()).toEqual([]);
});
