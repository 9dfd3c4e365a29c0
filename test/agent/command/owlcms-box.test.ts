import { expect, it, onTestFinished, vi } from "vitest";
import { joinOwlcms } from "../../twin/owlcms-on-broker.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { describeOnBrokers, P, startTogether, watchAgent } from "./on-brokers.ts";

const referee = (n: number) => `    ${n}: { good: good-${n}, bad: bad-${n}, led: led-${n}, confirm: ok-${n} }`;
const yaml = `
inputs:
  good-1: { line: 2, bias: pull-up, active: low }
  bad-1: { line: 3, bias: pull-up, active: low }
  good-2: { line: 4, bias: pull-up, active: low }
  bad-2: { line: 5, bias: pull-up, active: low }
  good-3: { line: 6, bias: pull-up, active: low }
  bad-3: { line: 7, bias: pull-up, active: low }
  start: { line: 8, bias: pull-up, active: low }
  vote: { line: 9, bias: pull-up, active: low }
  call: { line: 10, bias: pull-up, active: low }
outputs:
  led-1: { line: 11 }
  led-2: { line: 12 }
  led-3: { line: 13 }
  ok-1: { line: 16 }
  ok-2: { line: 17 }
  ok-3: { line: 18 }
  light: { line: 19 }
  horn: { line: 20 }
  green: { line: 21 }
  white: { line: 22 }
owlcms:
  referees:
${[1, 2, 3].map(referee).join("\n")}
  down: { light: light }
  clock: { horn: horn }
  timekeeper: { start: start }
  jury: { members: { 1: { good: vote, green: green, white: white } }, summon: { 2: call } }
  platform: A
`;

describeOnBrokers("boxes of owlcms", (on) => {
  it("owlcms 12: play a whole attempt, a second platform beside it and a restart of owlcms in its middle (brokers 6.8)", async () => {
    const { agent, bus, url, stop } = await startTogether(on, yaml);
    onTestFinished(stop);
    const witness = await watchAgent(agent);
    onTestFinished(witness.close);
    const owlcms = await joinOwlcms(url, { platforms: ["A", "B"], jurySize: 1 });
    onTestFinished(owlcms.stop);
    const press = (input: string) => agent.client.request("sim-press", { input, for_ms: 60 });
    /** Resolves when this has come since the last time, whatever came besides. */
    let at = 0;
    const moves = () =>
      witness
        .moves()
        .filter((move, index, all) => all.slice(0, index).findLast((other) => other.split(" ")[0] === move.split(" ")[0]) !== move);
    const see = async (...expected: string[]) => {
      await vi.waitFor(() => expect(moves().slice(at)).toEqual(expect.arrayContaining(expected)), patience);
      at = moves().length;
    };
    const say = (topic: string, payload: string) => bus.client.publishAsync(topic, payload, { qos: 1 });
    const answered = () => bus.payloads("owlcms/fop/config").length;

    // Every light flashes, and owlcms is asked.
    await see("led-1 off", "ok-3 off", "light off", "green off", "white off");
    await vi.waitFor(() => expect(answered()).toBeGreaterThanOrEqual(2), patience);

    // Before the clock runs nothing counts: three short flashes.
    await press("good-1");
    await vi.waitFor(() => expect(moves().slice(at)).toEqual(Array(3).fill(["led-1 on", "led-1 off"]).flat()), patience);
    at = moves().length;

    await press("start");
    await vi.waitFor(() => expect(owlcms.said).toContain("fop/resetDecisions/A=reset"), patience);
    await press("good-1");
    await see("ok-1 on");
    await press("bad-2");
    await see("ok-2 on");
    // The reminder, and a whole attempt of the other platform meanwhile, with its summon and its warning.
    await see("led-3 on");
    await say("owlcms/clock/B", "start");
    for (const words of ["1 good", "2 good", "3 good"]) await say("owlcms/refbox/decision/B", words);
    await say("owlcms/jurybox/summon/B", "all");
    await say("owlcms/fop/timeRemaining/B", "30");
    await vi.waitFor(() => expect(owlcms.said).toContain("fop/summon/B=3"), patience);
    // The reversal makes a majority.
    await press("bad-1");
    await see("light on");
    await press("bad-3");
    await see("led-3 off", "ok-3 on");
    await vi.waitFor(() => expect(owlcms.said).toContain("fop/refereesDecision/A=bad"), patience);
    await see("light off");

    await press("vote");
    await see("green on", "green off", "white on");
    await press("call");
    await vi.waitFor(
      () =>
        expect(
          moves()
            .slice(at)
            .filter((move) => move === "led-2 on").length,
        ).toBeGreaterThan(10),
      patience,
    );
    await say("owlcms/fop/timeRemaining/A", "30");
    await vi.waitFor(
      () => expect(moves().filter((move) => move.startsWith("horn"))).toEqual(Array(2).fill(["horn on", "horn off"]).flat()),
      patience,
    );
    expect(moves().filter((move) => move === "light on")).toHaveLength(2);

    // A restart in the middle: nothing is left of that attempt, and the next one works.
    await press("start");
    await see("white off");
    await press("good-1");
    await press("good-2");
    await see("light on", "light off");
    const before = answered();
    await owlcms.restart();
    await vi.waitFor(() => expect(answered()).toBeGreaterThan(before), patience);
    at = moves().length;
    await press("start");
    await vi.waitFor(() => expect(owlcms.said.filter((line) => line === "fop/resetDecisions/A=reset")).toHaveLength(3), patience);
    await press("good-3");
    await see("ok-3 on");

    expect(bus.payloads(`${P}/health`).at(-1)).toContain('"ok"');
    // All that a box says to owlcms is live and for platform A.
    const ofBoxes = () => bus.seen.filter(({ topic }) => /^owlcms\/(refbox|jurybox|clock)\/.*A$/.test(topic));
    await eventually(() => ofBoxes().at(-1)).toMatchObject({ topic: "owlcms/refbox/decision/A", payload: "3 good" });
    const asked = ofBoxes();
    expect(asked.some(({ retain }) => retain)).toBe(false);
    expect(asked.map(({ topic, payload }) => `${topic.replace(/^owlcms\/(.*)\/A$/, "$1")} ${payload}`)).toEqual([
      "refbox/decision 1 good",
      "clock start",
      "refbox/decision 1 good",
      "refbox/decision 2 bad",
      "refbox/decision 1 bad",
      "refbox/decision 3 bad",
      "jurybox/juryMember/decision 1 good",
      "jurybox/summon 2",
      "clock start",
      "refbox/decision 1 good",
      "refbox/decision 2 good",
      "clock start",
      "refbox/decision 3 good",
    ]);
    const ms = (output: string) => witness.times(output).map((time) => Math.round(time - (witness.times("led-1")[0] ?? 0)));
    console.info(
      `${on.name}: light ${ms("light").join(" ")}; led-3 ${ms("led-3").join(" ")}; horn ${ms("horn").join(" ")} ms after the flash`,
    );
  });
});
