import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { LogLine, LogView } from "../../agent/protocol.ts";
import { createServiceLogs, type ServiceLogs } from "../../agent/service-logs.ts";
import { systemClock } from "../../agent/shell/clock.ts";
import type { Current } from "../../agent/shell/current.ts";
import type { ServiceEntry } from "../../config/services.ts";
import { script } from "../systemd/scripts.ts";
import { eventually, tempFolder } from "./shell/fixture.ts";

/** Logs of these units; `journalctl` is a shell script with the arguments in "$@", $folder to write in. */
function logsOf(services: ServiceEntry[], journalctl = "exec sleep 60", idle = 5000, ownFiles: string[] = []) {
  const folder = tempFolder();
  const world = { services };
  const current = () => ({ config: world }) as unknown as Current;
  const program = script(folder, "journalctl", `folder=${folder}\necho $$ >> $folder/pids\n${journalctl}`);
  const logs = createServiceLogs({ current, clock: systemClock, journalctl: program, idle, ownFiles: () => ownFiles });
  onTestFinished(() => logs.stop());
  const pids = () => (existsSync(join(folder, "pids")) ? readFileSync(join(folder, "pids"), "utf8").trim().split("\n").map(Number) : []);
  return { folder, world, logs, pids };
}

const entry = (text: string) => `{"MESSAGE":"${text}","PRIORITY":"6","__REALTIME_TIMESTAMP":"1700000000000000"}`;

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Asks again and again, as the terminal does. */
class Follower {
  readonly lines: LogLine[] = [];
  view: LogView | undefined;
  #on = true;
  constructor(logs: ServiceLogs, unit: string, from: LogView["from"]) {
    onTestFinished(() => this.stop());
    void this.#follow(logs, unit, from);
  }
  get texts(): string[] {
    return this.lines.map(({ text }) => text);
  }
  stop(): void {
    this.#on = false;
  }
  async #follow(logs: ServiceLogs, unit: string, from: LogView["from"]): Promise<void> {
    while (this.#on) {
      this.view = await logs.read({ unit, from, ...(this.view && { run: this.view.run, after: this.view.last }) });
      this.lines.push(...this.view.lines);
    }
  }
}

it("the journal of a unit is followed from its last lines on, by one process for all who look", async () => {
  const { folder, logs, pids } = logsOf(["a.service"], `echo '${entry("old")}'; exec tail -n +1 -F $folder/more 2>/dev/null`);
  const [one, other] = [new Follower(logs, "a.service", "journal"), new Follower(logs, "a.service", "journal")];
  await eventually(() => one.texts).toEqual(["old"]);
  writeFileSync(join(folder, "more"), `${entry("new")}\nno entry\n`);
  await eventually(() => [one.texts, other.texts]).toEqual([
    ["old", "new"],
    ["old", "new"],
  ]);
  expect(one.lines[1]).toEqual({ number: 2, at: "2023-11-14T22:13:20.000Z", priority: 6, text: "new" });
  expect(pids()).toHaveLength(1);
});

it("the warnings of all units are read by one process, and each says of which unit it is", async () => {
  const about = (text: string, fields: object) =>
    JSON.stringify({ MESSAGE: text, PRIORITY: "4", __REALTIME_TIMESTAMP: "1700000000000000", ...fields });
  const entries = [
    about("its own", { _SYSTEMD_UNIT: "a.service", UNIT: "b.service" }),
    about("of systemd", { _SYSTEMD_UNIT: "init.scope", UNIT: "b.service" }),
    about("of nobody", { _SYSTEMD_UNIT: "secret.service" }),
  ];
  const { logs, world, pids } = logsOf(["a.service", "b.service"], `${entries.map((each) => `echo '${each}'`).join("\n")}\nexec sleep 60`);
  const follower = new Follower(logs, "", "warnings");
  await eventually(() => follower.lines.map(({ text, unit }) => [text, unit])).toEqual([
    ["its own", "a.service"],
    ["of systemd", "b.service"],
    ["of nobody", undefined],
  ]);
  expect(pids()).toHaveLength(1);
  follower.stop();
  world.services = [];
  await expect(logs.read({ unit: "", from: "warnings" })).rejects.toThrow("no unit is configured under services:");
});

it("the process ends when nobody asks any more, and with the agent", async () => {
  const { logs, pids } = logsOf(["a.service", "b.service"], `echo '${entry("x")}'; exec sleep 60`, 50);
  await logs.read({ unit: "a.service", from: "journal" });
  await eventually(() => pids().map(alive)).toEqual([false]);
  await logs.read({ unit: "b.service", from: "journal" });
  logs.stop();
  await eventually(() => pids().map(alive)).toEqual([false, false]);
});

it("who asks again during the farewell of the agent starts nothing any more", async () => {
  const { logs, pids } = logsOf(["a.service"], `echo '${entry("x")}'; exec sleep 60`);
  const { run, last } = await logs.read({ unit: "a.service", from: "journal" });
  const waiting = logs.read({ unit: "a.service", from: "journal", run, after: last });
  logs.stop();
  await expect(waiting).resolves.toMatchObject({ lines: [] });
  await expect(logs.read({ unit: "a.service", from: "journal", run, after: last })).rejects.toMatchObject({
    reason: "failed",
    message: "the agent is stopping",
  });
  expect(pids()).toHaveLength(1);
});

it("only units of the configuration are read, and only a few at the same time", async () => {
  const units = ["a", "b", "c", "d", "e"].map((name) => `${name}.service`);
  const { logs, world, pids } = logsOf(units);
  await expect(logs.read({ unit: "ssh.service", from: "journal" })).rejects.toMatchObject({
    reason: "unknown-id",
    message: `there is no unit "ssh.service" in \`services\`; there are ${units.join(", ")}`,
  });
  await expect(logs.read({ unit: "a.service", from: "file" })).rejects.toMatchObject({ reason: "unsupported" });
  await expect(logs.read({ unit: "a.service", from: "else" as never })).rejects.toMatchObject({ reason: "malformed" });
  expect(pids()).toEqual([]);
  for (const unit of units.slice(0, 4)) new Follower(logs, unit, "journal");
  await eventually(() => pids()).toHaveLength(4);
  await expect(logs.read({ unit: "e.service", from: "journal" })).rejects.toMatchObject({ reason: "busy" });
  world.services = [];
  await expect(logs.read({ unit: "a.service", from: "journal" })).rejects.toMatchObject({ reason: "unknown-id" });
});

it("a flood is lost by number, and what is told of it is bounded", async () => {
  const { logs } = logsOf(["a.service"], `i=0; while [ $i -lt 20000 ]; do echo '${entry("x")}'; i=$((i+1)); done; exec sleep 60`);
  const follower = new Follower(logs, "a.service", "journal");
  await eventually(() => follower.view?.last).toBe(20_000);
  expect(follower.lines.length).toBeLessThan(20_000);
  const { lines } = await logs.read({ unit: "a.service", from: "journal" });
  expect(lines.length).toBeLessThanOrEqual(500);
});

it("who has read everything is told nothing twice, and after another start of the reader everything anew", async () => {
  const { logs, pids } = logsOf(["a.service"], `echo '${entry("x")}'; exec sleep 60`, 50);
  const { run, last } = await logs.read({ unit: "a.service", from: "journal" });
  await eventually(() => pids().map(alive)).toEqual([false]);
  const again = await logs.read({ unit: "a.service", from: "journal", run, after: last });
  expect(again.run).not.toBe(run);
  expect(again.lines.map(({ text }) => text)).toEqual(["x"]);
});

it("a journal that may not be read, or is not there, is a sentence", async () => {
  const no = "No journal files were opened due to insufficient permissions.";
  const refused = logsOf(["a.service"], `echo "${no}" >&2; exit 1`);
  expect((await refused.logs.read({ unit: "a.service", from: "journal" })).problem).toContain("must be in the group systemd-journal");
  const own = logsOf(
    ["a.service"],
    `echo "Hint: You are currently not seeing messages from other users and the system." >&2; exec sleep 60`,
  );
  expect((await own.logs.read({ unit: "a.service", from: "journal" })).problem).toContain("must be in the group systemd-journal");
  const none = createServiceLogs({
    current: () => ({ config: { services: ["a.service"] } }) as unknown as Current,
    clock: systemClock,
    journalctl: "/nowhere/journalctl",
  });
  onTestFinished(() => none.stop());
  expect((await none.read({ unit: "a.service", from: "journal" })).problem).toBe("there is no /nowhere/journalctl here");
});

function fileLog(ownFiles: string[] = []) {
  const folder = tempFolder();
  const file = join(folder, "mosquitto.log");
  const { logs } = logsOf([{ unit: "mosquitto.service", manager: "system", log_file: file, control: [] }], "", 5000, ownFiles);
  return { file, logs, follow: () => new Follower(logs, "mosquitto.service", "file") };
}

it("a log file is followed from its end on, with mosquitto's times", async () => {
  const { file, follow } = fileLog();
  writeFileSync(file, `${Array.from({ length: 1000 }, (_, n) => `line ${n}`).join("\n")}\n`);
  const follower = follow();
  await eventually(() => follower.lines.length).toBe(200);
  expect(follower.texts[0]).toBe("line 800");
  appendFileSync(file, "1639229562: mosquitto version 2.0.11 running\r\nhalf");
  await eventually(() => follower.lines.at(-1)).toEqual({
    number: 201,
    at: "2021-12-11T13:32:42.000Z",
    text: "mosquitto version 2.0.11 running",
  });
  appendFileSync(file, " a line\n");
  await eventually(() => follower.texts.at(-1)).toBe("half a line");
});

it("a log file is followed through a rotation by renaming and through one by copying and truncating", async () => {
  const { file, follow } = fileLog();
  writeFileSync(file, "one\n");
  const follower = follow();
  await eventually(() => follower.texts).toEqual(["one"]);
  renameSync(file, `${file}.1`);
  await eventually(() => follower.view?.problem).toContain("is not there");
  appendFileSync(`${file}.1`, "two, by who had it open\n");
  await eventually(() => follower.texts).toContain("two, by who had it open");
  writeFileSync(file, "three\n");
  await eventually(() => follower.texts).toContain("three");
  expect(follower.lines.some(({ note, text }) => note === true && text.includes("new file"))).toBe(true);
  copyFileSync(file, `${file}.2`);
  truncateSync(file);
  await eventually(() => follower.texts.join()).toContain("the file was emptied");
  appendFileSync(file, "four\n");
  await eventually(() => follower.texts.at(-1)).toBe("four");
  expect(follower.view?.problem).toBeNull();
});

it("nothing is lost when another file takes the name within a moment, or an emptied one is as long as before at once", async () => {
  const { file, follow } = fileLog();
  writeFileSync(file, "one\n");
  const follower = follow();
  await eventually(() => follower.texts).toEqual(["one"]);
  renameSync(file, `${file}.1`);
  writeFileSync(file, "two\n");
  appendFileSync(`${file}.1`, "late\n");
  await eventually(() => follower.texts).toEqual(["one", "late", "(a new file has taken its place)", "two"]);
  writeFileSync(file, "three and more\n");
  await eventually(() => follower.texts.at(-1)).toBe("three and more");
});

it("a folder in place of a log file is a sentence", async () => {
  const folder = tempFolder();
  const { logs } = logsOf([{ unit: "a.service", manager: "system", log_file: folder, control: [] }]);
  expect((await logs.read({ unit: "a.service", from: "file" })).problem).toBe(`${folder} is not a file`);
});

it("a symbolic link is not followed, not even when it takes the place of a log file that is read", async () => {
  const { file, follow } = fileLog();
  const secret = join(tempFolder(), "password");
  writeFileSync(secret, "hunter2\n");
  symlinkSync(secret, file);
  const follower = follow();
  await eventually(() => follower.view?.problem).toBe(`${file} is a symbolic link, which is not followed: name the file to which it leads`);
  rmSync(file);
  writeFileSync(file, "one\n");
  await eventually(() => follower.texts).toContain("one");
  rmSync(file);
  symlinkSync(secret, file);
  await eventually(() => follower.view?.problem).toContain("is a symbolic link");
  expect(follower.texts.join()).not.toContain("hunter2");
});

it("of pinbus's own files nothing is shown, by whatever name", async () => {
  const own = tempFolder();
  const [password, state] = [join(own, "password"), join(own, "state")];
  mkdirSync(join(state, "counters"), { recursive: true });
  const kept = join(state, "counters", "meter");
  for (const path of [password, kept]) writeFileSync(path, "hunter2\n");
  for (const secret of [password, kept]) {
    const { file, follow } = fileLog([password, state, "/nowhere"]);
    linkSync(secret, file);
    const follower = follow();
    await eventually(() => follower.view?.problem).toBe(`${file} is a file of pinbus itself, of which nothing is shown`);
    follower.stop();
    expect(follower.texts).toEqual([]);
  }
});

it("what comes faster than it can be shown is left out aloud", async () => {
  const { file, follow } = fileLog();
  writeFileSync(file, "one\n");
  const follower = follow();
  await eventually(() => follower.texts).toEqual(["one"]);
  appendFileSync(file, `${`${"x".repeat(199)}\n`.repeat(10_000)}last\n`);
  await eventually(() => follower.texts.at(-1)).toBe("last");
  expect(follower.texts[1]).toBe("(more came than could be shown; it goes on near its end)");
  expect(follower.lines.length).toBeLessThan(1000);
});

it("a log file that is not there yet is waited for", async () => {
  const { file, follow } = fileLog();
  const follower = follow();
  await eventually(() => follower.view?.problem).toBe(`${file} is not there; it is shown as soon as it is`);
  writeFileSync(file, "here\n");
  await eventually(() => follower.texts).toContain("here");
  await eventually(() => follower.view?.problem).toBeNull();
});

it("a line without an end, and bytes that are no text, are bounded", async () => {
  const { file, follow } = fileLog();
  writeFileSync(file, Buffer.concat([Buffer.alloc(3_000_000, "x"), Buffer.from("\n"), Buffer.from([0xff, 0x1b, 0x5b, 0x0a])]));
  const follower = follow();
  await eventually(() => follower.texts.map((text) => text.length)).toEqual([3]);
  appendFileSync(file, `${"y".repeat(100_000)}\nend\n`);
  await eventually(() => follower.texts.map((text) => text.length)).toEqual([3, 4096, 3]);
});
