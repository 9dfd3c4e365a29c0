import { stepText } from "./cause.ts";
import type { Change } from "./history.ts";
import { spoken, tookText } from "./length.ts";
import type { Cause } from "./model.ts";

/** A change in words: `ON because porch was pressed (312 ms) and rule porch-lamp says toggle; ends by max_on`. */
export function sentenceOf({
  state,
  cause,
  detail = null,
  ends = null,
  level = "",
}: Pick<Change, "state" | "cause" | "ends" | "level"> & { detail?: string | null }): string {
  switch (state) {
    case "REFUSED":
      return refusalOf(detail?.replace(/^[a-z_-]+: /, "") ?? "", cause);
    case "FAILED":
      return `FAILED: ${detail}; wanted because ${reasonOf(cause)}`;
    case "LOCKED":
    case "UNLOCKED":
      return `${state} by somebody ${cause.kind === "tui" ? "in the terminal UI" : `with \`pinbus ${state === "LOCKED" ? "lock" : "unlock"}\``}`;
    default:
      return `${state}${level} because ${reasonOf(cause)}${ends === null ? "" : `; ends by ${ends.by}`}`;
  }
}

export function refusalOf(message: string, cause: Cause): string {
  return `REFUSED: ${message}; wanted because ${reasonOf(cause)}`;
}

type Words = Readonly<Partial<Record<NonNullable<Cause["says"]>, string>>>;
const orders: Words = { ON: "says on", OFF: "says off", TOGGLE: "says toggle", PULSE: "says pulse", PATTERN: "plays its pattern" };
const deeds: Words = { ON: "switched it on", OFF: "switched it off", TOGGLE: "toggled it", PULSE: "pulsed it" };

export function reasonOf({ kind, text, detail, says, trigger, after, ended, chain }: Cause): string {
  const more = detail === null ? "" : ` (${detail})`;
  const before = chain === undefined || chain.length === 0 ? "" : `; before that: ${chain.map(stepText).join(", ")}`;
  if (says === "IDENTIFY") {
    const who = kind === "mqtt" ? "a command over MQTT" : "somebody with `pinbus identify`";
    return `${who} asked which output it is${ended === undefined ? more : `; before that it was on because ${reasonOf(ended)}`}`;
  }
  const [order, deed] = says === undefined ? [] : [orders[says], deeds[says]];
  switch (kind) {
    case "start":
      return "the agent started";
    case "controller":
    case "rule": {
      const took = trigger?.step.duration_ms;
      const happened = `${trigger?.words ?? detail}${took === undefined ? "" : ` (${tookText(took)})`}`;
      const later = after === undefined ? "" : ` after ${spoken(after)}`;
      return `${happened} and ${text} ${order ?? "says so"}${later}${before}`;
    }
    case "mqtt":
      return `a command ${order === undefined ? "came over MQTT" : `over MQTT ${order}`}${more}`;
    case "cli":
      return `somebody ${deed ?? "set it"} with \`pinbus set\``;
    case "tui":
      return `somebody ${deed ?? "set it"} in the terminal UI`;
    case "plug":
      return detail === "switched there"
        ? "somebody switched it on at the plug"
        : "somebody switched it off at the plug, or its PulseTime did";
    case "pulse":
    case "max-on":
      return `${kind === "pulse" ? "its pulse ended" : "max_on was reached"}${ended === undefined ? more : `; it was on because ${reasonOf(ended)}`}`;
    case "chip":
      return `its ${text}`;
    case "exit":
      return "the agent stopped";
    case "reload":
      return `the configuration was reloaded${more}`;
    case "interlock":
      return `${detail} and ${text} lets only one on${before}`;
    case "curve":
      return `${detail} and its curve says so`;
    case "failsafe":
      if (text === "silence") return `no command came ${detail}`;
      return text === "broker lost" ? `the broker was lost ${detail}` : `${text.replace(/ (?=\w+$)/, " was ")} ${detail}`;
  }
}
