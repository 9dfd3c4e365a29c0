import { setImmediate } from "node:timers/promises";
import { openSim } from "../../../gpio/sim.ts";
import { SimBoard } from "../../../gpio/sim-board.ts";
import type { World } from "./world.ts";

/** The world around the simulated board: its own methods. */
export function simWorld(kind: "pi1" | "pi4" | "pi5"): World {
  const board = new SimBoard(kind);
  const chip = { pi1: "pinctrl-bcm2835", pi4: "pinctrl-bcm2711", pi5: "pinctrl-rp1" }[kind];
  const wire: World["wire"] = (offset) => board.level(chip, offset);
  const flip = (offset: number) => board.press(chip, offset, wire(offset) === "high" ? "low" : "high");
  return {
    driver: openSim(board),
    chip,
    drive: (offset, level) => board.press(chip, offset, level),
    wire,
    hammer(offset, count) {
      for (let i = 0; i < count; i++) flip(offset);
    },
    async burst(offset, count) {
      for (let i = 0; i < count; i++) {
        flip(offset);
        if (i % 100 === 0) await setImmediate();
      }
    },
    hold(offset, consumer) {
      board.hold(chip, offset, consumer);
      return { free: () => board.free(chip, offset) };
    },
    async sample(offsets, during) {
      const before = offsets.map(wire);
      during();
      return offsets.map((offset, i) => new Set([before[i] ?? "low", wire(offset)]));
    },
    removeBoard: async () => board.removeChip(chip),
    returnBoard: async () => board.returnChip(chip),
  };
}
