import { edgeCases } from "./edges.ts";
import { holderCases } from "./holders.ts";
import { outputCases } from "./outputs.ts";
import type { Case } from "./world.ts";

/** What every driver promises in `gpio/driver.ts`, as data: run by vitest on the simulated board and by `run.ts` in the machine. */
export const cases: readonly Case[] = [...edgeCases, ...outputCases, ...holderCases];
