import { readFileSync, writeFileSync } from "node:fs";
import { eventually } from "./cases.ts";

/** The outside world of the simulated chip: what is wired to a line of the header, and the level on the wire. */
export const board = {
  /** Pulls a line from outside; a pressed button is such a pull. */
  pull(gpio: number, to: "up" | "down"): void {
    writeFileSync(`/run/board/sim_gpio${gpio}/pull`, `pull-${to}`);
  },
  level(gpio: number): 0 | 1 {
    return readFileSync(`/run/board/sim_gpio${gpio}/value`, "utf8").trim() === "1" ? 1 : 0;
  },
  async reaches(gpio: number, level: 0 | 1, within?: number): Promise<void> {
    await eventually(`GPIO${gpio} at ${level} on the wire`, () => board.level(gpio) === level, within);
  },
};
