import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { connectAsync } from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { exit } from "../../../agent/exit.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { main, pinbus, startAgent } from "./agent-process.ts";

const usersOf = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":")[0]);

async function enter(port: number, username: string, password: string) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, username, password });
  onTestFinished(() => client.endAsync(true));
  return client;
}

it("adds, replaces and removes a user, and leaves the rest of the file and its rights as they are", async () => {
  const file = join(tempFolder(), "users");
  expect(await pinbus(["passwd", file, "pi"], { stdin: "one\n" })).toMatchObject({ code: 0, stderr: "" });
  writeFileSync(file, `# ours\n${readFileSync(file, "utf8")}`);
  chmodSync(file, 0o604);
  expect((await pinbus(["passwd", file, "ev3"], { stdin: "two" })).stdout).toBe(
    `ev3 is added to ${file}; \`pinbus reload\` makes a running agent read it\n`,
  );
  const before = readFileSync(file, "utf8");
  expect((await pinbus(["passwd", file, "pi"], { stdin: "three\n" })).stdout).toContain("pi is changed in");
  expect(usersOf(file)).toEqual(["# ours", "ev3", "pi", ""]);
  expect(readFileSync(file, "utf8")).not.toBe(before);
  expect(readFileSync(file, "utf8")).not.toContain("three");
  expect((await pinbus(["passwd", file, "ev3", "--delete"])).stdout).toContain("ev3 is removed from");
  expect(usersOf(file)).toEqual(["# ours", "pi", ""]);
  expect(statSync(file).mode & 0o777).toBe(0o604);
});

it("follows a link to the file, and leaves it a link", async () => {
  const folder = tempFolder();
  const file = join(folder, "users");
  const link = join(folder, "link");
  writeFileSync(file, "# ours\n");
  symlinkSync("users", link);
  expect(await pinbus(["passwd", link, "pi"], { stdin: "one\n" })).toMatchObject({ code: 0 });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(usersOf(file)).toEqual(["# ours", "pi", ""]);
});

it("refuses a link that leads nowhere, and leaves it", async () => {
  const link = join(tempFolder(), "link");
  symlinkSync("gone/users", link);
  expect(await pinbus(["passwd", link, "pi"], { stdin: "one\n" })).toMatchObject({
    code: exit.refused,
    stderr: `pinbus: ${link} is a link to gone/users, which is not there: create that file, or remove the link\n`,
  });
  expect(readlinkSync(link)).toBe("gone/users");
});

it.runIf(process.getuid?.() === 0)("does not write as root to where the link of another user leads", async () => {
  const folder = tempFolder();
  const file = join(folder, "of-root");
  const link = join(folder, "users");
  writeFileSync(file, "# ours\n");
  symlinkSync(file, link);
  lchownSync(link, 65_534, 65_534);
  expect(await pinbus(["passwd", link, "pi"], { stdin: "one\n" })).toMatchObject({ code: 0 });
  expect(readFileSync(file, "utf8")).toBe("# ours\n");
  expect(usersOf(link)).toEqual(["# ours", "pi", ""]);
});

it.runIf(process.getuid?.() === 0)(
  "a new file of root can be read by the group of its folder, as /etc/pinbus gives it to the service",
  async () => {
    const folder = tempFolder();
    chownSync(folder, 0, 12_345);
    const file = join(folder, "users");
    expect(await pinbus(["passwd", file, "pi"], { stdin: "one\n" })).toMatchObject({ code: 0 });
    expect(statSync(file)).toMatchObject({ uid: 0, gid: 12_345 });
    expect(statSync(file).mode & 0o777).toBe(0o640);
  },
);

it("says what is wrong, and changes nothing then", async () => {
  const file = join(tempFolder(), "users");
  expect(await pinbus(["passwd", file, "a:b"], { stdin: "x\n" })).toMatchObject({ code: exit.usage });
  expect(await pinbus(["passwd", file, "#a"], { stdin: "x\n" })).toMatchObject({ code: exit.usage });
  expect(await pinbus(["passwd", file, "a"], { stdin: "\n" })).toMatchObject({
    code: exit.refused,
    stderr: "pinbus: the password is empty; nothing was changed\n",
  });
  expect(await pinbus(["passwd", file, "a", "--delete"])).toMatchObject({
    code: exit.refused,
    stderr: `pinbus: ${file} has no user "a"\n`,
  });
  expect(await pinbus(["passwd", join(file, "x"), "a"], { stdin: "x\n" })).toMatchObject({ code: exit.refused });
  expect(() => statSync(file)).toThrow("ENOENT");
});

it("asks twice in a terminal, and shows nothing of the password", async () => {
  const file = join(tempFolder(), "users");
  const ask = async (first: string, second: string) => {
    const terminal = spawn(process.execPath, [main, "passwd", file, "pi"], {});
    onTestFinished(() => terminal.kill());
    let shown = "";
    terminal.onData((text) => {
      shown += text;
    });
    const ended = new Promise<number>((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    await eventually(() => shown).toContain("Password: ");
    terminal.write(`${first}\r`);
    await eventually(() => shown).toContain("The same again: ");
    terminal.write(`${second}\r`);
    return { code: await ended, shown };
  };
  const differ = await ask("geheim", "gehein");
  expect(differ).toMatchObject({ code: exit.refused, shown: expect.stringContaining("the two passwords differ; nothing was changed") });
  const right = await ask("geheiN\x7fm", "geheim");
  expect(right.code).toBe(0);
  expect(differ.shown + right.shown).not.toMatch(/gehei/);
  expect(usersOf(file)).toEqual(["pi", ""]);
});

it("a running agent with users lets in who is listed, after a reload others, and keeps the old ones when the file is gone", async () => {
  const file = join(tempFolder(), "users");
  await pinbus(["passwd", file, "pi"], { stdin: "one\n" });
  const agent = await startAgent(`
node: garage
gpio: { driver: sim }
broker: { listeners: [{ protocol: mqtt, port: 0 }], password_file: ${file} }
outputs: { lamp: { line: 27 } }
`);
  onTestFinished(() => agent.clean());
  // The agent itself gets in.
  await eventually(async () => (await agent.client.request("status", {})).link.online).toBe(true);
  const pi = await enter(agent.port, "pi", "one");
  await expect(enter(agent.port, "pi", "two")).rejects.toThrow("Not authorized");
  await expect(connectAsync(`mqtt://127.0.0.1:${agent.port}`, { protocolVersion: 4, reconnectPeriod: 0 })).rejects.toThrow(
    "Not authorized",
  );
  await pi.publishAsync("pinbus/garage/out/lamp/set", "ON", { qos: 1 });
  await eventually(async () => (await agent.client.request("get", { id: "lamp" })).state).toBe("ON");
  const closed = new Promise((resolve) => pi.once("close", () => resolve(undefined)));
  await pinbus(["passwd", file, "ev3"], { stdin: "two\n" });
  await pinbus(["passwd", file, "pi", "--delete"]);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await closed;
  await enter(agent.port, "ev3", "two");
  unlinkSync(file);
  const refused = await agent.ask("reload");
  expect(refused).toMatchObject({ code: exit.refused });
  expect(refused.stdout + refused.stderr).toContain(`broker.password_file: ${file}:`);
  await enter(agent.port, "ev3", "two");
  expect((await agent.client.request("status", {})).link).toMatchObject({ online: true, reconnects: 0 });
});

it("an agent whose password file cannot be read does not start, and names it", async () => {
  await expect(startAgent("gpio: { driver: sim }\nbroker: { password_file: /nowhere/users }\n")).rejects.toThrow(
    "broker.password_file: /nowhere/users:",
  );
});
