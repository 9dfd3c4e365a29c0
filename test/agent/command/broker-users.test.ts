import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { passwordLine } from "../../../agent/embedded/password-file.ts";
import { exit } from "../../../agent/exit.ts";
import { eventually } from "../shell/fixture.ts";
import { pinbus, startAgent } from "./agent-process.ts";

async function enter(port: number, username: string, password: string) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, reconnectPeriod: 0, username, password });
  onTestFinished(() => client.endAsync(true));
  return client;
}

it("users of the configuration come in beside those of the file; a reload ends who is gone, and leaves the others", async () => {
  const hash = (await passwordLine("", "formosa-of-ev3")).slice(1);
  const agent = await startAgent("gpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: 0 }], users: { ev3: x } }\n");
  onTestFinished(() => agent.clean());
  const users = join(agent.folder, "users");
  const write = (inline: string) => {
    const listeners = `[{ protocol: mqtt, port: 0 }]`;
    const broker = `broker: { listeners: ${listeners}, password_file: users, users: { ${inline} } }`;
    writeFileSync(agent.config, `state_dir: state\ncontrol: { socket: control.sock }\ngpio: { driver: sim }\n${broker}\n`);
  };
  writeFileSync(join(agent.folder, "secret"), "plain-of-a.b\n", { mode: 0o600 });
  writeFileSync(users, `${await passwordLine("listed", "three")}\n`, { mode: 0o600 });
  write(`ev3: "${hash}", a.b: { file: secret }`);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  const ev3 = await enter(agent.port, "ev3", "formosa-of-ev3");
  const dotted = await enter(agent.port, "a.b", "plain-of-a.b");
  await enter(agent.port, "listed", "three");
  for (const [user, password] of [
    ["ev3", hash],
    ["ev3", "x"],
    ["a", "plain-of-a.b"],
    ["", ""],
  ] as const)
    await expect(enter(agent.port, user, password)).rejects.toThrow("Not authorized");

  const closed = new Promise((resolve) => ev3.once("close", () => resolve(undefined)));
  write("a.b: { file: secret }");
  const reloaded = await agent.ask("reload");
  expect(reloaded).toMatchObject({ code: 0 });
  expect(reloaded.stdout).toContain("broker.users.ev3: removed");
  await closed;
  await dotted.publishAsync("still/here", "", { qos: 1 });

  write(`a.b: { file: secret }, listed: "${hash}"`);
  const twice = await agent.ask("reload");
  expect(twice).toMatchObject({ code: exit.refused });
  expect(twice.stdout + twice.stderr).toContain(`broker.users: user "listed" stands in ${users} too; remove it there or here`);
  expect((await pinbus(["check", "--config", agent.config])).stderr).toContain('user "listed" stands in');
  await dotted.publishAsync("still/here", "", { qos: 1 });

  const diag = await pinbus(["diag", "--config", agent.config]);
  const said = agent.stdout + agent.stderr + diag.stdout + reloaded.stdout + twice.stdout + twice.stderr;
  expect(diag.stdout).toContain('"users"');
  for (const secret of [hash, "plain-of-a.b", "a.b"]) expect(diag.stdout).not.toContain(secret);
  for (const secret of [hash, "plain-of-a.b"]) expect(said).not.toContain(secret);
  await eventually(async () => (await agent.client.request("status", {})).link.online).toBe(true);
});

it("a reload with a file of users in which no line is one is refused, and whoever could log in still can", async () => {
  const agent = await startAgent("gpio: { driver: sim }\nbroker: { listeners: [{ protocol: mqtt, port: 0 }], users: { ev3: x } }\n");
  onTestFinished(() => agent.clean());
  const users = join(agent.folder, "users");
  const settings = "broker: { listeners: [{ protocol: mqtt, port: 0 }], password_file: users, users: { ev3: x } }";
  writeFileSync(agent.config, `state_dir: state\ncontrol: { socket: control.sock }\ngpio: { driver: sim }\n${settings}\n`);
  writeFileSync(users, `${await passwordLine("listed", "three")}\n`, { mode: 0o600 });
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });

  writeFileSync(users, "listed:plain\n\u0000\u0001\n");
  const { code, stdout, stderr } = await agent.ask("reload");
  expect(code).toBe(exit.refused);
  expect(stdout + stderr).toMatch(/broker\.password_file: .*users:1: user "listed" cannot log in: .*users:2: /);
  await enter(agent.port, "listed", "three");

  writeFileSync(users, "");
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await expect(enter(agent.port, "listed", "three")).rejects.toThrow("Not authorized");
});
