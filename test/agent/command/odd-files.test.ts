import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../shell/fixture.ts";
import { main, pinbus, runIn } from "./agent-process.ts";

const settings = `
state_dir: state
control: { socket: control.sock }
gpio: { driver: sim, board: pi4 }
inputs: { meter: { line: 17, kind: counter }, porch: { line: 22 } }
outputs: { lamp: { line: 27 } }
rules: { start: { when: { start: true }, do: [{ output: lamp, set: on }] } }
outbox: { telemetry: disk }
`;

function folderWith(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-command-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "pinbus.yaml"), `${settings}${yaml}`, { mode: 0o600 });
  return folder;
}

const told = ["seq.json", "outputs.json", "history.jsonl", "rules.json", "plugs.json", "sums.json", "starts.json", "counters/meter"];
const ofBroker = ["outbox.jsonl", "telemetry.jsonl", "broker.jsonl"];

it.each([
  ["pipes", (path: string) => execFileSync("mkfifo", [path])],
  ["directories", (path: string) => mkdirSync(path)],
])("an agent whose files are %s starts, tells each and puts it aside", async (_name, make) => {
  const folder = folderWith("broker: { listeners: [{ protocol: mqtt, port: 0 }] }\n");
  mkdirSync(join(folder, "state/counters"), { recursive: true });
  const files = [...told, ...ofBroker].map((name) => join(folder, "state", name));
  for (const file of [...files, join(folder, "state/node")]) make(file);
  const agent = await runIn(folder);
  onTestFinished(() => agent.clean());
  const untold = files.filter((file) => !agent.stderr.includes(`${file}.bad`) || !existsSync(`${file}.bad`));
  expect({ untold, stderr: untold.length > 0 ? agent.stderr : "" }).toEqual({ untold: [], stderr: "" });
  agent.child.kill("SIGTERM");
  expect((await agent.done).code).toBe(0);
});

it.each([
  ["the configuration", "--config=pipe", "", "pipe: this is a pipe"],
  ["a secret", "", "mqtt: { server: localhost, password: { file: pipe } }", "pipe: this is a pipe"],
  ["the users", "", "broker: { password_file: pipe }", "broker.password_file: "],
  ["the rules of the broker", "", "broker: { acl_file: pipe }", "broker.acl_file: "],
  ["an authority", "", "mqtt: { server: localhost, tls: on, ca: pipe }", "mqtt.ca: "],
])("%s that is a pipe ends the start with 78 and a sentence", async (_name, argument, yaml, said) => {
  const folder = folderWith(yaml);
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const { code, stderr } = await pinbus(["run", argument || "--config=pinbus.yaml"], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringMatching(new RegExp(`${said}.*nobody writes into it`)) });
});

it("what is no file does not take the place of what was put aside before", async () => {
  const folder = folderWith("broker: { listeners: [{ protocol: mqtt, port: 0 }] }\n");
  const file = join(folder, "state/broker.jsonl");
  mkdirSync(file, { recursive: true });
  writeFileSync(`${file}.bad`, "precious");
  const agent = await runIn(folder);
  onTestFinished(() => agent.clean());
  await eventually(() => agent.stderr).toContain(`${file} could not be read: this is a directory and no file; move it away`);
  expect(lstatSync(`${file}.bad`).size).toBe(8);
});

it("a configuration may come through a pipe, and later than its reader", () => {
  const folder = folderWith("mqtt: { server: localhost }\n");
  const program = `(sleep 0.3; cat pinbus.yaml) | "${process.execPath}" "${main}" check --config /dev/stdin`;
  expect(execFileSync("sh", ["-c", program], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })).toContain("lamp");
});
