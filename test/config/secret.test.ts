import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeConfig } from "../../config/describe.ts";
import { loadConfig } from "../../config/load.ts";
import { configOf, host, load, saidAbout } from "./loading.ts";

const secret = "Xq7-hunter2-Zk9";
const around = (password: string): string => `mqtt:\n  server: broker.local\n  username: pi\n  password: ${password}\nnode: garage\n`;

describe("a secret", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pinbus-secret-"));
    mkdirSync(join(folder, "credentials"));
    writeFileSync(join(folder, "password"), `${secret}\n`, { mode: 0o600 });
    writeFileSync(join(folder, "open"), `${secret}\r\n`);
    writeFileSync(join(folder, "empty"), "\n", { mode: 0o600 });
    writeFileSync(join(folder, "lines"), `${secret}\nsecond\n`, { mode: 0o600 });
    writeFileSync(join(folder, "credentials/secrets_mqtt"), secret, { mode: 0o600 });
    chmodSync(join(folder, "open"), 0o644);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const loadFile = (password: string, env: NodeJS.ProcessEnv = {}, mode = 0o600) => {
    const file = join(folder, "pinbus.yaml");
    writeFileSync(file, around(password));
    chmodSync(file, mode);
    const result = loadConfig({ file, env, args: {}, host });
    const said = saidAbout(result).map((line) => line.replaceAll(`${folder}/`, ""));
    return { said, password: result.ok ? result.config.mqtt.password : undefined };
  };

  it("comes from a file beside the configuration, without its last newline", () => {
    expect(loadFile("{ file: password }")).toEqual({ said: [], password: secret });
  });

  it("stands in one of pinbus's own files, as all that the configuration names besides logs", () => {
    const file = join(folder, "pinbus.yaml");
    writeFileSync(
      file,
      `${around("{ file: password }")}services: [{ unit: a.service, log_file: /var/log/a }]\nbroker: { acl_file: acl }\n`,
    );
    const result = loadConfig({ file, env: { PINBUS_STATE_DIR: "/state" }, args: {}, host });
    const own = [file, join(folder, "password"), join(folder, "acl"), "/state"];
    expect(result.ok && new Set(result.files)).toEqual(new Set(own));
  });

  it("is read from a file that everybody may read, with a warning", () => {
    const said = ["pinbus.yaml:4:13: warning: mqtt.password: everybody may read open, run sudo chgrp pinbus open && sudo chmod 640 open"];
    expect(loadFile("{ file: open }")).toEqual({ said, password: secret });
  });

  it("comes from the environment and from a systemd credential", () => {
    expect(loadFile("{ env: MQTT_PASSWORD }", { MQTT_PASSWORD: secret })).toEqual({ said: [], password: secret });
    const env = { CREDENTIALS_DIRECTORY: join(folder, "credentials") };
    expect(loadFile("{ credential: mqtt }", env)).toEqual({ said: [], password: secret });
    expect(loadFile("{ credential: mqtt }").said[0]).toMatch("there are no systemd credentials");
    expect(loadFile("{ credential: ../password }", env).said[0]).toMatch("not the name of a credential");
    expect(loadFile("{ credential: other }", env).said[0]).toMatch("there is no systemd credential other");
  });

  it("is accepted as text, with a note; with a warning in a file that everybody may read", () => {
    const note = "pinbus.yaml:4:13: note: mqtt.password: the password stands in the configuration itself, ";
    expect(loadFile(secret)).toEqual({ said: [`${note}a file of its own is easier to protect: {file: PATH}`], password: secret });
    expect(loadFile(secret, {}, 0o644).said[0]).toMatch("warning: mqtt.password: the password stands in a file that everybody may read");
  });

  it("is refused when it is empty or has several lines", () => {
    expect(loadFile("{ file: empty }").said).toEqual(["pinbus.yaml:4:13: mqtt.password: empty is empty, write the password into it"]);
    expect(loadFile("{ file: lines }").said).toEqual([
      "pinbus.yaml:4:13: mqtt.password is not text in one line, write 1 to 1024 characters",
    ]);
    expect(loadFile('""').said).toHaveLength(1);
  });

  it("stays unread for a client that needs none", () => {
    const result = load(around("{ file: /no/such/file }"), { secrets: "leave" });
    expect(result).toMatchObject({ ok: true, config: { mqtt: { username: "pi", password: null } }, warnings: [] });
  });

  it("does not stand in the documentation", () => {
    expect(configOf(around(secret)).mqtt.password).toBe(secret);
    expect(describeConfig()).not.toContain("hunter2");
  });

  it("appears in no message when a lost colon makes a key of it", () => {
    expect(saidAbout(load(`  passwor  ${secret} node: garage\n`))).toEqual([
      expect.stringMatching(/^pinbus.yaml:1:3: the key that stands here is not known/),
    ]);
  });

  it("appears in no message, whatever is wrong around it", () => {
    const text = around(secret);
    const start = text.indexOf(secret);
    const junk = fc.constantFrom(
      " ",
      "\n",
      "\t",
      ":",
      ": ",
      "- ",
      "*",
      "&",
      "!",
      "@",
      "%",
      "|",
      ">",
      "[",
      "]",
      "{",
      "}",
      '"',
      "'",
      "#",
      ",",
      "\0",
      "?",
      "\\",
    );
    const place = fc.nat({ max: text.length }).filter((at) => at <= start || at >= start + secret.length);
    const edit = fc.record({ at: place, cut: fc.nat({ max: 3 }), put: junk });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let broken = text;
        for (const { at, cut, put } of [...edits].sort((a, b) => b.at - a.at)) {
          const end = at <= start ? Math.min(at + cut, start) : at + cut;
          broken = broken.slice(0, at) + put + broken.slice(end);
        }
        const env = { PINBUS_MQTT_PASSWORD: `${secret}\n` };
        for (const line of [...saidAbout(load(broken)), ...saidAbout(load(broken, { env }))]) expect(line).not.toContain(secret);
      }),
      { numRuns: 150 },
    );
  });
});
