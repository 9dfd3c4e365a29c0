import { expect, it, onTestFinished } from "vitest";
import type { ExpressionInput, ExpressionResult } from "../../../agent/expression/terms.ts";
import { Expressions, type ExpressionsOptions } from "../../../agent/expression/thread.ts";
import { eventually, keptLog } from "../shell/fixture.ts";

/** As it is built: a thread runs no TypeScript. */
const program = new URL("../../../dist/agent/expression/inside.js", import.meta.url);

function start(more: Partial<ExpressionsOptions> = {}) {
  const log = keptLog();
  let now = 0;
  const expressions = new Expressions({ log, now: () => now, program, ...more });
  onTestFinished(() => expressions.stop());
  const answers: string[] = [];
  const ask = (key: string, text: string | string[], input: ExpressionInput = { values: {} }) =>
    expressions.ask(key, [text].flat(), input, (results) => answers.push(`${key} ${results.map(shown).join(", ")}`));
  return { expressions, log, answers, ask, pass: (ms: number) => (now += ms) };
}

function shown(result: ExpressionResult): string {
  return result.ok ? String(result.value) : result.problem;
}

/** Never ends: the library's own bounds do not see it. */
const endless = "($f := function($n) { $n < 0 ? 0 : $f($n + 1) }; $f(1))";

it("what is computed comes back: a number, a word, true, nothing; of JSON and of named values", async () => {
  const { ask, answers } = start();
  ask("a", ["SCD30.Humidity + 1", "$uppercase(name)", "SCD30.Humidity > 60", "no.such"], {
    json: '{"SCD30":{"Humidity":61},"name":"tent"}',
  });
  ask("b", "t * 1.8 + 32", { values: { t: 20 } });
  await eventually(() => answers).toEqual(["a 62, TENT, true, undefined", "b 68"]);
});

it.each([
  ["a list", "[1, 2]", "made a list and not one value"],
  ["an object", '{"a": 1}', "made an object and not one value"],
  ["a long text", '$pad("", 300, "x")', "made a text of more than 256 characters"],
  ["a list without end", "$count([1..9999999])", "failed: "],
  ["what is no JSON", "a", "was given no JSON"],
])("a result that is no value is a problem: %s", async (name, text, problem) => {
  const { ask, answers } = start();
  ask("a", text, name === "what is no JSON" ? { json: "{" } : { values: {} });
  await eventually(() => answers[0]).toMatch(problem);
});

it("a problem repeats nothing that a terminal would obey", async () => {
  const { ask, answers } = start();
  ask("a", "$number(x)", { values: { x: "\u001b[2J\n" } });
  await eventually(() => answers[0]).toMatch(/^a failed: D3030 /);
  expect(answers[0]).not.toMatch(/\p{Cc}/u);
});

it("one that does not end is ended with its thread, and those behind it are answered by the next one", async () => {
  const { ask, answers } = start({ deadline: 1000 });
  ask("a", endless);
  ask("b", "1 + 1");
  await eventually(() => answers).toEqual([expect.stringMatching(/^a (took longer than 1000 ms|failed: )/), "b 2"]);
});

it("a pattern that goes back and tries again for years is ended, and its key rests longer each time", async () => {
  const { ask, answers, expressions, pass } = start({ deadline: 1000 });
  const slow = () => ask("a", "$match(x, /^(a+)+$/)", { values: { x: `${"a".repeat(40)}!` } });
  slow();
  await eventually(() => answers).toEqual(["a took longer than 1000 ms"]);
  slow();
  expect(expressions.dropped).toBe(1);
  pass(1000);
  slow();
  await eventually(() => answers.length).toBe(2);
  pass(1999);
  slow();
  expect(expressions.dropped).toBe(2);
  ask("b", "2");
  await eventually(() => answers.at(-1)).toBe("b 2");
});

it("one that takes all memory ends its thread, and not the agent", async () => {
  const { ask, answers } = start({ deadline: 20_000 });
  ask("a", '($f := function($s) { $f($s & $s) }; $f("0123456789abcdef"))');
  ask("b", "3");
  await eventually(() => answers.length).toBe(2);
  expect(answers[0]).toMatch(/^a (was ended: it took too much memory|failed: )/);
  expect(answers[1]).toBe("b 3");
});

it("of one key only the newest question waits", async () => {
  const { ask, answers, expressions } = start();
  ask("a", "1");
  for (let count = 2; count <= 50; count++) ask("a", String(count));
  ask("b", "0");
  await eventually(() => answers).toEqual(["a 50", "b 0"]);
  expect(expressions.dropped).toBe(49);
});

it("a thread that does not begin is told of, and tried again", async () => {
  const { ask, log } = start({ program: new URL("data:text/javascript,throw new Error('no')") });
  ask("a", "1");
  await eventually(() => log.entries[0]).toBe("error: expressions cannot be evaluated: their thread has failed (no); it is started again");
});
