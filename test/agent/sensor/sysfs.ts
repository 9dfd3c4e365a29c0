import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Files, Programs, SensorWorld } from "../../../agent/sensor/driver.ts";
import { FileProcess } from "../../../agent/sensor/file-process.ts";
import { tempFolder } from "../shell/fixture.ts";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));
/** The program as it is installed: `npm test` builds it first. */
export const reader = join(root, "dist/agent/sensor/reader.js");

/** Reads files as the agent does. */
export function filesOf(program = reader): FileProcess {
  const files = new FileProcess(program);
  onTestFinished(() => files.close());
  return files;
}

/** Where drivers look in a test. */
export function worldOf(sysfs: string, files: Files & Programs = filesOf()): SensorWorld {
  return { sysfs, files, programs: files };
}

/** A tree like /sys, in a folder that is removed with the test. */
export function sysfs(tree: Record<string, string> = {}) {
  const folder = tempFolder();
  const path = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  for (const [name, text] of Object.entries(tree)) write(name, text);
  return {
    folder,
    path,
    write,
    /** A folder where a file is expected, so that it cannot be read. */
    folderAt: (name: string) => mkdirSync(path(name), { recursive: true }),
    /** A file whose reader waits until somebody writes. */
    fifo(name: string) {
      mkdirSync(dirname(path(name)), { recursive: true });
      execFileSync("mkfifo", [path(name)]);
    },
  };
}

export const forever = new AbortController().signal;
