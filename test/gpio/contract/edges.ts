import assert from "node:assert/strict";
import { monotonicNs } from "../../../gpio/monotonic.ts";
import { openInput, quiet, until } from "./probe.ts";
import type { Case } from "./world.ts";

const line = 17;

export const edgeCases: readonly Case[] = [
  {
    name: "edges of a line arrive in order, each once, numbered from 1, with times that do not go back",
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      const start = monotonicNs();
      for (let i = 1; i <= 60; i++) {
        world.drive(line, i % 2 === 1 ? "high" : "low");
        await until(() => input.events.length >= i, `edge ${i}`);
        assert.equal(input.handle.read(), i % 2 === 1);
      }
      assert.deepEqual(
        input.events.map(({ edge, seqno }) => [edge, seqno]),
        Array.from({ length: 60 }, (_, i) => [i % 2 === 0 ? "rising" : "falling", i + 1]),
      );
      const times = [start, ...input.events.map(({ atNs }) => atNs), monotonicNs()];
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.deepEqual(input.losses, []);
    },
  },
  {
    name: "active low turns levels and edges of an input round",
    async run(world) {
      world.drive(line, "high");
      const input = openInput(world, line, { active: "low" });
      assert.equal(input.handle.read(), false);
      world.drive(line, "low");
      await until(() => input.events.length === 1, "the press");
      assert.equal(input.handle.read(), true);
      world.drive(line, "high");
      await until(() => input.events.length === 2, "the release");
      assert.deepEqual(
        input.events.map(({ edge }) => edge),
        ["rising", "falling"],
      );
    },
  },
  {
    name: "an input is told nothing about the level that it had before",
    async run(world) {
      world.drive(line, "high");
      const input = openInput(world, line);
      world.drive(line, "low");
      await until(() => input.events.length > 0, "the first change");
      assert.deepEqual(
        input.events.map(({ edge }) => edge),
        ["falling"],
      );
    },
  },
  {
    name: "after a burst of 10,000 edges the last level is right, and none came twice or out of order",
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      await world.burst(line, 9_999);
      await quiet(input);
      assert.equal(input.events.at(-1)?.edge, "rising");
      assert.equal(input.handle.read(), true);
      world.drive(line, "low");
      await until(() => input.events.at(-1)?.edge === "falling", "the edge after the burst");
      assert.equal(input.handle.read(), false);
      const numbers = input.events.map(({ seqno }) => seqno);
      assert.ok(
        numbers.every((number, i) => number > (numbers[i - 1] ?? 0)),
        "seqno ascends",
      );
      const times = input.events.map(({ atNs }) => atNs);
      assert.ok(
        times.every((time, i) => time >= (times[i - 1] ?? 0)),
        "times ascend",
      );
      const lost = input.losses.reduce((sum, count) => sum + count, 0);
      assert.ok(input.events.length + lost <= 10_000, `${input.events.length} delivered, ${lost} lost`);
      if (world.driver.capabilities.seqno)
        assert.equal(input.events.length + lost, numbers.at(-1), "every number is delivered or counted as lost");
    },
  },
  {
    name: "a loss is seen in the numbers and counted in front of the next edge, and the level is right",
    needs: ["seqno"],
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      world.hammer(line, 3_001);
      // The kernel may hand in the very last edge when the buffer is being read already.
      await until(() => input.events.length >= 1_024, "the edges in the kernel's buffer");
      await quiet(input);
      const lost = input.losses[0] ?? 0;
      assert.equal(input.losses.length, 1, "one gap: the oldest edges were dropped");
      assert.equal(input.events[0]?.seqno, lost + 1);
      assert.equal(input.events.at(-1)?.seqno, lost + input.events.length);
      assert.equal(input.events.at(-1)?.edge, "rising");
      assert.equal(input.handle.read(), true);
    },
  },
  {
    name: "edge times are the kernel's, also when the event loop stood still",
    needs: ["kernelTime"],
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      const before = monotonicNs();
      world.drive(line, "high");
      const after = monotonicNs();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      await until(() => input.events.length === 1, "the edge");
      const at = input.events[0]?.atNs ?? 0;
      assert.ok(at >= before && at <= after + 200e6, `${(at - before) / 1e6} ms after the press, delivered after 300 ms`);
    },
  },
  {
    name: "edges that waited are all told in one turn of the event loop, before a deadline that has passed meanwhile",
    needs: ["seqno"],
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      const told = new Promise<number>((resolve) => setTimeout(() => setImmediate(() => resolve(input.events.length)), 1));
      world.hammer(line, 301);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      const first = await told;
      await quiet(input);
      // The kernel may hand in the very last edge when the others are being read already.
      assert.ok(first >= input.events.length - 1, `${first} of ${input.events.length} edges`);
    },
  },
  {
    name: "edge times are those of reading, when the driver declares no kernel time",
    lacks: "kernelTime",
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      world.drive(line, "high");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      const read = monotonicNs();
      await until(() => input.events.length === 1, "the edge");
      assert.ok((input.events[0]?.atNs ?? 0) >= read);
    },
  },
  {
    name: "two edges that merge leave the level right and the next edge arrives",
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      world.drive(line, "high");
      world.drive(line, "low");
      assert.equal(input.handle.read(), false);
      world.drive(line, "high");
      await until(() => input.events.at(-1)?.edge === "rising" && input.handle.read(), "the press after the merged ones");
      assert.ok(input.events.length <= 3);
    },
  },
  {
    name: "reading the level takes no edge away",
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line);
      for (let i = 1; i <= 20; i++) {
        world.drive(line, i % 2 === 1 ? "high" : "low");
        assert.equal(input.handle.read(), i % 2 === 1);
        await until(() => input.events.length >= i, `edge ${i}`);
      }
      assert.equal(input.events.length, 20);
    },
  },
  {
    name: "one kind of edge alone is told and numbered, by the logical level",
    async run(world) {
      world.drive(line, "high");
      const input = openInput(world, line, { active: "low", edges: "rising" });
      for (let i = 1; i <= 20; i++) {
        world.drive(line, "low");
        await until(() => input.events.length >= i, `press ${i}`);
        world.drive(line, "high");
      }
      await quiet(input);
      assert.deepEqual(
        input.events.map(({ edge, seqno }) => [edge, seqno]),
        Array.from({ length: 20 }, (_, i) => ["rising", i + 1]),
      );
      input.handle.close();
      const other = openInput(world, line, { active: "low", edges: "falling" });
      world.drive(line, "low");
      world.drive(line, "high");
      await until(() => other.events.length === 1, "the release");
      assert.equal(other.events[0]?.edge, "falling");
    },
  },
  {
    name: "of one kind of edge, delivered and lost together are every interrupt that there was",
    needs: ["seqno"],
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line, { edges: "rising" });
      world.hammer(line, 6_000);
      await until(() => input.events.length >= 1_024, "the edges in the kernel's buffer");
      await quiet(input);
      const lost = input.losses.reduce((sum, count) => sum + count, 0);
      assert.ok(lost > 0, "the buffer was too small for them");
      const all = input.events.length + lost;
      assert.equal(all, input.events.at(-1)?.seqno);
      // So close together some interrupts merge before they are numbered; nobody can count those.
      assert.ok(all <= 3_000, `${all} of 3000`);
    },
  },
  {
    name: "a debounced line tells a level once it has held, at the end of the time, and reads the settled one",
    needs: ["debounce"],
    async run(world) {
      world.drive(line, "low");
      const input = openInput(world, line, { debounceMs: 40 });
      const start = monotonicNs();
      for (let i = 0; i < 9; i++) world.drive(line, i % 2 === 0 ? "high" : "low");
      assert.equal(input.handle.read(), false, "it has not held yet");
      await until(() => input.events.length > 0, "the end of the debounce");
      const end = monotonicNs();
      assert.equal(input.handle.read(), true);
      world.drive(line, "low");
      world.drive(line, "high");
      await quiet(input);
      assert.deepEqual(
        input.events.map(({ edge, seqno }) => [edge, seqno]),
        [["rising", 1]],
      );
      const at = input.events[0]?.atNs ?? 0;
      assert.ok(at >= start + 39e6 && at <= end, `${(at - start) / 1e6} ms after the first contact`);
      assert.deepEqual(input.losses, []);
    },
  },
  {
    name: "a debounce is refused with the way out, when the driver declares none",
    lacks: "debounce",
    run(world) {
      assert.throws(() => openInput(world, 23, { debounceMs: 20 }), /gpio\.driver: chardev/);
      openInput(world, 23).handle.close();
    },
  },
  {
    name: "pull-up and pull-down are set by the request",
    needs: ["bias"],
    run(world) {
      // Against what the line has, so that only the request can have changed it.
      const up = openInput(world, 23, { bias: "pull-up" });
      assert.equal(up.handle.read(), true);
      up.handle.close();
      const down = openInput(world, 23, { bias: "pull-down" });
      assert.equal(down.handle.read(), false);
    },
  },
  {
    name: "a bias is refused with the way out, when the driver declares none",
    lacks: "bias",
    run(world) {
      assert.throws(() => openInput(world, 23, { bias: "pull-up" }), /config\.txt \(gpio=23=ip,pu\)/);
      openInput(world, 23).handle.close();
    },
  },
];
