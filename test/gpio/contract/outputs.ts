import assert from "node:assert/strict";
import { openInput, openOutput, refused, until } from "./probe.ts";
import type { Case } from "./world.ts";

const line = 27;

export const outputCases: readonly Case[] = [
  {
    name: "write drives the wire before it returns, and read gives the level back",
    run(world) {
      const output = openOutput(world, line);
      for (const active of [true, false, true]) {
        output.write(active);
        assert.equal(world.wire(line), active ? "high" : "low");
        assert.equal(output.read(), active);
      }
    },
  },
  {
    name: "active low turns the levels of an output round",
    run(world) {
      const output = openOutput(world, line, { active: "low", initial: false });
      assert.equal(world.wire(line), "high");
      assert.equal(output.read(), false);
      output.write(true);
      assert.equal(world.wire(line), "low");
      assert.equal(output.read(), true);
    },
  },
  {
    name: "an output has its initial level from the first moment",
    async run(world) {
      const kinds = [
        { offset: 22, active: "high", level: "high" },
        { offset: 23, active: "high", level: "low" },
        { offset: 24, active: "low", level: "high" },
        { offset: 25, active: "low", level: "low" },
      ] as const;
      // The wires have these levels already: any other one that is seen is a glitch.
      for (const { offset, level } of kinds) world.drive(offset, level);
      const seen = await world.sample(
        kinds.map(({ offset }) => offset),
        () => {
          for (let i = 0; i < 20; i++)
            for (const { offset, active, level } of kinds) {
              const output = openOutput(world, offset, { active, initial: level === active });
              assert.equal(world.wire(offset), level);
              assert.equal(output.read(), level === active);
              output.close();
            }
        },
      );
      assert.deepEqual(
        seen.map((levels) => [...levels]),
        kinds.map(({ level }) => [level]),
      );
    },
  },
  {
    name: "a closed line can be taken by another program, and closing again does nothing",
    run(world) {
      const output = openOutput(world, line);
      output.close();
      output.close();
      const other = world.hold(line, "somebody");
      output.close();
      refused("busy", () => openOutput(world, line));
      other.free();
      openOutput(world, line).close();
    },
  },
  {
    name: "after close no call follows, and reading or writing says that it is closed",
    async run(world) {
      world.drive(17, "low");
      const input = openInput(world, 17);
      const output = openOutput(world, line);
      world.drive(17, "high");
      input.handle.close();
      output.close();
      const witness = openInput(world, 17);
      world.drive(17, "low");
      await until(() => witness.events.length === 1, "the edge on the new handle");
      assert.deepEqual(input.events, []);
      assert.match(refused("io", () => input.handle.read()).message, /already closed/);
      assert.match(refused("io", () => output.write(true)).message, /already closed/);
    },
  },
  {
    name: "closing the driver frees every line",
    run(world) {
      openOutput(world, line);
      openInput(world, 17);
      world.driver.close();
      openOutput(world, line);
      openInput(world, 17);
    },
  },
  {
    name: "a listener may close its line in the middle of its edges",
    async run(world) {
      world.drive(17, "low");
      let edges = 0;
      const handle = world.driver.openInput(
        { chip: world.chip, offset: 17, active: "high", bias: "as-is", consumer: "pinbus:in" },
        {
          edge() {
            edges++;
            handle.close();
          },
          lost() {},
          gone() {},
        },
      );
      world.hammer(17, 9);
      await until(() => edges === 1, "the first edge");
      const witness = openInput(world, 17);
      world.drive(17, "low");
      await until(() => witness.events.length === 1, "the edge on the new handle");
      assert.equal(edges, 1);
    },
  },
];
