import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planOf } from "../../../agent/core/plan.ts";
import { eventText, lineOf } from "../../../agent/core/recording.ts";
import { Replay } from "../../../agent/core/replay.ts";
import { toText } from "../../../agent/core/tagged.ts";
import { configOf, controller, rule } from "./fixture.ts";
import { configs, planBy, play, record, story } from "./recorded.ts";
import { World } from "./world.ts";

const numRuns = Number(process.env.PINBUS_RUNS ?? 120);

describe("a recording", () => {
  it("replays to the same effects, byte for byte, wherever in a story it began", () => {
    fc.assert(
      fc.property(story, story, (before, after) => {
        const world = new World(configs.before);
        play(world, before);
        const lines = record(world);
        play(world, after);
        world.advance(3000);
        const replay = new Replay(planBy);
        let last: ReturnType<Replay["feed"]>;
        for (const line of lines) {
          last = replay.feed(lineOf(JSON.parse(line))) ?? last;
          if (!last) continue;
          assert.equal(last.now, last.recorded);
          // The event itself came through the file unchanged, too.
          if (last.event && line.startsWith('{"event"')) assert.equal(eventText(last.plan, last.event, last.effects), line);
        }
        if (last) assert.equal(toText(last.state), toText(world.state));
      }),
      { numRuns },
    );
  });

  it("says that something else would be decided when the recorded effects are not the core's", () => {
    const world = new World(configs.before);
    const lines = record(world);
    world.press("porch", 100);
    const replay = new Replay(planBy);
    const differ = lines.map((line) => {
      const turned = replay.feed(
        lineOf(JSON.parse(line.replace('"setOutput","output":"lamp","active":true', '"setOutput","output":"lamp","active":false'))),
      );
      return turned !== undefined && turned.now !== turned.recorded;
    });
    expect(differ.filter(Boolean)).toHaveLength(1);
  });
});

describe("a recording of an earlier pinbus", () => {
  it("replays what its state does not have yet, such as when a rule and a controller spoke last", () => {
    const said = (payload: string) => ({ publish: "a/b", payload }) as const;
    const says = rule([{ sensor: "tent.humidity", below: 55 }], [said("rule")], { on_stale: "none", on_broker_lost: "none", repeat: 1000 });
    const heats = controller({
      ...{ sensor: "tent.humidity", effect: "raise", setpoint: 58, hysteresis: 2, repeat: 1000 },
      ...{ on: [["c/d", "on"]], off: [["c/d", "off"]], on_broker_lost: { after: 0, do: "keep" } },
    });
    const config = configOf({ sensors: { tent: {} }, rules: { says }, controllers: { heats } });
    const world = new World(config);
    world.link(true);
    world.dispatch({ type: "started", held: false, at: world.now });
    world.measure("tent", { humidity: 50 });
    world.advance(500);
    const lines = record(world);
    world.advance(3000);
    const [snapshot = "", ...events] = lines;
    const older = JSON.parse(snapshot);
    const { rules, controllers } = older.snapshot.state;
    for (const { values } of rules) for (const key of ["saidAt", "left", "begun"]) delete values[key];
    for (const own of controllers) for (const key of ["saidAt", "level"]) delete own[key];
    const replay = new Replay(() => planOf(config));
    replay.feed(lineOf(older));
    const turns = events.map((line) => replay.feed(lineOf(JSON.parse(line))));
    expect(turns.map((turn) => turn?.now)).toEqual(turns.map((turn) => turn?.recorded));
    const spoken = turns.flatMap((turn) => turn?.effects ?? []).flatMap((effect) => (effect.type === "publish" ? effect.topic : []));
    expect(["a/b", "c/d"].map((topic) => spoken.filter((each) => each === topic).length)).toEqual([3, 3]);
  });
});

describe("a line that pinbus did not write", () => {
  const world = new World(configs.before);
  const lines = record(world);
  world.press("porch", 100);
  const [snapshot = "", edge = ""] = lines;
  const feed = (...all: string[]) => {
    const replay = new Replay(planBy);
    for (const line of all) replay.feed(lineOf(JSON.parse(line)));
  };

  it.each([
    ["an event before any snapshot", [edge], /no snapshot before it/],
    ["an event after a gap", [snapshot, '{"gap":{"dropped":3}}', edge], /no snapshot before it/],
    ["an input that is not there", [snapshot, edge.replace('"porch"', '"nobody"')], /not in the recorded configuration/],
    ["a time that is none", [snapshot, edge.replace(/"at":[\d.]+/, '"at":"now"')], /event\.at is not a number/],
    ["no event at all", [snapshot, '{"effects":[]}'], /none of event, snapshot/],
    ["an unknown tag", [snapshot, edge.replace('"rising"', '{"$date":1}')], /\$date is not known/],
    ["deep JSON", [snapshot, edge.replace('"rising"', "[".repeat(40) + "]".repeat(40))], /more than 32 levels/],
    [
      "a press that hung for a year",
      [lines.find((line) => line.includes('"settle:porch"')) ? snapshot : "", ...hung()],
      /events are missing/,
    ],
  ])("is refused: %s", (_, all, message) => {
    expect(() => feed(...all.filter((line) => line !== ""))).toThrow(message);
  });

  function hung(): string[] {
    const events = lines.filter((line) => line.startsWith('{"event"'));
    const down = events.findIndex((line) => line.includes('"hold:porch"'));
    return [...events.slice(0, down + 1), '{"event":{"type":"edge","input":"porch","edge":"falling","at":31536000000},"effects":[]}'];
  }
});
