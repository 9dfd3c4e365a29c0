import { expect, it } from "vitest";
import { createSimPlayer } from "../../agent/sim-player.ts";
import { openSim } from "../../gpio/sim.ts";
import { SimBoard } from "../../gpio/sim-board.ts";
import { eventually } from "./shell/fixture.ts";

const chip = "pinctrl-bcm2711";

it("edges that are late are all told in one turn, as by a kernel: no deadline passes between them", async () => {
  const board = new SimBoard("pi4");
  const edges: number[] = [];
  const told: number[] = [];
  openSim(board).openInput(
    { chip, offset: 17, active: "high", bias: "as-is", consumer: "pinbus:porch" },
    {
      edge({ atNs }) {
        if (edges.length === 0) setImmediate(() => told.push(edges.length));
        edges.push(atNs / 1e6);
      },
      lost() {},
      gone() {},
    },
  );
  // The process stands still as soon as the play has begun.
  const times = [1000, 1000];
  const player = createSimPlayer({
    board,
    input: () => ({ address: { chip, offset: 17 }, active: "high" }),
    output: () => undefined,
    simulate: async () => {},
    checkReading() {},
    send() {},
    receive() {},
    readClock() {},
    clock: { now: () => times.shift() ?? 2000, wall: () => 0 },
  });
  const level = (after_ms: number, active: boolean) => ({ after_ms, do: "level", input: "porch", active }) as const;
  await player.play([level(0, true), level(1, false), level(2, true)], undefined);
  await eventually(() => told).toEqual([3]);
  expect(edges).toEqual([1000, 1001, 1002]);
});
