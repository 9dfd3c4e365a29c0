import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createAccess } from "../../agent/broker-access.ts";
import { SettingError } from "../../agent/certificate.ts";
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

it.each([
  ["pi: $7$x$geheim$geheim", 'user "pi" cannot log in: its hash is damaged; write it with `pinbus passwd`'],
  ["pi: $2b$12$geheim", 'user "pi" cannot log in: its password is no hash that is known here; write it with `pinbus passwd`'],
  [
    "pi: $argon2id$v=19$geheim",
    'user "pi" cannot log in: its hash is of the kind argon2, which is not supported; write it with `mosquitto_passwd -H sha512-pbkdf2` or `pinbus passwd`',
  ],
])("a user of the configuration is refused as a line of the file is, without the text: %s", (user, sentence) => {
  const { broker } = loadedOf(`broker: { users: { ${user} } }`).config;
  expect(() => createAccess(broker, keptLog())).toThrow(new SettingError("broker.users", sentence));
});

it("asks to renew a hash of the old kind in the configuration", () => {
  const old = `$6$${"A".repeat(16)}$${"A".repeat(86)}==`;
  const { broker } = loadedOf(`broker: { users: { pi: "${old}" } }`).config;
  const log = keptLog();
  expect(createAccess(broker, log).rules).toMatchObject({ anonymous: false });
  expect(log.entries).toEqual(['warn: broker.users: user "pi" has a hash of the old kind ($6$); renew it with `pinbus passwd`']);
});

it("tells the first five users of a file who stand in the configuration too", () => {
  const file = join(tempFolder(), "users");
  const hash = `$7$101$${"A".repeat(16)}$${"A".repeat(86)}==`;
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  writeFileSync(file, names.map((name) => `${name}:${hash}\n`).join(""), { mode: 0o600 });
  const { broker } = loadedOf(`broker: { password_file: ${file}, users: { ${names.map((name) => `${name}: x`).join(", ")} } }`).config;
  expect(() => createAccess(broker, keptLog())).toThrow(
    /^broker\.users: user "a" stands in .* too; remove it there or here; .*; and 2 more users$/,
  );
});
