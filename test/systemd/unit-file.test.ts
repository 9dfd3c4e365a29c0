import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { exitTable } from "../../agent/exit.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
const file = (name: string) => readFileSync(join(root, "systemd", name), "utf8");

/** The values of a setting, in order. */
function values(name: string): string[] {
  return [...file("pinbus.service").matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map((match) => match[1] ?? "");
}

test("systemd does not restart exactly the failures that the table of exit codes says stay stopped", () => {
  const stays = exitTable.filter((row) => row.systemd === "stays stopped" && row.code !== 0).map((row) => String(row.code));
  expect(values("RestartPreventExitStatus")).toEqual([stays.join(" ")]);
});

test("the unit starts and makes safe with what people type, which runs the bin that package.json names", () => {
  const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { pinbus } = JSON.parse(file("places.json"));
  expect(values("ExecStart")).toEqual([`${pinbus} run`]);
  expect(values("ExecStopPost")).toEqual([`-${pinbus} safe`]);
  expect(file("pinbus")).toContain(`\nmain=/usr/lib/pinbus/${bin.pinbus}\n`);
});

test("the unit passes the sockets under the names that the agent looks for", () => {
  expect(values("OpenFile")).toEqual(["/run/systemd/notify:notify:graceful", "/run/systemd/journal/socket:journal:graceful"]);
  expect(values("NotifyAccess")).toEqual(["all"]);
});

test("the groups that may use the sockets are created, and the daemon's user is in none of them", () => {
  const users = file("sysusers.conf");
  for (const line of values("ExecStartPost")) {
    const group = /chgrp -h (\S+)/.exec(line)?.[1];
    expect(users).toMatch(new RegExp(`^g ${group} `, "m"));
    expect(users).not.toMatch(new RegExp(`^m pinbus ${group}`, "m"));
  }
});

test("what would kill Node or blind it is not in the unit", () => {
  for (const setting of ["MemoryDenyWriteExecute", "ProcSubset", "LimitAS", "LimitNPROC", "PrivateDevices", "LogNamespace"])
    expect(values(setting), setting).toEqual([]);
});
