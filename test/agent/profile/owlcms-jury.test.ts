import { describe, expect, it } from "vitest";
import { jury, Stage } from "./stage.ts";

// The numbers in the names are those of the contract: its sections.

describe("the desk of the jury", () => {
  it("owlcms 8: each button says its word", () => {
    const stage = new Stage(jury(3));
    const before = stage.asked.length;
    stage.press("j1g", "j3b", "vg", "vb", "s1", "s2", "s3", "sall", "sc", "del", "cha", "tec", "res");
    expect(stage.asked.slice(before).map((line) => line.replace("jurybox/", ""))).toEqual([
      "juryMember/decision/A=1 good",
      "juryMember/decision/A=3 bad",
      "decision/A=good",
      "decision/A=bad",
      ...["1", "2", "3", "all", "controller"].map((who) => `summon/A=${who}`),
      ...["deliberation", "challenge", "technical", "stop"].map((word) => `break/A=${word}`),
    ]);
  });

  it("owlcms 8 and 4: a vote is green, and white or red 200 ms after the last one", () => {
    const stage = new Stage(jury(3));
    stage.press("j1g", "j2b");
    expect(stage.isOn("g1", "w1", "r1", "g2", "w2", "r2", "g3")).toEqual([true, false, false, true, false, false, false]);
    stage.advance(1000);
    stage.press("j3g");
    stage.advance(199);
    expect(stage.isOn("g3", "w3")).toEqual([true, false]);
    stage.advance(1);
    expect(stage.isOn("g1", "w1", "r1", "g2", "w2", "r2", "g3", "w3", "r3")).toEqual([
      false,
      true,
      false,
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(stage.edges("w1")).toEqual([1200]);
  });

  it("owlcms 8: the light of each referee follows the echo, also of a reversal", () => {
    const stage = new Stage(jury(3));
    stage.begin();
    for (const words of ["1 good", "2 bad", "1 bad"]) stage.tell("owlcms/refbox/decision/A", words);
    expect(stage.isOn("rw1", "rr1", "rw2", "rr2", "rw3", "rr3")).toEqual([false, true, false, true, false, false]);
  });

  it.each([
    ["resetDecisions", "reset", [false, false]],
    ["juryDeliberation", "", [false, true]],
    ["challenge", "", [false, true]],
  ])("owlcms 8: %s clears what it is to clear", (topic, payload, left) => {
    const stage = new Stage(jury(3));
    stage.begin();
    stage.press("j1g");
    stage.tell("owlcms/refbox/decision/A", "1 good");
    stage.say(`owlcms/fop/${topic}/A`, payload);
    expect(stage.isOn("g1", "rw1")).toEqual(left);
  });

  it("owlcms 8: what an operator has disabled stays so, however often owlcms tells how large the jury is", () => {
    const stage = new Stage(jury(5), { jurySize: 3 });
    const tell = (size: number) => stage.world.message("owlcms/fop/config", `{"platforms":["A"],"jurySize":${size}}`);
    const enabled = (id: string) => stage.world.state.rules[stage.world.plan.ruleIndex.get(id) ?? -1]?.enabled;
    stage.world.rule("owlcms-j2-good", "OFF");
    tell(3);
    expect(enabled("owlcms-j2-good")).toBe(false);
    tell(5);
    expect([2, 4, 5].map((number) => enabled(`owlcms-j${number}-good`))).toEqual([false, true, true]);
    stage.world.reload(stage.world.config);
    expect(enabled("owlcms-j2-good")).toBe(false);
  });

  it("owlcms 8: has as many members as owlcms says: the others rest, and count again with a larger jury", () => {
    const stage = new Stage(jury(5), { jurySize: 3 });
    const enabled = () => stage.world.plan.rules.flatMap(({ id }, at) => (stage.world.state.rules[at]?.enabled ? [] : [id]));
    expect(enabled().every((id) => /^owlcms-j[45]-/.test(id))).toBe(true);
    expect(enabled()).toHaveLength(10);
    const before = stage.asked.length;
    stage.press("j4g", "j3g");
    expect(stage.asked.slice(before)).toEqual(["jurybox/juryMember/decision/A=3 good"]);
    stage.owlcms.jurySize = 5;
    expect(enabled()).toEqual([]);
  });

  it("shows white on an RGB light as all three colours, and one of them alone afterwards", () => {
    const stage = new Stage("{ platform: A, jury: { members: { 1: { green: g1, white: [r1, g1, w1], red: r1 } } } }");
    const seen = ["hidden", "good", "bad"].map((word) => {
      stage.world.message("owlcms/fop/juryMemberDecision/A", `1 ${word}`);
      return stage.isOn("r1", "g1", "w1");
    });
    expect(seen).toEqual([
      [false, true, false],
      [true, true, true],
      [true, false, false],
    ]);
  });
});
