import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { migrateFile } from "../../../agent/command/migrate.ts";
import { tempFolder } from "../shell/fixture.ts";
import { pinbus } from "./agent-process.ts";

const table = [[{ from: "mqtt.host", to: "mqtt.server" }]];
const old = "mqtt:\n  host: a   # in the hall\n  port: 1884\n";

function written(text: string) {
  const file = join(tempFolder(), "pinbus.yaml");
  writeFileSync(file, text, { mode: 0o600 });
  const lines: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  onTestFinished(() => spy.mockRestore());
  return { file, said: () => lines.splice(0).join("") };
}

it("shows the lines that change, and changes nothing without --write", async () => {
  const { file, said } = written(old);
  expect(await migrateFile(file, false, table)).toBe(0);
  expect(said()).toBe(
    `+ version: 2\n-   host: a   # in the hall\n+   server: a   # in the hall\n` +
      `${file} has the form of version 1; \`pinbus check --migrate --write\` makes version 2 of it\n`,
  );
  expect(readFileSync(file, "utf8")).toBe(old);
});

it("with --write keeps the old file beside the new one, both with the rights that it had", async () => {
  const { file, said } = written(old);
  expect(await migrateFile(file, true, table)).toBe(0);
  expect(said()).toContain(`${file} has the form of version 2 now; the old one is ${file}.v1\n`);
  expect(readFileSync(file, "utf8")).toBe("version: 2\nmqtt:\n  server: a   # in the hall\n  port: 1884\n");
  expect(readFileSync(`${file}.v1`, "utf8")).toBe(old);
  expect([file, `${file}.v1`].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(await migrateFile(file, true, table)).toBe(0);
  expect(said()).toBe(`${file} has the newest form (version 2): nothing to do\n`);
});

it("does not overwrite an old file that was kept before", async () => {
  const { file } = written(old);
  writeFileSync(`${file}.v1`, "precious\n");
  await expect(migrateFile(file, true, table)).rejects.toMatchObject({ code: 1, message: expect.stringContaining("move it away") });
  expect([readFileSync(file, "utf8"), readFileSync(`${file}.v1`, "utf8")]).toEqual([old, "precious\n"]);
});

it("says at the command line that there is nothing to do, or that the file is newer than the program", async () => {
  const file = join(tempFolder(), "pinbus.yaml");
  writeFileSync(file, "node: a\n");
  expect(await pinbus(["check", "--migrate", "--config", file])).toEqual({
    code: 0,
    stdout: `${file} has the newest form (version 1): nothing to do\n`,
    stderr: "",
  });
  writeFileSync(file, "version: 9\n");
  const newer = "the file has version 9, and this pinbus knows versions up to 1";
  for (const args of [["check", "--migrate", "--write"], ["check"], ["run"]])
    expect(await pinbus([...args, "--config", file])).toMatchObject({
      code: 78,
      stderr: expect.stringContaining(`${file}:1:10: ${newer}`),
    });
  expect(existsSync(`${file}.v9`)).toBe(false);
  expect(await pinbus(["check", "--write", "--config", file])).toMatchObject({ code: 64 });
  expect(await pinbus(["check", "--migrate", "--config", `${file}.missing`])).toMatchObject({ code: 78, stdout: "" });
});
