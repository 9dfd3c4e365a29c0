import { expect, it } from "vitest";
import { exit, exitTable } from "../../agent/exit.ts";

it("every exit code is explained once, under its own name", () => {
  expect(exitTable.map(({ name, code }) => [name, code])).toEqual(Object.entries(exit));
  expect(new Set(Object.values(exit)).size).toBe(exitTable.length);
});

it("what a person must mend is not restarted by systemd, anything else that fails is", () => {
  const stays = exitTable.filter(({ systemd }) => systemd === "stays stopped").map(({ code }) => code);
  expect(stays).toEqual([0, 64, 78]);
});
