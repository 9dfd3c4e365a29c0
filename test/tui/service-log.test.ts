import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Effect } from "../../tui/effect.ts";
import { newerLines } from "../../tui/service-log.ts";
import { output, pinsView } from "./scene.ts";
import { answer, failing, lines, services, withFile } from "./service-scene.ts";

beforeAll(() => {
  // The clocks on the screen are those of the person's own time zone.
  process.env.TZ = "UTC";
});

const unit = "zigbee2mqtt.service";
const asked = (effects: readonly Effect[]) => effects.filter((effect) => effect.type === "service-log");

test("the logs of the selected unit are asked for while somebody looks at the tab, and each question once", () => {
  const scene = services();
  const first = { type: "service-log", unit: "pinbus.service", from: "journal", run: 0, after: 0, wait: 150 };
  expect(asked(scene.effects)).toEqual([first]);
  const after = asked(scene.keys("j"));
  expect(after.map((effect) => effect.type === "service-log" && [effect.unit, effect.from])).toEqual([
    ["mosquitto.service", "journal"],
    ["mosquitto.service", "file"],
  ]);
  scene.pass(1000);
  expect(asked(scene.keys("1"))).toEqual([]);
  expect(asked(scene.act({ type: "service-log", answer: answer("mosquitto.service", lines(1)) }))).toEqual([]);
  // Its question is answered by now; back here it goes on where it was.
  expect(asked(scene.keys("5"))).toEqual([
    { type: "service-log", unit: "mosquitto.service", from: "journal", run: 1, after: 1, wait: 100 },
  ]);
});

test("W leaves the filter of the log as it is, and takes away that of the pins", () => {
  const scene = failing();
  scene.act({ type: "pins", data: pinsView([output("pump-relay", { state: "ON" })]) });
  scene.keys("2", "/", ..."zzz", "enter", "5", "v", "/", ..."error", "enter", "W");
  expect([scene.state.services.logs.journal.filter.text, scene.state.pins.filter.text]).toEqual(["error", ""]);
});

test("an answer about another unit is not shown, and a new run of the log begins anew", () => {
  const scene = failing();
  const { journal } = scene.state.services.logs;
  scene.act({ type: "service-log", answer: answer("pinbus.service", lines(3, {}, 9)) });
  expect(journal.lines).toHaveLength(8);
  scene.act({ type: "service-log", answer: answer(unit, lines(2), { run: 7 }) });
  expect(journal.lines.map(({ text }) => text)).toEqual(["line 1", "line 2"]);
  expect(asked(scene.effects).at(-1)).toMatchObject({ run: 7, after: 2 });
});

test("the same answer twice is shown once", () => {
  const scene = failing();
  const again = answer(unit, lines(3, {}, 9));
  scene.act({ type: "service-log", answer: again });
  scene.act({ type: "service-log", answer: again });
  expect(scene.state.services.logs.journal.lines).toHaveLength(11);
});

test("lines that were lost on the way are a mark between the others", () => {
  const scene = failing();
  scene.act({ type: "service-log", answer: answer(unit, lines(1, {}, 109), { last: 110 }) });
  const { journal } = scene.state.services.logs;
  expect(journal.lines.slice(8).map(({ text }) => text)).toEqual([
    "... 100 lines came faster than they could be shown ...",
    "line 109",
    "... 1 line came faster than they could be shown ...",
  ]);
  expect(scene.draw(80, 24).text()).toContain("... 100 lines came faster");
});

test("moving up ends following, F and G begin it again, and what is read stays where it is", () => {
  const scene = failing();
  scene.act({ type: "service-log", answer: answer(unit, lines(100, {}, 9)) });
  const shown = () => scene.draw(80, 24).text();
  expect(shown()).toMatch(/Journal .* - FOLLOW - .* - 108 lines/);
  expect(shown()).toContain("line 108");
  scene.keys("tab", "tab", "k", "k");
  const before = shown();
  expect(before).toContain("F follows");
  expect(before).toContain("line 106");
  expect(before).not.toContain("line 107");
  scene.act({ type: "service-log", answer: answer(unit, lines(50, {}, 109)) });
  expect(shown().replace("158 lines", "108 lines")).toBe(before);
  scene.keys("F");
  expect(shown()).toContain("line 158");
  scene.keys("g");
  expect(shown()).toContain("Zigbee2MQTT started");
  scene.keys("G");
  expect(shown()).toContain("- FOLLOW -");
});

test("P leaves out what is less important, the filter what does not match; Esc gives all of it back", () => {
  const scene = failing();
  scene.keys("P");
  expect(scene.draw(80, 24).text()).not.toContain("a detail");
  scene.keys("P", "P", "P");
  const few = scene.draw(80, 24).text();
  expect(few).toContain("prio<=err");
  expect(few).toContain("Main process exited");
  expect(few).not.toContain("no response");
  scene.keys("P", "v", "/", ..."restart", "enter");
  expect(scene.state.services.filter.text, "the units are not filtered by it").toBe("");
  const text = scene.draw(80, 24).text();
  expect(text).toContain("Scheduled restart job");
  expect(text).not.toContain("no response");
  scene.keys("escape", "escape");
  expect(scene.draw(80, 24).text()).toContain("no response");
});

test("w wraps long lines to the width of the screen, wide characters included; t leaves the times out", () => {
  const scene = failing();
  expect(scene.draw(80, 24).text()).not.toContain("screen is wide");
  scene.keys("w");
  expect(scene.draw(80, 24).text()).toMatch(/\n {15}\S.*s wide\n/);
  scene.keys("t");
  expect(scene.draw(80, 24).text()).toMatch(/\nerr {3}Main process/);
  scene.act({ type: "service-log", answer: answer(unit, lines(1, { text: "温".repeat(60) }, 9)) });
  const rows = scene
    .draw(80, 24)
    .lines()
    .filter((row) => row.includes("温"));
  // Two columns each on a real screen.
  expect(rows.map((row) => row.replaceAll(/[^温]/g, "").length)).toEqual([37, 23]);
});

test("z holds the lines and counts those that come", () => {
  const scene = failing();
  scene.keys("z");
  const before = scene.draw(80, 24).lines().slice(1, 22);
  scene.act({ type: "service-log", answer: answer(unit, lines(12, {}, 9)) });
  expect(scene.draw(80, 24).lines().slice(1, 22)).toEqual(before);
  expect(newerLines(scene.state)).toBe(12);
  expect(scene.draw(80, 24).text()).toContain("12 newer lines held");
  scene.keys("z");
  expect(scene.draw(80, 24).text()).toContain("line 20");
});

test("what is kept is bounded by count and by characters, and the title says what was dropped", () => {
  const scene = failing();
  for (let n = 0; n < 20; n += 1) scene.act({ type: "service-log", answer: answer(unit, lines(500, {}, 9 + n * 500)) });
  const { journal } = scene.state.services.logs;
  expect(journal.lines).toHaveLength(5000);
  expect(scene.draw(150, 44).text()).toContain("5,000 lines (5,008 older dropped)");
  scene.act({ type: "service-log", answer: answer(unit, lines(300, { text: "x".repeat(1e5) }, 10_009)) });
  expect(journal.lines).toHaveLength(256);
  expect(journal.chars).toBeLessThanOrEqual(1024 * 1024);
});

test("a question that the agent refuses is told, and asked again after a while", () => {
  const scene = services();
  scene.act({
    type: "service-log-refused",
    from: "journal",
    unit: "pinbus.service",
    problem: "no such method; is the client newer than the agent?",
  });
  expect(scene.draw(80, 24).text()).toContain("! no such method; is the client newer");
  scene.pass(1000);
  expect(asked(scene.effects)).toHaveLength(1);
  for (let n = 0; n < 5; n += 1) scene.pass(1000);
  expect(asked(scene.effects)).toHaveLength(2);
});

test("the lines of a lost agent stay and are called stale; the next agent is asked again", () => {
  const scene = failing();
  scene.act({ type: "agent-offline", problem: "the agent closed the link" });
  scene.pass(12_000);
  const text = scene.draw(80, 24).text();
  expect(text).toContain("Journal zigbee2mqtt.service - STALE 12s, no agent");
  expect(text).toContain("Main process exited");
  scene.attach();
  expect(asked(scene.effects).at(-1)).toMatchObject({ unit });
});

test("of a unit with a log file both are followed; Tab shows the other one where there is room for one", () => {
  const scene = withFile();
  expect(scene.draw(80, 24).text()).toContain("─Journal mosquitto.service");
  scene.keys("tab", "tab", "tab");
  const text = scene.draw(80, 24).text();
  expect(text).toContain("[Log file /var/log/mosquitto/mosquitto.log - FOLLOW - 3 lines]");
  expect(text).toContain("2026-11-19 23:59:58 mosquitto version");
  expect(text).not.toContain("Started mosquitto.service.");
  expect(scene.draw(150, 44).text()).toContain("Started mosquitto.service.");
  scene.keys("escape", "j");
  expect(scene.draw(80, 24).text(), "a unit without a log file").toContain("─Journal zigbee2mqtt.service");
  scene.keys("v");
  expect(scene.draw(80, 24).text()).toContain("[Journal zigbee2mqtt.service");
});

test("in any order of keys and answers every screen can be drawn, and the window is within the lines", () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        key: fc.constantFrom("j", "k", "g", "G", "C-d", "C-u", "F", "w", "t", "P", "v", "u", "z", "tab", "+", "_", "escape", "1", "5"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        count: fc.nat({ max: 60 }),
        run: fc.nat({ max: 2 }),
        skip: fc.nat({ max: 5 }),
        text: fc.string({ maxLength: 200, unit: "binary" }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ cols: fc.integer({ min: 40, max: 160 }), rows: fc.integer({ min: 12, max: 50 }) }) },
    { weight: 1, arbitrary: fc.record({ problem: fc.constantFrom(null, "gone") }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const scene = withFile();
      for (const each of steps) {
        const { journal } = scene.state.services.logs;
        if ("key" in each) scene.keys(each.key);
        else if ("count" in each)
          scene.act({
            type: "service-log",
            answer: answer(journal.unit ?? "", lines(each.count, { text: each.text }, journal.last + 1 + each.skip), { run: each.run }),
          });
        else if ("cols" in each) scene.act({ type: "resize", ...each });
        else scene.act({ type: "service-log", answer: answer(journal.unit ?? "", [], { last: journal.last, problem: each.problem }) });
        scene.draw();
        for (const log of Object.values(scene.state.services.logs).filter((value) => typeof value === "object"))
          expect(log.scroll.top).toBeLessThanOrEqual(Math.max(0, (log.held ?? log.lines).length));
      }
    }),
    { numRuns: 40 },
  );
});
