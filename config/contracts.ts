import type { Found, Report } from "./check.ts";
import { formatDuration } from "./formats.ts";
import { named } from "./references.ts";
import type { Config, OutputConfig } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** The contracts of outputs: times that contradict each other, and interlocks that name nothing or could not be kept. */
export function checkContracts(config: Config, found: Found, report: Report): void {
  for (const [id, output] of Object.entries(config.outputs)) {
    checkTimes(`outputs.${id}`, output, report);
    checkInterlocked(`outputs.${id}`, output, found, report);
  }
  checkGroups(config, found, report);
  checkPulses(config, report);
}

function checkTimes(path: string, { min_on, max_on, pulse }: OutputConfig, report: Report): void {
  if (max_on !== null && min_on > max_on)
    report(`${path}.min_on`, `it is longer than max_on (${formatDuration(max_on)})`, "write a shorter time or raise max_on");
  if (pulse === null || typeof pulse === "number" || pulse.max === null) return;
  if (pulse.default !== null && pulse.default > pulse.max)
    report(`${path}.pulse`, `default is longer than max (${formatDuration(pulse.max)})`, "write a shorter default or raise max");
  if (pulse.max < min_on)
    report(`${path}.pulse`, `max is shorter than min_on (${formatDuration(min_on)})`, "raise max or write a shorter min_on");
}

/** An interlocked output goes on only under the eyes of the agent, which watches the dead time. */
function checkInterlocked(path: string, output: OutputConfig, { ids }: Found, report: Report): void {
  const { interlock, on_start, on_exit, on_crash, on_broker_lost } = output;
  if (interlock === null) return;
  const groups = ids.get("interlocks") ?? new Set<string>();
  if (!groups.has(interlock)) {
    const close = suggest(interlock, groups);
    const fix = close === undefined ? `add \`${interlock}: {dead_time: 300ms}\` below interlocks:` : `did you mean ${close}?`;
    report(`${path}.interlock`, `there is no interlock ${interlock}`, fix);
  }
  if (on_start === "keep" || on_start === "last")
    report(`${path}.on_start`, "an interlocked output cannot take over a level, its partner may have one too", "write off");
  for (const [key, value] of Object.entries({ on_exit, on_crash })) {
    if (value !== "on") continue;
    report(`${path}.${key}`, "an interlocked output is not switched on when nobody watches the dead time", "write off or keep");
  }
  if (on_broker_lost?.do === "on")
    report(`${path}.on_broker_lost`, "an interlocked output is not switched on by itself", "write do: off or do: keep");
}

function checkGroups({ outputs, interlocks, rules }: Config, { place }: Found, report: Report): void {
  for (const group of Object.keys(interlocks)) {
    const members = Object.entries(outputs).filter(([, { interlock }]) => interlock === group);
    if (members.length < 2) {
      const who = members[0] === undefined ? "no output is in it" : `only ${members[0][0]} is in it`;
      report(`interlocks.${group}`, who, `write \`interlock: ${group}\` at the outputs that exclude each other`, "warning");
    }
    const [first, second] = members.filter(([, { on_start }]) => on_start === "on").map(([id]) => id);
    if (first !== undefined && second !== undefined) {
      const line = place(`outputs.${first}.on_start`).line;
      report(`outputs.${second}.on_start`, `${first} of the interlock ${group} starts on already (line ${line})`, "write off");
    }
    const names = new Set(members.map(([id]) => id));
    for (const [rule, { do: actions }] of Object.entries(rules)) {
      const on = actions.flatMap(({ output, set }) =>
        output !== null && names.has(output) && (set === "on" || set === "pulse") ? [output] : [],
      );
      const other = on.find((id) => id !== on[0]);
      if (other === undefined) continue;
      report(`rules.${rule}.do`, `${on[0]} and ${other} are in the interlock ${group}: only one can be on`, "switch on one of them");
    }
  }
}

function checkPulses({ outputs, rules }: Config, report: Report): void {
  const keys = ["do", "else", "on_stale", "on_broker_lost"] as const;
  const lists = Object.entries(rules).flatMap(([id, rule]) => keys.map((key) => ({ id, key, actions: rule[key] })));
  for (const { id, key, actions } of lists) {
    for (const [index, action] of actions.entries()) {
      const pulse = named(outputs, action.output)?.pulse;
      const max = typeof pulse === "object" ? pulse?.max : undefined;
      if (action.for === null || max == null || action.for <= max) continue;
      const path = `rules.${id}.${key}[${index}].for`;
      report(path, `it is longer than the longest pulse of ${action.output} (${formatDuration(max)})`, "write a shorter time or raise max");
    }
  }
}
