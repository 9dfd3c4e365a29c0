import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createAccess } from "../../agent/broker-access.ts";
import { loadedOf } from "./doctor/world.ts";
import { keptLog, tempFolder } from "./shell/fixture.ts";

it("a file of users that everybody may read is closed so that the service still reads it", () => {
  const file = join(tempFolder(), "users");
  writeFileSync(file, "");
  const { broker } = loadedOf(`broker: { password_file: ${file} }`).config;
  const said = (mode: number) => {
    chmodSync(file, mode);
    const log = keptLog();
    createAccess(broker, log);
    return log.entries.filter((entry) => entry.includes("everybody"));
  };
  expect(said(0o644)).toEqual([`warn: everybody may read ${file}: run sudo chgrp pinbus ${file} && sudo chmod 640 ${file}`]);
  expect(said(0o640)).toEqual([]);
});
