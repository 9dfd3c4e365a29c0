import type { Cause } from "./model.ts";
import type { Change } from "./state.ts";

/** A change in words: `ON because porch was pressed and rule porch-lamp says toggle; ends by max_on`. */
export function sentenceOf({
  state,
  cause,
  detail = null,
  ends = null,
}: Pick<Change, "state" | "cause" | "ends"> & { detail?: string | null }): string {
  switch (state) {
    case "REFUSED":
      return `REFUSED ${cause.text}: ${detail?.replace(/^[a-z_-]+: /, "")}`;
    case "FAILED":
      return `FAILED because ${detail}; wanted because ${reasonOf(cause)}`;
    case "LOCKED":
    case "UNLOCKED":
      return `${state} by ${cause.text}`;
    default:
      return `${state} because ${reasonOf(cause)}${ends === null ? "" : `; ends by ${ends.by}`}`;
  }
}

const gestures: Readonly<Record<string, string>> = {
  press: "was pressed",
  release: "was released",
  click: "was clicked",
  double: "was clicked twice",
  triple: "was clicked three times",
  hold: "was held",
  hold_end: "was let go after a hold",
  repeat: "is held",
  right: "was turned right",
  left: "was turned left",
};

export function reasonOf({ kind, text, detail, says, chain }: Cause): string {
  const more = detail === null ? "" : ` (${detail})`;
  const word = says?.toLowerCase();
  switch (kind) {
    case "start":
      return "the agent started";
    case "rule": {
      const space = detail?.indexOf(" ") ?? -1;
      const input = detail?.slice(0, space);
      const happened = space < 0 ? undefined : gestures[detail?.slice(space + 1) ?? ""];
      const before = chain === undefined ? "" : ` (after ${chain.join(", ")})`;
      return `${happened === undefined ? detail : `${input} ${happened}`} and ${text} says ${word ?? "so"}${before}`;
    }
    case "mqtt":
      return `a command over MQTT says ${word ?? "so"}${more}`;
    case "cli":
      return `somebody used \`pinbus set\`${word === undefined ? "" : `: ${word}`}`;
    case "tui":
      return `somebody used the terminal UI${word === undefined ? "" : `: ${word}`}`;
    case "pulse":
      return `its pulse ended${more}`;
    case "max-on":
      return `it was on for max_on${more}`;
    case "chip":
      return "its line came back";
    case "exit":
      return "the agent stopped";
    case "reload":
      return `the configuration was reloaded${more}`;
    case "interlock":
      return `${text} lets only one on: ${detail}`;
    case "failsafe":
      return text === "broker lost" ? `the broker was lost ${detail}` : `${text.replace(/ offline$/, " was offline")} ${detail}`;
  }
}
