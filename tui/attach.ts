import { isDestination } from "./destination.ts";
import { editor } from "./editor.ts";
import { type Effect, none } from "./effect.ts";
import type { FleetTab } from "./fleet.ts";
import type { Command } from "./keys.ts";
import type { State } from "./model.ts";
import type { Overlay } from "./overlay.ts";

type AttachOverlay = Overlay & { kind: "attach" };

const maxRemembered = 500;

/** Asks where ssh goes for a node of the fleet: where it went the last time, else to the host that the node says it is. */
export function openAttach(state: State, base: string): readonly Effect[] {
  const { fleet, readOnly } = state;
  state.overlay = { kind: "attach", base, field: editor(proposal(fleet, base)), readOnly: true, forced: readOnly, problem: null };
  return none;
}

function proposal({ nodes, destinations, user }: FleetTab, base: string): string {
  const known = destinations.get(base);
  if (known !== undefined) return known;
  const before = user === "" ? "" : `${user}@`;
  // The rest is a stranger's word: what ssh would not take is not even proposed.
  const host = nodes.get(base)?.info?.hostname ?? "";
  return isDestination(before + host) && isDestination(host) ? before + host : before;
}

export function attachKey(state: State, overlay: AttachOverlay, command: Command): readonly Effect[] {
  if (command === "field-change") {
    overlay.readOnly = overlay.forced || !overlay.readOnly;
    overlay.problem = overlay.forced ? "this terminal was started with --read-only" : null;
    return none;
  }
  if (command !== "accept") return none;
  const { base, readOnly } = overlay;
  const destination = overlay.field.text.trim();
  if (!isDestination(destination)) {
    overlay.problem = "ssh needs user@machine, or only the machine";
    return none;
  }
  const { destinations } = state.fleet;
  if (destinations.size >= maxRemembered) destinations.clear();
  destinations.set(base, destination);
  state.fleet.user = /^([^@/]+)@/.exec(destination)?.[1] ?? state.fleet.user;
  state.overlay = null;
  return [{ type: "attach", destination, readOnly }];
}
