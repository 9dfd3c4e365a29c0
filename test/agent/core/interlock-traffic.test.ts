import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../runs.ts";
import { configOf, when } from "./fixture.ts";
import { World } from "./world.ts";

const second = 1000;

describe("any traffic on a group of three", () => {
  const ids = ["one", "two", "three"] as const;
  const names = fc.constantFrom(...ids);
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.oneof(fc.nat(60), fc.nat(900)), late: fc.nat(400) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("command" as const),
        output: names,
        word: fc.constantFrom("ON" as const, "OFF" as const, "TOGGLE" as const, "PULSE" as const),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("edge" as const), ago: fc.nat(40) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("break" as const, "mend" as const, "lose" as const, "return" as const, "lock" as const, "unlock" as const),
        output: names,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("identify" as const), output: names }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), online: fc.boolean() }) },
  );
  const configs = fc.record({
    mode: fc.constantFrom("switch" as const, "refuse" as const),
    dead_time: fc.constantFrom(0, 1, 300),
    min_on: fc.constantFrom(0, 200),
    min_off: fc.constantFrom(0, 150),
    on_start: fc.constantFrom("on" as const, "off" as const),
  });

  it("never has two on, dead time included; every command is answered once; every pulse ends", () => {
    fc.assert(
      fc.property(configs, fc.array(step, { maxLength: 50 }), (settings, steps) => {
        const { mode, dead_time, min_on, min_off, on_start } = settings;
        const interlock = "motor";
        const rules = {
          press: when("porch press", ["one", "on"], ["two", "on"]),
          release: when(
            "porch release",
            ["three", "toggle"],
            ["three", "toggle"],
            ["two", "off"],
            ["three", "on"],
            ["one", "pulse"],
            ["three", "on"],
          ),
        };
        const world = new World(
          configOf({
            inputs: { porch: {} },
            outputs: {
              one: { interlock, min_on, on_start, identify: "on" },
              two: { interlock, min_off, max_on: 700, identify: "on" },
              three: { interlock, on_broker_lost: { after: 1000, do: "off" } },
            },
            interlocks: { motor: { mode, dead_time } },
            rules,
          }),
        );
        let asked = 0;
        for (const one of steps) {
          if (one.kind === "wait") world.advance(one.ms, () => one.late);
          else if (one.kind === "edge") world.edge("porch", !world.inputs[0], world.now - one.ago);
          else if (one.kind === "link") world.link(one.online);
          else if (one.kind === "command") {
            asked++;
            world.control(one.output, one.word, one.word === "PULSE" ? 250 : null);
          } else if (one.kind === "identify") {
            asked++;
            world.identify(one.output, 3000);
          } else if (one.kind === "lose") world.loseOutput(one.output);
          else if (one.kind === "return") world.returnOutput(one.output);
          else if (one.kind === "lock" || one.kind === "unlock") world.lock(one.output, one.kind === "lock");
          else world.breakOutput(one.output, one.kind === "break");
        }
        world.advance(20 * second);
        expect(world.answers).toHaveLength(asked);
        // A start waits for a partner whose line is gone for as long as it is gone.
        for (const id of ids) world.returnOutput(id);
        world.advance(20 * second);
        let on: string | undefined;
        const offAt = new Map<string, number>();
        for (const wire of world.wires) {
          const { id, active, at } = wire;
          if (!active) {
            if (on === id) on = undefined;
            offAt.set(id, at);
            continue;
          }
          expect(on === undefined || on === id, `${id} goes on while ${on} is on`).toBe(true);
          for (const [other, off] of offAt) if (other !== id) expect(at - off, `${id} after ${other}`).toBeGreaterThanOrEqual(dead_time);
          on = id;
        }
        for (const { waiting } of world.state.outputs) expect(waiting).toBeNull();
        // Lines that stay broken are tried again for ever; nothing else is left to come.
        expect([...world.timers.keys()].filter((key) => !/^(hold|retry|start):/.test(key))).toEqual([]);
      }),
      { numRuns: runs(1000) },
    );
  });
});
