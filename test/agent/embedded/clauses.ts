import type { Rig } from "./rig.ts";

/** What one normative statement of MQTT 3.1.1 asks of a server, seen from outside. */
export interface Clause {
  /** As the standard numbers it; more than one when one look shows both. */
  id: string;
  /** What must happen, as a sentence about the broker. */
  must: string;
  /** What happens; equal to `expected` when the statement is kept. */
  see(rig: Rig): Promise<unknown>;
  expected: unknown;
}

const outcome =
  (expected: unknown) =>
  (id: string, must: string, see: Clause["see"]): Clause => ({ id, must, see, expected });
export const closes = outcome("closes");
export const stays = outcome("stays");
export const equals = (expected: unknown, ...[id, must, see]: Parameters<ReturnType<typeof outcome>>): Clause =>
  outcome(expected)(id, must, see);
