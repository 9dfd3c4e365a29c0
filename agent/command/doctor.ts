import { checks } from "../doctor/checks.ts";
import { examine, type Finding, type Level, worstOf } from "../doctor/finding.ts";
import { gatherFacts } from "../doctor/gather.ts";
import { exit } from "../exit.ts";
import { readVersion } from "../version.ts";
import { type Command, print, readArgs, socketOptions, usageError } from "./command.ts";
import { hardwareOptions, proveHardware } from "./doctor-hardware.ts";

/** `pinbus doctor`: what is wrong with this machine, why it matters, and the command that mends it. Changes nothing. */
export const doctor: Command = {
  usage: "[--all] [--json] [--config FILE] | --hardware [--out LINE] [--in LINE] [--yes] [--json] [--config FILE]",
  summary:
    "what is wrong with this machine, and the command that mends it; --hardware: drives one free line into another one over a wire, and measures both",
  async run(args) {
    const options = { ...socketOptions, all: { type: "boolean" }, json: { type: "boolean" }, ...hardwareOptions } as const;
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    if (values.hardware) return proveHardware(values);
    if (values.out !== undefined || values.in !== undefined || values.yes) throw usageError("--out, --in and --yes go with --hardware");
    const findings = examine(checks, await gatherFacts({ args: values, env: process.env }));
    const worst = worstOf(findings);
    if (values.json) print(JSON.stringify({ version: readVersion(), result: worst, findings: findings.map(plainOf) }));
    else for (const line of reportLines(findings, values.all === true)) print(line);
    return { ok: exit.ok, warning: exit.refused, problem: exit.failing }[worst];
  },
};

/** As people at this machine may read it. */
function plainOf({ check, level, what, why, mend = [] }: Finding) {
  return { check, level, what: what.here, why, mend: mend.map(({ here }) => here) };
}

const marks: Readonly<Record<Level, string>> = {
  problem: "problem",
  warning: "warning",
  note: "note",
  unchecked: "not checked",
  ok: "ok",
};

/** Problems first and at length, what is well in one line each; `all` gives the reasons for the rest, too. */
function reportLines(findings: readonly Finding[], all: boolean): string[] {
  const of = (level: Level) => findings.filter((finding) => finding.level === level);
  const levels = Object.keys(marks) as Level[];
  const lines = levels.flatMap((level) => (all ? of(level) : gathered(of(level))).flatMap((finding) => findingLines(finding, all)));
  const counts = levels.map((level) => counted(of(level).length, level));
  return [...lines, "", counts.join(", ")];
}

function counted(count: number, level: Level): string {
  const isNoun = level === "problem" || level === "warning" || level === "note";
  return `${count} ${marks[level]}${isNoun && count !== 1 ? "s" : ""}`;
}

/** What was not checked for the same reason, once. */
function gathered(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding>();
  for (const finding of findings) {
    const key = finding.level === "unchecked" ? finding.what.here : `${finding.check}: ${finding.what.here}`;
    const before = groups.get(key);
    groups.set(key, before ? { ...before, check: `${before.check}, ${finding.check}` } : finding);
  }
  return [...groups.values()];
}

function findingLines({ check, level, what, why, mend = [] }: Finding, all: boolean): string[] {
  const head = `${marks[level].padEnd(11)}  ${check}: ${what.here}`;
  const reason = level === "problem" || level === "warning" || all ? [`${" ".repeat(13)}why: ${why}`] : [];
  const cure = level === "ok" ? [] : mend.map(({ here }) => `${" ".repeat(13)}→ ${here}`);
  return [head, ...reason, ...cure];
}
