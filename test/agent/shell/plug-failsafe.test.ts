import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { plain, world } from "./plug-world.ts";

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

const silent = { arms: false };
const unconfirmed =
  "its failsafe is not armed: the plug did not confirm its PulseTime within 5 s; see whether the broker lets cmnd/a/PulseTime and stat/a/RESULT through";
const refusal = "its failsafe is not armed: the broker refuses cmnd/a/PulseTime (code 0x87); allow the agent to publish there";

describe("an ON", () => {
  it.each([
    ["the plug has taken its PulseTime", '{"PulseTime1":{"Set":220,"Remaining":0}}', {}, true],
    ["it says so as older ones do", '{"PulseTime1":"220 (Active 0)"}', {}, true],
    ["it says so as the oldest ones do", '{"PulseTime1":220}', {}, true],
    ["it has taken another one", '{"PulseTime1":{"Set":120,"Remaining":0}}', {}, false],
    ["it has none", '{"PulseTime1":{"Set":0,"Remaining":0}}', {}, false],
    ["it says something else there", '{"PulseTime1":["220"]}', {}, false],
    ["it does not know the command", '{"Command":"Unknown"}', {}, false],
    ["another relay has taken it", '{"PulseTime2":{"Set":220,"Remaining":0}}', {}, false],
    ["it said so at some time", '{"PulseTime1":{"Set":220,"Remaining":0}}', { retain: true }, false],
  ])("goes out or not when %s", (_, reply, more, goes) => {
    const { begin, command, hear, said } = world(plain, silent);
    begin();
    command("ON");
    expect(said()).toEqual(["a/PulseTime 220"]);
    hear("stat/a/RESULT", reply, more);
    expect(said()).toEqual(goes ? ["a/POWER ON"] : []);
  });

  it("fails when the plug does not confirm its failsafe, which is told until it does", () => {
    const { begin, command, armed, reply, said, answers, state, health } = world(plain, silent);
    begin();
    command("ON");
    vi.advanceTimersByTime(5000);
    expect(answers).toEqual([unconfirmed]);
    expect([state(), health()]).toEqual([false, [`output a: ${unconfirmed}`]]);
    // The first one may have been lost; and then it is asked whether it is there at all.
    expect(said()).toEqual([...Array(3).fill("a/PulseTime 220"), "a/POWER"]);
    reply("OFF");
    command("OFF");
    expect(said()).toEqual(["a/POWER OFF"]);
    reply("OFF");
    expect(health()).toEqual([`output a: ${unconfirmed}`]);
    command("ON");
    armed(220);
    reply("ON");
    expect([state(), health()]).toEqual([true, []]);
  });

  it("is told to one that is off until it takes it: then nothing is wrong any more, and nothing has gone on", () => {
    const { begin, command, armed, reply, said, state, health } = world(plain, silent);
    begin();
    command("ON");
    vi.advanceTimersByTime(5000);
    reply("OFF");
    said();
    vi.advanceTimersByTime(60_000);
    expect([said()[0], health()]).toEqual(["a/PulseTime 220", [`output a: ${unconfirmed}`]]);
    vi.advanceTimersByTime(55_000);
    said();
    vi.advanceTimersByTime(5000);
    armed(220);
    expect([said(), state(), health()]).toEqual([["a/PulseTime 220"], false, []]);
    vi.advanceTimersByTime(300_000);
    expect(said()).toEqual([]);
  });

  it("fails at once when the broker refuses its failsafe, and OFF goes out", () => {
    const { begin, command, reply, refused, said, answers, health } = world(plain);
    begin();
    refused.add("a/PulseTime");
    command("ON");
    expect(answers).toEqual([refusal]);
    expect(health()).toEqual([`output a: ${refusal}`]);
    reply("OFF");
    command("OFF");
    reply("OFF");
    expect(answers).toEqual([refusal, "OFF"]);
    vi.advanceTimersByTime(60_000);
    expect(said().filter((line) => line === "a/POWER ON")).toEqual([]);
  });

  it("is not waited for by the OFF behind it", () => {
    const { begin, command, armed, reply, said, answers, state } = world(plain, silent);
    begin();
    command("ON");
    command("ON");
    command("OFF");
    expect(said()).toEqual(["a/PulseTime 220", "a/POWER OFF"]);
    expect(answers).toEqual(Array(2).fill("it is to be off again before it went on"));
    // Too late.
    armed(220);
    reply("OFF");
    expect([said(), state(), answers.at(-1)]).toEqual([[], false, "OFF"]);
  });

  it("is not sent behind the end of the connection", () => {
    const { plug, begin, command, armed, said } = world(plain, silent);
    begin();
    command("ON");
    plug.disconnected();
    armed(220);
    vi.advanceTimersByTime(60_000);
    expect(said()).not.toContain("a/POWER ON");
  });

  it("waits for nothing where it may stay on", () => {
    const { begin, command, said } = world("outputs: { a: { plug: { topic: a, failsafe: none }, max_on: 2m } }", silent);
    begin();
    command("ON");
    expect(said()).toEqual(["a/PulseTime 220", "a/POWER ON"]);
  });

  it("leaves a plug on that it would have kept on for longer, with the failsafe that it has", () => {
    const { begin, command, armed, reply, said, state, health } = world(
      "outputs: { a: { plug: { topic: a, failsafe: 30s }, max_on: 1h } }",
      silent,
    );
    begin();
    command("ON");
    armed(130);
    reply("ON");
    command("ON");
    vi.advanceTimersByTime(5000);
    expect([state(), health()]).toEqual([true, [`output a: ${unconfirmed}`]]);
    said();
    armed(130);
    expect([said(), health()]).toEqual([[], []]);
  });

  it("goes on while the button of the plug is used", () => {
    const { begin, command, armed, reply, said, state } = world(plain, silent);
    begin();
    command("ON");
    reply("ON");
    reply("OFF");
    said();
    armed(220);
    expect(said()).toEqual(["a/POWER ON"]);
    reply("ON");
    expect(state()).toBe(true);
  });
});

it("a plug that restarts while its failsafe is armed, and comes on by that, is switched off", () => {
  const { begin, command, lwt, reply, said, state } = world(plain, silent);
  begin();
  command("ON");
  lwt("Online");
  reply("ON");
  expect([said().at(-1), state()]).toEqual(["a/POWER OFF", undefined]);
});

describe("the ON of its start", () => {
  const starts = "outputs: { a: { plug: a, max_on: 2m, on_start: on } }";

  it("goes out when its failsafe is confirmed", () => {
    const { plug, armed, reply, said, state } = world(starts, silent);
    plug.connected();
    expect(said()).toEqual(["a/PulseTime 220"]);
    reply("OFF");
    armed(220);
    expect(said()).toEqual(["a/POWER ON"]);
    reply("ON");
    expect(state()).toBe(true);
  });

  it.each([
    ["is refused", true, refusal],
    ["is not confirmed", false, unconfirmed],
  ])("is tried again until it is armed when it %s, and the plug is known meanwhile", (_, refuses, problem) => {
    const w = world(starts, silent);
    if (refuses) w.refused.add("a/PulseTime");
    w.plug.connected();
    // It answers what it is asked.
    const live = (seconds: number) =>
      Array.from({ length: seconds }, () => {
        vi.advanceTimersByTime(1000);
        const said = w.said();
        if (said.includes("a/POWER")) w.reply("OFF");
        return said;
      }).flat();
    expect(live(60)).not.toContain("a/POWER ON");
    expect([w.state(), w.health()]).toEqual([false, [`output a: ${problem}`]]);
    expect(w.logged.filter((line) => line.includes("failsafe"))).toEqual([`output a: ${problem}`]);
    w.refused.clear();
    expect(live(4)).toContain("a/PulseTime 220");
    w.armed(220);
    expect(w.said()).toEqual(["a/POWER ON"]);
    w.reply("ON");
    expect([w.state(), w.health()]).toEqual([true, []]);
  });

  it("is over with an OFF that comes while it waits for its failsafe", () => {
    const { plug, refused, command, reply, said, state } = world(starts, silent);
    refused.add("a/PulseTime");
    plug.connected();
    reply("OFF");
    refused.clear();
    vi.advanceTimersByTime(1000);
    said();
    command("OFF");
    // Its answer is late.
    vi.advanceTimersByTime(2500);
    reply("OFF");
    vi.advanceTimersByTime(20_000);
    expect([said(), state()]).toEqual([["a/POWER OFF"], false]);
  });

  it("leaves a plug on that is on, and tells that nothing would end it", () => {
    const { plug, refused, reply, said, state, health, logged } = world(starts);
    refused.add("a/PulseTime");
    plug.connected();
    reply("ON");
    expect([state(), health()]).toEqual([true, [`output a: ${refusal}`]]);
    expect(logged).toContain(`output a: ${refusal}`);
    expect(said()).not.toContain("a/POWER OFF");
  });
});

it("a plug that neither takes its PulseTime nor answers is not heard", () => {
  const { begin, command, problem, state } = world(plain, silent);
  begin();
  command("ON");
  vi.advanceTimersByTime(8000);
  expect([state(), problem()]).toEqual([undefined, "the plug does not answer"]);
});

it.each([
  ["that it took its PulseTime", '{"PulseTime1":{"Set":220,"Remaining":220}}', []],
  ["nothing of it", '{"Command":"Unknown"}', [`output a: ${unconfirmed}`]],
])("a plug that somebody has switched on stays on, and is told of until it says %s", (_, reply, told) => {
  const { begin, hear, reply: answer, health, state } = world(plain, silent);
  begin();
  answer("ON");
  hear("stat/a/RESULT", reply);
  vi.advanceTimersByTime(20_000);
  expect([health(), state()]).toEqual([told, true]);
});

it("a plug that is off again needs no PulseTime", () => {
  const { begin, reply, health } = world(plain, silent);
  begin();
  reply("ON");
  reply("OFF");
  vi.advanceTimersByTime(20_000);
  expect(health()).toEqual([]);
});
