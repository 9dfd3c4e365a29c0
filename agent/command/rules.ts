import { exit } from "../exit.ts";
import type { RuleStatus } from "../protocol.ts";
import { withAgent } from "./client.ts";
import { type Command, columns, localTime, print, readArgs, socketOptions, socketPath, usageError } from "./command.ts";

/** `pinbus rules`: what the rules of a running agent do, whether they may, and what they would make of a recording. */
export const rules: Command = {
  usage: "[--json] | enable|disable <rule> [--json] | test FILE [--config NEW.yaml]",
  summary: "the rules, and when they fired; enable or disable one; test them on a recording",
  async run(args) {
    const { values, positionals } = readArgs(args, { ...socketOptions, json: { type: "boolean" } }, { min: 0, max: 2 });
    const [verb, what] = positionals;
    if (verb !== undefined && verb !== "enable" && verb !== "disable" && verb !== "test")
      throw usageError(`rules takes enable, disable or test, not ${JSON.stringify(verb)}`);
    if (verb !== undefined && what === undefined) throw usageError("a word is missing");
    if (verb === "test") {
      if (values.socket !== undefined || values.json) throw usageError("test asks no agent: it takes --config only");
      const { testRules } = await import("./rules-test.ts");
      return testRules(what ?? "", values);
    }
    const path = socketPath(values);
    if (verb === undefined) {
      const answer = await withAgent(path, (client) => client.request("rules", {}));
      if (values.json) print(JSON.stringify(answer));
      else for (const line of toldOf(answer, new Date())) print(line);
      return exit.ok;
    }
    const params = { rule: what ?? "", enabled: verb === "enable", from: "cli" as const };
    const answer = await withAgent(path, (client) => client.request("set-rule", params));
    if (values.json) print(JSON.stringify(answer));
    return exit.ok;
  },
};

/** A line for each rule, and one for what keeps it from firing. */
export function toldOf(rules: readonly RuleStatus[], now: Date): string[] {
  if (rules.length === 0) return ["no rule is configured"];
  const lines = columns(
    rules.map(({ id, enabled, fired, last, next, text }) => [
      id,
      enabled ? "enabled" : "disabled",
      last === null ? "never fired" : `fired ${fired} ${fired === 1 ? "time" : "times"}, last ${localTime(last, now)}`,
      next === null ? "" : `next ${localTime(next, now)}`,
      text,
    ]),
  );
  return rules.flatMap(({ rests_until: rests, problem }, index) => [
    lines[index] ?? "",
    ...(rests === null ? [] : [`  rests until ${localTime(rests, now)}: ${problem}`]),
  ]);
}
