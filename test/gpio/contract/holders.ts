import assert from "node:assert/strict";
import { openInput, openOutput, refused, until } from "./probe.ts";
import type { Case } from "./world.ts";

const line = 22;

export const holderCases: readonly Case[] = [
  {
    name: "a line that another program holds is busy, and a request that failed holds nothing",
    run(world) {
      const other = world.hold(line, "heater");
      refused("busy", () => openInput(world, line));
      refused("busy", () => openOutput(world, line));
      other.free();
      openInput(world, line).handle.close();
      openOutput(world, line).close();
    },
  },
  {
    name: "a busy line names its holder",
    needs: ["holder"],
    run(world) {
      const other = world.hold(line, "heater");
      assert.match(refused("busy", () => openInput(world, line)).message, /line 22 of .*"heater"/);
      assert.equal(world.driver.lines(world.chip)[line]?.holder, "heater");
      other.free();
      assert.equal(world.driver.lines(world.chip)[line]?.holder, "");
    },
  },
  {
    name: "a line that this driver holds is busy for itself, under the name it was given",
    run(world) {
      openOutput(world, line, { consumer: "pinbus:gate" });
      assert.match(refused("busy", () => openInput(world, line)).message, /gate/);
      assert.equal(world.driver.lines(world.chip)[line]?.holder, "pinbus:gate");
      assert.equal(world.driver.lines(world.chip)[line]?.direction, "output");
    },
  },
  {
    name: "a chip that is not there is named together with those that are",
    run(world) {
      const error = refused("no-chip", () => world.driver.openInput({ ...request, chip: "pinctrl-nothing" }, deaf));
      assert.match(error.message, /pinctrl-nothing/);
      assert.ok(error.message.includes(world.chip));
      refused("no-chip", () => world.driver.lines("pinctrl-nothing"));
      refused("no-chip", () => world.driver.peek({ chip: "pinctrl-nothing", offset: 0 }, "high"));
    },
  },
  {
    name: "a line that the chip does not have is refused with the range",
    run(world) {
      const { lines } = world.driver.chips().find(({ label }) => label === world.chip) ?? { lines: 0 };
      assert.equal(world.driver.lines(world.chip).length, lines);
      for (const offset of [lines, 4_000])
        assert.match(refused("no-line", () => openInput(world, offset)).message, new RegExp(`lines 0 to ${lines - 1}`));
    },
  },
  {
    name: "peek sees the level of a free line and leaves it as it is",
    run(world) {
      world.drive(line, "high");
      assert.equal(world.driver.peek({ chip: world.chip, offset: line }, "high"), true);
      assert.equal(world.driver.peek({ chip: world.chip, offset: line }, "low"), false);
      world.drive(line, "low");
      assert.equal(world.driver.peek({ chip: world.chip, offset: line }, "high"), false);
      assert.equal(world.wire(line), "low");
      openInput(world, line).handle.close();
    },
  },
  {
    name: "peek of a line that another program holds says that it is busy",
    run(world) {
      const other = world.hold(line, "heater");
      refused("busy", () => world.driver.peek({ chip: world.chip, offset: line }, "high"));
      other.free();
    },
  },
  {
    name: "a chip that goes away is told once on each line, and is found again by its label under another number",
    async run(world) {
      const { chip } = world;
      world.drive(17, "low");
      const nameOf = () => world.driver.chips().find(({ label }) => label === chip)?.name;
      const name = nameOf();
      const input = openInput(world, 17);
      const output = openOutput(world, line);
      await world.removeBoard();
      await until(() => input.gone > 0 && output.gone() > 0, "the chip's end on both lines");
      refused("gone", () => input.handle.read());
      refused("gone", () => output.read());
      refused("gone", () => output.write(true));
      refused("no-chip", () => openInput(world, 17));
      assert.equal(nameOf(), undefined);
      await world.returnBoard();
      // The handles that are still open keep the old number taken; sysfs has bases instead, which are given out again.
      if (world.driver.name !== "sysfs") assert.notEqual(nameOf(), name);
      world.drive(17, "low");
      const again = openInput(world, 17);
      const outputAgain = openOutput(world, line);
      // Closing what is dead must not take the new lines away, whatever number they have.
      input.handle.close();
      output.close();
      world.drive(17, "high");
      await until(() => again.events.length === 1, "an edge on the chip that is back");
      outputAgain.write(true);
      assert.equal(world.wire(line), "high");
      refused("busy", () => openOutput(world, line));
      assert.deepEqual([input.gone, output.gone(), again.gone, outputAgain.gone()], [1, 1, 0, 0]);
    },
  },
  {
    name: "a line of a program that was killed is free at once",
    needs: ["processes", "kernelTime"],
    async run(world) {
      await world.processes?.killedHolder(line, true);
      openOutput(world, line).close();
    },
  },
  {
    name: "a line that a killed program left in sysfs keeps its level, is seen by peek and is taken over",
    needs: ["processes"],
    lacks: "kernelTime",
    async run(world) {
      world.drive(line, "low");
      await world.processes?.killedHolder(line, true);
      assert.equal(world.wire(line), "high");
      assert.equal(world.driver.peek({ chip: world.chip, offset: line }, "high"), true);
      assert.equal(world.wire(line), "high");
      const output = openOutput(world, line, { initial: false });
      assert.equal(world.wire(line), "low");
      output.close();
      world.hold(line, "somebody").free();
    },
  },
  {
    name: "a line that is exported in sysfs is busy, and the message says so",
    needs: ["processes", "holder"],
    run(world) {
      world.processes?.leaveExport(line, true);
      try {
        assert.match(refused("busy", () => openOutput(world, line)).message, /exported through sysfs/);
      } finally {
        world.processes?.leaveExport(line, false);
      }
    },
  },
  {
    name: "a user without the group is told which one is missing, and one with it may use the line",
    needs: ["processes"],
    async run(world) {
      const refusal = await world.processes?.openAs("nobody", line);
      assert.match(refusal ?? "", /^permission .*nobody may not open .*gpio.*sudo usermod -aG gpio nobody/);
      assert.equal(await world.processes?.openAs("pi", line), "ok");
    },
  },
];

const request = { offset: 1, active: "high", bias: "as-is", consumer: "pinbus:test" } as const;
const deaf = { edge() {}, lost() {}, gone() {} };
