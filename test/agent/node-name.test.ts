import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rememberNode } from "../../agent/node-name.ts";
import { configOf } from "../config/loading.ts";
import { factoryMachines } from "./machines.ts";
import { keptLog, tempFolder } from "./shell/fixture.ts";

const [host = { hostname: "", machineId: "" }] = factoryMachines(1);

/** The configuration as a start of the agent reads it, and what it writes down then. */
async function start(dir: string, text = "", log = keptLog()) {
  const config = configOf(`state_dir: ${dir}\n${text}`, { host });
  await rememberNode(config, host, log);
  return config.node;
}

it("the name of a new machine has eight digits, and keeps them when there is more in the state folder", async () => {
  const dir = join(tempFolder(), "state");
  const name = await start(dir);
  expect(name).toMatch(/^raspberrypi-[0-9a-f]{8}$/);
  writeFileSync(join(dir, "seq.json"), "{}");
  expect(await start(dir)).toBe(name);
});

it("the name of a machine on which an earlier version has run keeps its four digits", async () => {
  const dir = tempFolder();
  writeFileSync(join(dir, "seq.json"), "{}");
  const name = await start(dir);
  expect(name).toMatch(/^raspberrypi-[0-9a-f]{4}$/);
  rmSync(join(dir, "seq.json"));
  expect(await start(dir)).toBe(name);
});

it("a name of the configuration is not written down", async () => {
  const dir = tempFolder();
  expect(await start(dir, "node: garage")).toBe("garage");
  expect(readdirSync(dir)).toEqual([]);
});

it("says what to do when the name cannot be written down", async () => {
  const dir = join(tempFolder(), "state");
  mkdirSync(join(dir, "node"), { recursive: true });
  const log = keptLog();
  const name = await start(dir, "", log);
  expect(log.entries).toEqual([expect.stringContaining(`write node: ${name} into the configuration`)]);
});
