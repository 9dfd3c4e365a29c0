import { describe, expect, it, onTestFinished } from "vitest";
import { joinOwlcms } from "../../twin/owlcms-on-broker.ts";
import { eventually } from "../shell/fixture.ts";
import { House } from "./house.ts";

// The boxes of the examples, as they are written but for the board and the broker, with the twin of owlcms. Its delays are real here: seconds.

/** The box of an example on platform A, after the flash of the start. */
async function box(example: string) {
  const house = await House.start(example, ["owlcms/#"]);
  await eventually(() => house.last("status")).toBe("online");
  const owlcms = await joinOwlcms(`mqtt://127.0.0.1:${house.agent.port}`, { platforms: ["A"], jurySize: 3 });
  onTestFinished(owlcms.stop);
  // It asks when the flash is over.
  await eventually(() => owlcms.said.some((words) => words.startsWith("fop/config="))).toBe(true);
  return {
    owlcms,
    press: (input: string) => house.press(input),
    say: (topic: string, payload: string) => house.twin.publishAsync(`owlcms/${topic}`, payload, { qos: 1 }),
    /** How often an output went on. */
    on: (output: string) => house.said(`out/${output}/state`, "ON"),
    state: (output: string) => house.last(`out/${output}/state`),
  };
}

describe("the examples of a competition", () => {
  it("owlcms 8 and 4: owlcms-referee: flashes, is reminded of a decision that is missing, and shows that it was taken", async () => {
    const { owlcms, press, say, on, state } = await box("owlcms-referee");
    expect([on("warning"), on("confirmed")]).toEqual([1, 1]);
    await say("clock/A", "start");
    await eventually(() => owlcms.said).toContain("fop/resetDecisions/A=reset");
    await say("refbox/decision/A", "2 good");
    await say("refbox/decision/A", "3 bad");
    await eventually(() => [state("warning"), on("buzzer")]).toEqual(["ON", 3]);
    await press("good");
    await eventually(() => [state("warning"), on("confirmed")]).toEqual(["OFF", 2]);
    await eventually(() => owlcms.said).toContain("fop/refereesDecision/A=good");
  });

  it("owlcms 8: owlcms-hub: three referees on one box, and the signal to put the bar down", async () => {
    const { owlcms, press, say, on, state } = await box("owlcms-hub");
    await say("clock/A", "start");
    await eventually(() => owlcms.said).toContain("fop/resetDecisions/A=reset");
    await press("good-1");
    await eventually(() => on("confirmed-1")).toBe(2);
    await press("bad-2");
    await eventually(() => on("confirmed-2")).toBe(2);
    await eventually(() => state("warning-3")).toBe("ON");
    const before = on("down-light");
    await press("bad-3");
    await eventually(() => [on("down-light") - before, on("down-horn") > 0, state("warning-3")]).toEqual([1, true, "OFF"]);
    await eventually(() => owlcms.said).toContain("fop/refereesDecision/A=bad");
  });

  it("owlcms 8: owlcms-timekeeper: four buttons for the clock, and its warnings", async () => {
    const { owlcms, press, say, on, state } = await box("owlcms-timekeeper");
    await press("two-minutes");
    await press("start");
    await eventually(() => owlcms.said).toContain("fop/resetDecisions/A=reset");
    await press("stop");
    await say("fop/timeRemaining/A", "30");
    await eventually(() => [on("horn"), state("horn")]).toEqual([2, "OFF"]);
  });

  it("owlcms 8: owlcms-jury: votes are hidden until all have voted; it deliberates, and summons a referee", async () => {
    const { owlcms, press, on, state } = await box("owlcms-jury");
    for (const vote of ["good-1", "bad-2", "good-3"]) await press(vote);
    await eventually(() => [state("white-1"), state("red-2"), state("white-3")]).toEqual(["ON", "ON", "ON"]);
    expect(on("green-1")).toBe(2);
    await press("deliberation");
    await eventually(() => owlcms.said).toContain("fop/juryDeliberation/A=");
    await press("summon-1");
    await eventually(() => owlcms.said).toContain("fop/summon/A=1");
  });
});
