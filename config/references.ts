import type { Found, Report } from "./check.ts";
import { formatDuration } from "./formats.ts";
import type { ActionConfig, Config } from "./schema.ts";
import { suggest } from "./suggest.ts";

const none: ReadonlySet<string> = new Set();

/** Ids: one space for inputs and outputs, and every name in a rule names something. */
export function checkRules(config: Config, { ids, place }: Found, report: Report): void {
  const inputs = ids.get("inputs") ?? none;
  const outputs = ids.get("outputs") ?? none;
  for (const id of outputs) {
    if (!inputs.has(id)) continue;
    const [first, second] = [`inputs.${id}`, `outputs.${id}`].sort((a, b) => place(a).line - place(b).line);
    if (first && second)
      report(second, `the id ${id} is used by ${first} already (line ${place(first).line})`, "give each an id of its own");
  }
  for (const [id, rule] of Object.entries(config.rules)) {
    const path = `rules.${id}`;
    const { input } = rule.when;
    if (!inputs.has(input)) {
      report(
        `${path}.when.input`,
        outputs.has(input) ? `${input} is an output` : `there is no input ${input}`,
        fixFor(input, inputs, "input"),
      );
    }
    for (const [index, action] of rule.do.entries()) {
      const place = `${path}.do[${index}]`;
      const { output } = action;
      if (!outputs.has(output)) {
        report(
          `${place}.output`,
          inputs.has(output) ? `${output} is an input` : `there is no output ${output}`,
          fixFor(output, outputs, "output"),
        );
      }
      checkFor(action, Object.hasOwn(config.outputs, output) ? config.outputs[output]?.max_on : undefined, `${place}.for`, report);
    }
  }
}

function checkFor(action: ActionConfig, maxOn: number | null | undefined, path: string, report: Report): void {
  if (action.for === null) return;
  if (action.set === "off" || action.set === "toggle") report(path, `\`set: ${action.set}\` has no end`, "remove it or write set: pulse");
  else if (maxOn != null && action.for > maxOn) {
    report(path, `it is longer than the output's max_on (${formatDuration(maxOn)})`, "write a shorter time or raise max_on");
  }
}

function fixFor(id: string, known: ReadonlySet<string>, kind: string): string {
  const close = suggest(id, known);
  if (close !== undefined) return `did you mean ${close}?`;
  const list = [...known].slice(0, 12).join(", ");
  return list === "" ? `add it below ${kind}s:` : `name one of ${list}`;
}
