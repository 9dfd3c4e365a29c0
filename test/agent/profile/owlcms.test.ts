import { describe, expect, it } from "vitest";
import { healthOf } from "../../../agent/core/health.ts";
import { boxOf, hub, jury, referee, Stage } from "./stage.ts";

// The numbers in the names are those of the contract: its sections, and of section 1 the rows.

const one = (more = "", section = "") => `{ platform: A, referees: { ${referee(1, more)} }${section} }`;

describe("the link to owlcms", () => {
  it("owlcms 1.1: asks after every connect, and again after a loss", () => {
    const stage = new Stage(hub, { connected: false });
    stage.world.link(true);
    stage.advance(1000);
    expect(stage.asked).toEqual(["config= "]);
    stage.world.link(false);
    stage.advance(1000);
    stage.world.link(true);
    stage.advance(1000);
    expect(stage.asked).toEqual(["config= ", "config= "]);
  });

  it("owlcms 1.1: a lamp that lasts is off once the broker is lost: nobody knows what is so", () => {
    const stage = new Stage(jury(3));
    stage.begin();
    stage.press("j1g");
    stage.tell("owlcms/refbox/decision/A", "1 bad");
    expect(stage.isOn("g1", "rr1")).toEqual([true, true]);
    stage.world.link(false);
    expect(stage.isOn("g1", "rr1")).toEqual([false, false]);
  });

  it("owlcms 1.2: asks on `off` of the flash, and not on `on`, which nobody would hear", () => {
    const stage = new Stage(hub);
    stage.world.published.length = 0;
    const before = stage.asked.length;
    stage.say("owlcms/fop/startup/A", "on");
    stage.advance(500);
    expect(stage.asked.slice(before)).toEqual([]);
    stage.say("owlcms/fop/startup/A", "off");
    stage.advance(500);
    expect(stage.asked.slice(before)).toEqual(["config= "]);
  });

  it("owlcms 1.2: asks once when all platforms say `off`, also when its own is not among them", () => {
    const stage = new Stage(hub, { platforms: ["B", "C", "D"], connected: false });
    stage.world.link(true);
    stage.advance(1000);
    const before = stage.asked.length;
    stage.owlcms.start();
    stage.advance(2000);
    expect(stage.asked.slice(before)).toEqual(["config= "]);
  });

  it("owlcms 1.10: asks with one space, and owlcms 1.11 and 2: retains nothing of what it says there, at QoS 1", () => {
    const stage = new Stage(hub);
    stage.begin();
    stage.press("good1", "bad2");
    const towards = stage.world.published.filter(({ topic }) => topic.startsWith("owlcms/"));
    expect(towards.map(({ payload }) => payload)).toContain(" ");
    expect(towards.map(({ retain, qos }) => ({ retain, qos }))).toEqual(towards.map(() => ({ retain: false, qos: 1 })));
  });

  it("says nothing while the broker is away, and nothing of it later: a late decision belongs to another attempt", () => {
    const stage = new Stage(hub);
    stage.begin();
    stage.world.link(false);
    const before = stage.asked.length;
    stage.press("good1");
    stage.world.link(true);
    stage.advance(2000);
    expect(stage.asked.slice(before)).toEqual(["config= "]);
    // The referee sees it.
    expect(stage.edges("led1")).toEqual([1000, 1100, 1200, 1300, 1400, 1500]);
  });

  it.each(["", " ", "{", "null", "7", "[]", '{"platforms":"A"}', '{"platforms":[1,"+","a/b","\\u001b[2J"],"jurySize":"x"}'])(
    "an answer that is none harms nothing: %j",
    (payload) => {
      const stage = new Stage(hub);
      stage.world.message("owlcms/fop/config", payload);
      expect(stage.world.state.owlcms.platform).toBe("A");
      stage.begin();
      stage.press("good1");
      expect(stage.asked.at(-1)).toBe("refbox/decision/A=1 good");
    },
  );
});

describe("the platform of a box", () => {
  const problems = (stage: Stage) => healthOf(stage.world.plan, stage.world.state).problems;
  const nowhere = hub.replace("platform: A, ", "");

  it("owlcms 8: is the configured one; when owlcms has it not, the list is in the log and in health", () => {
    const stage = new Stage(hub, { platforms: ["B", "C"] });
    const sentence = "owlcms has no platform A: it has B, C; correct owlcms.platform, or name it there";
    expect(stage.world.logs.filter(({ fields }) => fields.event === "owlcms-platform")).toMatchObject([
      { level: "warn", message: sentence },
    ]);
    expect(problems(stage)).toEqual([sentence]);
    stage.world.message("owlcms/fop/config", '{"platforms":["A","B"],"jurySize":3}');
    expect(problems(stage)).toEqual([]);
  });

  it("owlcms 8: is the only one of fop/config when none is configured", () => {
    const stage = new Stage(nowhere, { platforms: ["Rouge 1"] });
    stage.begin("Rouge 1");
    stage.press("good1");
    expect(stage.asked.at(-1)).toBe("refbox/decision/Rouge 1=1 good");
    expect(stage.edges("ok1")).toEqual([0]);
    // Of another platform nothing counts, also when it is there only now.
    stage.world.message("owlcms/fop/decision/B", "2 good");
    expect(stage.edges("ok2")).toEqual([]);
  });

  it("owlcms 8: is not guessed among several: the box says nothing, and says why", () => {
    const stage = new Stage(nowhere, { platforms: ["A", "B"] });
    stage.begin();
    stage.press("good1");
    expect(stage.asked.filter((line) => !line.startsWith("config"))).toEqual([]);
    expect(problems(stage)).toEqual(["owlcms has the platforms A, B: name the one of this box in owlcms.platform"]);
    expect(stage.world.logs.map(({ message }) => message)).toContainEqual(
      "rule owlcms-r1-good: nothing was said to owlcms: owlcms has the platforms A, B: name the one of this box in owlcms.platform",
    );
  });

  it("is told anew after a reload that names it, or no longer does", () => {
    const stage = new Stage(nowhere, { platforms: ["A", "B"] });
    stage.world.reload(boxOf(hub));
    expect(problems(stage)).toEqual([]);
    stage.begin();
    stage.press("good1");
    expect(stage.asked.at(-1)).toBe("refbox/decision/A=1 good");
    stage.world.reload(boxOf("{}"));
    expect([problems(stage), stage.world.plan.rules]).toEqual([[], []]);
  });

  it("owlcms 12: another platform disturbs nothing", () => {
    const stage = new Stage(hub, { platforms: ["A", "B"] });
    stage.begin();
    stage.begin("B");
    for (const words of ["1 good", "2 good", "3 bad"]) stage.tell("owlcms/refbox/decision/B", words);
    stage.tell("owlcms/jurybox/summon/B", "all");
    stage.advance(10_000);
    expect(stage.world.wires.filter(({ at }) => at > 11_000)).toEqual([]);
  });
});

describe("the box of a referee", () => {
  it("owlcms 8: good and bad say so at the press, with the number of the referee, and a reversal is not locked out", () => {
    const stage = new Stage(one());
    stage.begin();
    const before = stage.asked.length;
    stage.press("good1", "bad1", "good1");
    expect(stage.asked.slice(before)).toEqual(["refbox/decision/A=1 good", "refbox/decision/A=1 bad", "refbox/decision/A=1 good"]);
  });

  it("owlcms 1.3: the light that confirms follows the echo, not the press; without an echo three short flashes after 1 s", () => {
    const stage = new Stage(one());
    stage.press("good1");
    stage.advance(2000);
    expect([stage.edges("ok1"), stage.edges("led1")]).toEqual([[], [1000, 1100, 1200, 1300, 1400, 1500]]);
    stage.begin();
    stage.press("good1");
    stage.advance(5000);
    expect([stage.edges("ok1"), stage.edges("led1", 2000)]).toEqual([[2000, 4000], []]);
  });

  it("owlcms 1.3: how long an echo may take, and whether it is missed, is a setting", () => {
    const [late, never] = [new Stage(one(", no_echo: 2s")), new Stage(one(", no_echo: 0ms"))];
    for (const stage of [late, never]) {
      stage.press("bad1");
      stage.advance(5000);
    }
    expect([late.edges("led1")[0], never.edges("led1")]).toEqual([2000, []]);
  });

  it("owlcms 1.4: an echo that is repeated because somebody else has decided confirms nothing anew; another decision does", () => {
    const stage = new Stage(hub);
    stage.begin();
    stage.press("good1");
    stage.advance(2500);
    stage.press("bad2");
    stage.advance(100);
    stage.press("bad1");
    stage.advance(3000);
    expect(stage.edges("ok1")).toEqual([0, 2000, 2600, 4600]);
    // The same words count anew in the next attempt.
    stage.press("bad3");
    stage.advance(5000);
    stage.begin();
    stage.press("bad1");
    expect(stage.edges("ok1", 5000)).toEqual([stage.now]);
  });

  it("owlcms 4: the reminder comes 1.5 s after the second decision; owlcms 8: three beeps of 100 ms, and a light for 20 s", () => {
    const stage = new Stage(hub);
    stage.begin();
    stage.press("good1", "bad2");
    stage.advance(30_000);
    expect([stage.edges("led3"), stage.edges("buz3")]).toEqual([
      [1500, 21_500],
      [1500, 1600, 1650, 1750, 1800, 1900],
    ]);
    expect([...stage.edges("led1"), ...stage.edges("buz1"), ...stage.edges("led2")]).toEqual([]);
  });

  it.each([
    ["the echo of the own decision", (stage: Stage) => stage.press("bad3")],
    ["resetDecisions", (stage: Stage) => stage.say("owlcms/fop/resetDecisions/A", "anything")],
  ])("owlcms 8: light and buzzer of the reminder end with %s", (_, end) => {
    const stage = new Stage(hub);
    stage.begin();
    stage.press("good1", "bad2");
    stage.advance(1550);
    end(stage);
    stage.advance(1000);
    expect([stage.edges("led3"), stage.edges("buz3")]).toEqual([
      [1500, 1550],
      [1500, 1550],
    ]);
  });

  it("owlcms 8: a press alone, which owlcms does not echo, does not end the reminder", () => {
    const stage = new Stage(one());
    stage.world.message("owlcms/fop/decisionRequest/A", "1");
    stage.press("good1");
    stage.advance(500);
    expect(stage.isOn("led1")).toEqual([true]);
  });

  it("owlcms 8: summoned, the light flashes for 5 s and the buzzer sounds", () => {
    const stage = new Stage(one());
    stage.tell("owlcms/jurybox/summon/A", "1");
    stage.tell("owlcms/jurybox/summon/A", "2");
    stage.advance(10_000);
    expect(stage.edges("led1")).toHaveLength(50);
    expect([stage.edges("led1")[0], stage.edges("led1").at(-1), stage.edges("buz1")]).toEqual([0, 4900, [0, 500, 750, 1250]]);
  });

  it("owlcms 1.12: only its own topics are heard, letter for letter", () => {
    const stage = new Stage(one());
    for (const topic of [
      "owlcms/fop/decisionRequest/AB",
      "owlcms/fop/decisionRequestX/A",
      "owlcms/fop/decisionRequest/A/1",
      "owlcms/fop/summon",
    ])
      stage.world.message(topic, "1");
    stage.advance(10_000);
    expect(stage.edges("led1")).toEqual([]);
  });

  it("owlcms 1.11: the decision of another box for the same referee is confirmed here too", () => {
    const stage = new Stage(one());
    stage.begin();
    stage.tell("owlcms/refbox/decision/A", "1 bad");
    expect(stage.edges("ok1")).toEqual([0]);
  });

  it("owlcms 8: a hub is the same three times", () => {
    const stage = new Stage(hub);
    stage.begin();
    const before = stage.asked.length;
    stage.press("good1", "bad2", "good3");
    expect(stage.asked.slice(before)).toEqual(["refbox/decision/A=1 good", "refbox/decision/A=2 bad", "refbox/decision/A=3 good"]);
    stage.advance(2500);
    expect([1, 2, 3].map((n) => stage.edges(`ok${n}`))).toEqual([
      [0, 2000],
      [0, 2000],
      [0, 2000],
    ]);
  });

  it("owlcms 8: who decides alone is referee 0, whom owlcms echoes as all three", () => {
    const stage = new Stage("{ platform: A, referees: { 0: { good: good1, bad: bad1, led: led1, confirm: ok1 } } }");
    stage.begin();
    stage.press("good1");
    stage.advance(3000);
    expect(stage.asked.at(-1)).toBe("refbox/decision/A=0 good");
    expect([stage.edges("ok1"), stage.edges("led1")]).toEqual([[0, 2000], []]);
  });

  it("owlcms 8: one box as three says one press as 1, 2 and 3", () => {
    const stage = new Stage("{ platform: A, referees: { 1: { good: good1, bad: bad1, led: led1, confirm: ok1, as: [1, 2, 3] } } }");
    stage.begin();
    stage.press("bad1");
    expect(stage.asked.slice(-3)).toEqual(["refbox/decision/A=1 bad", "refbox/decision/A=2 bad", "refbox/decision/A=3 bad"]);
    stage.advance(3000);
    expect([stage.edges("ok1"), stage.edges("led1")]).toEqual([[0, 2000], []]);
  });
});

describe("the down signal", () => {
  const down = (more = "") => `{ platform: A, down: { light: light, horn: horn${more} } }`;

  it("owlcms 8 and 1.9: light and horn are on for 2 s at an empty message", () => {
    const stage = new Stage(down());
    stage.world.message("owlcms/fop/down/A", "");
    stage.advance(5000);
    expect([stage.edges("light"), stage.edges("horn")]).toEqual([
      [0, 2000],
      [0, 2000],
    ]);
  });

  it("owlcms 4: comes as soon as two decisions are equal, also after a reversal", () => {
    const stage = new Stage(down());
    stage.begin();
    for (const words of ["1 good", "2 bad"]) stage.tell("owlcms/refbox/decision/A", words);
    stage.advance(700);
    stage.tell("owlcms/refbox/decision/A", "1 bad");
    stage.advance(5000);
    expect(stage.edges("light")).toEqual([700, 2700]);
  });

  it("owlcms 8: the majority of this box sounds at once, tells owlcms, and keeps its signal out for 5 s", () => {
    const stage = new Stage(down(", majority: true"));
    stage.begin();
    stage.say("owlcms/fop/decision/A", "1 good");
    stage.say("owlcms/fop/decision/A", "2 good");
    expect([stage.isOn("horn"), stage.asked.at(-1)]).toEqual([[true], "refbox/downEmitted/A= "]);
    stage.advance(4900);
    stage.say("owlcms/fop/down/A", "");
    stage.advance(200);
    expect(stage.edges("horn")).toEqual([0, 2000]);
    stage.say("owlcms/fop/down/A", "");
    expect(stage.isOn("horn")).toEqual([true]);
  });

  it("owlcms 8: repeated echoes are no second majority; the next attempt has its own", () => {
    const stage = new Stage(down(", majority: true"));
    for (const attempt of [0, 1]) {
      stage.begin();
      for (const words of ["1 bad", "2 bad", "3 bad"]) stage.tell("owlcms/refbox/decision/A", words);
      stage.advance(10_000);
      expect(stage.asked.filter((line) => line.startsWith("refbox/downEmitted"))).toHaveLength(attempt + 1);
    }
    expect(stage.edges("horn")).toEqual([0, 2000, 10_000, 12_000]);
  });
});

describe("the timekeeper", () => {
  it("owlcms 8: four buttons say start, stop, 60 and 120, and a fifth one toggle", () => {
    const stage = new Stage("{ platform: A, timekeeper: { start: start, stop: stop, one_minute: one, two_minutes: two, toggle: tec } }");
    stage.press("start", "stop", "one", "two", "tec");
    expect(stage.asked.slice(-5)).toEqual(["clock/A=start", "clock/A=stop", "clock/A=60", "clock/A=120", "clock/A=toggle"]);
  });

  it.each([
    ["90", [0, 200, 400, 600, 800, 1000]],
    ["30", [0, 200, 400, 600]],
    ["0", [0, 1000]],
    ["60", []],
  ])("owlcms 8: %s s before the end the horn sounds at %j", (payload, edges) => {
    const stage = new Stage("{ platform: A, clock: { horn: horn } }");
    stage.world.message("owlcms/fop/timeRemaining/A", payload);
    stage.advance(5000);
    expect(stage.edges("horn")).toEqual(edges);
  });
});

describe("the start of owlcms", () => {
  it("owlcms 3 and 4: every light is on for 1 s, and off then, whatever it showed", () => {
    const stage = new Stage(
      jury(3).replace("{ platform: A,", `{ platform: A, referees: { ${referee(1)} }, down: { light: light, horn: horn },`),
    );
    stage.begin();
    stage.press("j1g");
    stage.tell("owlcms/refbox/decision/A", "1 good");
    stage.advance(3000);
    const since = stage.now;
    stage.owlcms.start();
    stage.advance(5000);
    for (const lamp of ["led1", "ok1", "light", "r2", "w3"]) expect(stage.edges(lamp, since)).toEqual([since, since + 1000]);
    expect(stage.isOn("g1", "rw1")).toEqual([false, false]);
    expect([stage.edges("buz1", since), stage.edges("horn", since)]).toEqual([[], []]);
  });

  it("flashes only the named lights where the section names some", () => {
    const stage = new Stage(one("", ", startup: [light]"));
    stage.owlcms.start();
    stage.advance(2000);
    expect([stage.edges("light"), stage.edges("led1")]).toEqual([[0, 1000], []]);
  });

  it("owlcms 12: in the middle of an attempt, nothing is left of it", () => {
    const stage = new Stage(hub);
    stage.begin();
    stage.press("good1", "good2");
    stage.advance(1000);
    stage.owlcms.start();
    stage.advance(5000);
    expect(stage.edges("led3")).toEqual([1000, 2000]);
    stage.begin();
    stage.press("good1");
    // The echo of the attempt before is no echo of this one.
    expect(stage.edges("ok1", 5000)).toEqual([6000]);
  });
});

describe("old topics", () => {
  const legacy = `${hub.slice(0, -1)}, legacy: true }`;

  it("owlcms 7: with `legacy` the old form is said and heard", () => {
    const stage = new Stage(legacy);
    stage.begin();
    stage.press("good1", "bad2");
    expect(stage.asked.slice(-2)).toEqual(["decision/A=1 good", "decision/A=2 bad"]);
    stage.advance(1500);
    stage.tell("owlcms/jurybox/summon/A", "1");
    stage.advance(30_000);
    // The old form says itself when it is over.
    expect([stage.edges("led3"), stage.edges("led1").length, stage.edges("ok1")]).toEqual([[1500, 21_500], 50, [0, 2000]]);
  });

  it("owlcms 7: the light of the reminder goes off with the `off` of the old form", () => {
    const stage = new Stage(legacy);
    stage.world.message("owlcms/decisionRequest/A/3", "on");
    stage.advance(100);
    stage.world.message("owlcms/decisionRequest/A/3", "off");
    expect(stage.edges("led3")).toEqual([0, 100]);
  });

  it.each([hub, legacy])("owlcms 7: never both forms of one message: %s", (section) => {
    const stage = new Stage(section);
    const { messages } = stage.world.plan.listeners;
    const both = [
      ["owlcms/fop/decisionRequest/A", "owlcms/decisionRequest/A/1"],
      ["owlcms/fop/summon/A", "owlcms/summon/A/1"],
      ["owlcms/fop/startup/A", "owlcms/led/A"],
    ];
    for (const forms of both) expect(forms.filter((topic) => messages.has(topic))).toHaveLength(1);
  });

  it("owlcms 7: the only platform is found in the old topics too", () => {
    const stage = new Stage(legacy.replace("platform: A, ", ""), { platforms: ["Q"] });
    stage.tell("owlcms/jurybox/summon/Q", "2");
    expect(stage.isOn("led2")).toEqual([true]);
  });
});

describe("a whole attempt", () => {
  it("owlcms 12: goes as recorded, each light and horn at its time", () => {
    const stage = new Stage(`${hub.slice(0, -1)}, down: { light: light, horn: horn }, timekeeper: { start: start } }`);
    stage.press("good1");
    stage.advance(1000);
    stage.press("start");
    stage.advance(1000);
    stage.press("good1");
    stage.advance(1000);
    stage.press("bad2");
    stage.advance(2000);
    stage.press("bad1");
    stage.advance(1000);
    stage.press("bad3");
    stage.advance(5000);
    expect(stage.said.filter((line) => !line.includes("owlcms/decisionRequest/"))).toEqual([
      "1000 owlcms/fop/resetDecisions/A=reset",
      "2000 owlcms/fop/decision/A=1 good",
      "3000 owlcms/fop/decision/A=1 good",
      "3000 owlcms/fop/decision/A=2 bad",
      "4500 owlcms/fop/decisionRequest/A=3",
      "5000 owlcms/fop/decision/A=1 bad",
      "5000 owlcms/fop/decision/A=2 bad",
      "5000 owlcms/fop/down/A=",
      "6000 owlcms/fop/decision/A=1 bad",
      "6000 owlcms/fop/decision/A=2 bad",
      "6000 owlcms/fop/decision/A=3 bad",
      "9000 owlcms/fop/refereesDecision/A=bad",
      "9000 owlcms/fop/liftingOrderUpdated/A=",
    ]);
    // The press before the clock ran was not heard.
    expect(stage.edges("led1")).toEqual([1000, 1100, 1200, 1300, 1400, 1500]);
    expect(stage.edges("ok1")).toEqual([2000, 4000, 5000, 7000]);
    expect(stage.edges("led3")).toEqual([4500, 6000]);
    expect(stage.edges("buz3")).toEqual([4500, 4600, 4650, 4750, 4800, 4900]);
    expect([stage.edges("light"), stage.edges("horn")]).toEqual([
      [5000, 7000],
      [5000, 7000],
    ]);
    expect(stage.edges("ok3")).toEqual([6000, 8000]);
  });
});
