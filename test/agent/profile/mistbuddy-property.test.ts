import fc from "fast-check";
import { expect, it } from "vitest";
import { runs } from "../../runs.ts";
import { light, onoff, question, second, tent } from "./mist-tent.ts";

/** Of `500 mister on`. */
const timeOf = (line = "") => Number.parseInt(line, 10);

it("whatever happens, it mists only by a command that holds, after an answer of the light in time, and never for longer than it was told", () => {
  const command = fc.constantFrom("1", "20", "59", "20", "59", "0", "-1", "60", "x", "");
  const answer = fc.constantFrom('{"Mem1":"1"}', '{"Mem1":"1"}', '{"Mem1":"0"}', "{", '{"POWER":"ON"}');
  const acts = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant("command" as const), payload: command }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("answer" as const), payload: answer }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("broker" as const), there: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 400, 501, 10_000, 60_000, 300_000) }) },
  );
  let misted = 0;
  fc.assert(
    fc.property(fc.array(acts, { minLength: 20, maxLength: 40 }), (story) => {
      const bus = tent({ a0: null });
      /** What it was told last that counts, and until when an answer of the light does. */
      let [seconds, answerUntil, there] = [0, -1, true];
      for (const act of story) {
        const asked = bus.questions();
        // More than one start in a second may be left out.
        if (act.do === "command" && Number(act.payload) > 0) bus.advance(second);
        const wires = bus.wires.length;
        if (act.do === "command") {
          bus.say(onoff, act.payload);
          const number = /^-?\d+$/.test(act.payload) ? Number(act.payload) : null;
          if (there && number !== null) seconds = number > 0 && number < 60 ? number : 0;
        } else if (act.do === "answer") bus.say(`stat/${light}/RESULT`, act.payload);
        else if (act.do === "broker") {
          there = act.there;
          bus.broker(there);
        } else if (act.do === "crash") {
          bus.die(false);
          bus.revive();
          seconds = 0;
        } else bus.advance(act.ms);
        if (act.do !== "crash") {
          const went = bus.wires.slice(wires).filter((line) => line.endsWith("mister on"));
          misted += went.length;
          if (went.length > 0) expect([act.do, seconds > 0, there, bus.now <= answerUntil]).toEqual(["answer", true, true, true]);
        }
        if (bus.questions() > asked) answerUntil = timeOf(bus.said.findLast((line) => line.includes(question))) + 500;
      }
      bus.advance(60 * second);
      let since: number | null = null;
      for (const line of bus.wires) {
        if (line.endsWith("mister on")) since = timeOf(line);
        else if (line.endsWith("mister off") && since !== null) expect(timeOf(line) - since).toBeLessThanOrEqual(59 * second);
      }
    }),
    { numRuns: runs(200) },
  );
  expect(misted).toBeGreaterThan(50);
});
