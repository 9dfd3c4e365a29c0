import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { passwordLine } from "../../../agent/embedded/password-file.ts";
import { exit } from "../../../agent/exit.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { pinbus, startAgent } from "./agent-process.ts";

/** The example of the manual. */
const [, classroom = ""] =
  readFileSync(new URL("../../../docs/broker.md", import.meta.url), "utf8").match(/^```\n(# The teacher[^`]*)```$/m) ?? [];
const lastLine = classroom.split("\n").length - 1;

async function room() {
  const folder = tempFolder();
  const [users, acl] = [join(folder, "users"), join(folder, "acl")];
  const lines = await Promise.all(["teacher", "ada", "bob"].map((user) => passwordLine(user, user)));
  writeFileSync(users, `${lines.join("\n")}\n`, { mode: 0o600 });
  writeFileSync(acl, classroom);
  const config = `
node: door
gpio: { driver: sim }
broker: { listeners: [{ protocol: mqtt, port: 0 }], password_file: ${users}, anonymous: true, acl_file: ${acl} }
outputs: { lamp: { line: 27 } }
`;
  return { users, acl, config };
}

async function enter(port: number, user?: string): Promise<{ client: MqttClient; seen: string[] }> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...(user && { username: user, password: user }),
  });
  onTestFinished(() => client.endAsync(true));
  const seen: string[] = [];
  client.on("message", (topic, payload) => seen.push(`${topic} ${payload}`));
  await client.subscribeAsync(["#"], { qos: 1 });
  return { client, seen };
}

it("a class with robots: each has its place, the teacher has all, and the agent works as always", async () => {
  const { acl, config } = await room();
  const agent = await startAgent(config);
  onTestFinished(() => agent.clean());
  await eventually(async () => (await agent.client.request("status", {})).link.online).toBe(true);
  const [teacher, ada, bob, guest] = [
    await enter(agent.port, "teacher"),
    await enter(agent.port, "ada"),
    await enter(agent.port, "bob"),
    await enter(agent.port),
  ];
  const lamp = async () => (await agent.client.request("get", { id: "lamp" })).state;
  await ada.client.publishAsync("pinbus/door/out/lamp/set", "ON", { qos: 1 });
  await ada.client.publishAsync("robots/bob/go", "into the wall", { qos: 1 });
  await ada.client.publishAsync("robots/ada/go", "home", { qos: 1 });
  await guest.client.publishAsync("robots//go", "x", { qos: 1 });
  await eventually(() => teacher.seen).toContain("robots/ada/go home");
  expect(await lamp()).toBe("OFF");
  await teacher.client.publishAsync("class/say", "stop", { qos: 1 });
  await teacher.client.publishAsync("pinbus/door/out/lamp/set", "ON", { qos: 1 });
  for (const { seen } of [teacher, ada, bob, guest]) {
    await eventually(() => seen).toContain("pinbus/door/out/lamp/state ON");
    await eventually(() => seen).toContain("class/say stop");
  }
  expect(await lamp()).toBe("ON");
  expect(ada.seen.filter((message) => !/^(class|pinbus)/.test(message))).toEqual(["robots/ada/go home"]);
  expect(bob.seen.filter((message) => !/^(class|pinbus)/.test(message))).toEqual([]);
  expect([...ada.seen, ...guest.seen].filter((message) => /^pinbus/.test(message) && !/lamp\/state/.test(message))).toEqual([]);
  expect(teacher.seen).not.toContain("robots/bob/go into the wall");

  // A file with a mistake changes nothing.
  writeFileSync(acl, `${classroom}\ntopic reed robots/#\n`);
  const refused = await agent.ask("reload");
  expect(refused).toMatchObject({ code: exit.refused });
  expect(refused.stdout + refused.stderr).toContain(
    `broker.acl_file: ${acl}:${lastLine + 2}: "reed" is not one of read, write, readwrite and deny`,
  );
  await bob.client.publishAsync("robots/ada/go", "still refused", { qos: 1 });
  await bob.client.publishAsync("robots/bob/go", "still mine", { qos: 1 });
  await eventually(() => teacher.seen).toContain("robots/bob/go still mine");
  expect(teacher.seen).not.toContain("robots/ada/go still refused");

  // New rules hold at once, on the same connections.
  writeFileSync(acl, `${classroom}\nuser bob\ntopic write robots/ada/#\n`);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await bob.client.publishAsync("robots/ada/go", "here", { qos: 1 });
  await eventually(() => ada.seen).toContain("robots/ada/go here");
  unlinkSync(acl);
  expect(await agent.ask("reload")).toMatchObject({ code: exit.refused });
  await bob.client.publishAsync("robots/ada/go", "there", { qos: 1 });
  await eventually(() => ada.seen).toContain("robots/ada/go there");

  // Another file takes no restart.
  writeFileSync(`${acl}2`, classroom);
  writeFileSync(agent.config, readFileSync(agent.config, "utf8").replace(acl, `${acl}2`));
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await bob.client.publishAsync("robots/ada/go", "no more", { qos: 1 });
  await bob.client.publishAsync("robots/bob/go", "still mine, too", { qos: 1 });
  await eventually(() => teacher.seen).toContain("robots/bob/go still mine, too");
  expect(teacher.seen).not.toContain("robots/ada/go no more");
  expect([teacher, ada, bob, guest].map(({ client }) => client.connected)).toEqual([true, true, true, true]);
  expect((await agent.client.request("status", {})).link).toMatchObject({ online: true, reconnects: 0 });
});

it.each([
  ["a bad line", "topic reed a", ':1: "reed" is not one of read'],
  ["bytes that are no text", Buffer.from([0x74, 0xff]), ":1:2: byte 1 (0xFF) is not UTF-8"],
  ["a file that is too large", "#".repeat(1024 * 1024 + 1), ": the file is larger than 1024 kB"],
])("neither the check nor an agent takes rules with %s, and each names the place", async (_name, content, sentence) => {
  const folder = tempFolder();
  const [acl, config] = [join(folder, "acl"), join(folder, "pinbus.yaml")];
  writeFileSync(acl, content);
  writeFileSync(config, `gpio: { driver: sim }\nstate_dir: .\ncontrol: { socket: control.sock }\nbroker: { acl_file: ${acl} }\n`);
  for (const command of ["run", "check"]) {
    const { code, stderr } = await pinbus([command, "--config", config]);
    expect([code, stderr]).toEqual([exit.config, expect.stringContaining(`broker.acl_file: ${acl}${sentence}`)]);
  }
});

it("an agent says what is hardly meant: rules for who cannot log in, or for names that nobody has to prove", async () => {
  const { acl, config, users } = await room();
  writeFileSync(acl, "user eve\ntopic #\n");
  const first = await startAgent(config);
  onTestFinished(() => first.clean());
  await eventually(() => first.stderr).toContain(`${acl}: it has rules for "eve", who cannot log in`);
  const second = await startAgent(config.replace(`password_file: ${users},`, ""));
  onTestFinished(() => second.clean());
  await eventually(() => second.stderr).toContain("without users everybody may call himself what he likes");
});

it("an agent that a reload forbids its status leaves no online behind", async () => {
  const { acl, config } = await room();
  const teacher = "user teacher\ntopic #\n";
  writeFileSync(acl, teacher);
  const agent = await startAgent(config);
  onTestFinished(() => agent.clean());
  const { seen } = await enter(agent.port, "teacher");
  const status = () => seen.filter((message) => message.startsWith("pinbus/door/status")).at(-1);
  await eventually(status).toBe("pinbus/door/status online");
  writeFileSync(acl, `${teacher}user pinbus-agent\ntopic readwrite elsewhere/#\n`);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await eventually(status).toBe("pinbus/door/status offline");
});

it("an agent whose user the file names is held to it, says what is refused, and works on", async () => {
  const { acl, config } = await room();
  const teacher = "user teacher\ntopic #\n";
  writeFileSync(acl, `user pinbus-agent\ntopic write pinbus/door/#\ntopic deny pinbus/door/info\n${teacher}`);
  const rules = `
inputs: { bell: { line: 17 } }
rules: { ring: { when: { input: bell, gesture: press }, do: [{ output: lamp, set: toggle }, { publish: chime/ring, payload: "1" }] } }
`;
  const agent = await startAgent(config + rules);
  onTestFinished(() => agent.clean());
  const problem = async () => (await agent.client.request("status", {})).link.problem;
  const checked = await pinbus(["check", "--config", agent.config]);
  expect([checked.code, checked.stderr]).toEqual([
    exit.ok,
    expect.stringContaining(
      `${acl}: the agent itself may not write pinbus/door/info, chime/ring: add \`topic readwrite pinbus/door/#\`, \`topic write chime/ring\` below`,
    ),
  ]);
  expect(checked.stderr).toContain("the agent itself may not read pinbus/door/out/+/set, ");
  await eventually(problem).toContain("refuses the subscription pinbus/door/out/+/set");
  const seen = await enter(agent.port, "teacher");
  await eventually(() => seen.seen.filter((message) => message.startsWith("pinbus/door/health"))).not.toEqual([]);
  // What is decided here needs no broker.
  expect(await agent.ask("sim", "press", "bell")).toMatchObject({ code: 0 });
  await eventually(() => seen.seen).toContain("pinbus/door/out/lamp/state ON");

  // With a line of its own for everything it is well, on connections that it made anew.
  writeFileSync(acl, `user pinbus-agent\ntopic readwrite pinbus/door/#\n${teacher}`);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await eventually(() => seen.seen).toContain("pinbus/door/status online");
  expect(seen.seen.some((message) => message.startsWith("pinbus/door/info"))).toBe(true);
  await eventually(problem).toBe(null);
  expect(await agent.ask("sim", "press", "bell")).toMatchObject({ code: 0 });
  await eventually(() => seen.seen.filter((message) => message.startsWith("pinbus/door/health")).at(-1)).toContain(
    "refuses the publication of chime/ring (broker.acl_file, user pinbus-agent): add `topic write chime/ring` for that user there, and no deny for it",
  );
  await eventually(() => seen.seen).toContain("pinbus/door/out/lamp/state OFF");
  await seen.client.publishAsync("pinbus/door/out/lamp/set", "ON", { qos: 1 });
  await eventually(() => seen.seen.filter((message) => message.startsWith("pinbus/door/out/lamp/state")).at(-1)).toBe(
    "pinbus/door/out/lamp/state ON",
  );
  expect(seen.seen.filter((message) => message.startsWith("chime/"))).toEqual([]);

  // A file that says nothing about it takes nothing from it, and its connections stay as they are when others have other rules.
  writeFileSync(acl, teacher);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  await eventually(problem).toBe(null);
  expect(await agent.ask("sim", "press", "bell")).toMatchObject({ code: 0 });
  await eventually(() => seen.seen).toContain("chime/ring 1");
  expect((await pinbus(["check", "--config", agent.config])).stderr).not.toContain("the agent itself");
  const { reconnects } = (await agent.client.request("status", {})).link;
  writeFileSync(acl, `${teacher}user ada\ntopic read chime/#\npattern read x/%u\n`);
  expect(await agent.ask("reload")).toMatchObject({ code: 0 });
  expect(await agent.ask("sim", "press", "bell")).toMatchObject({ code: 0 });
  await eventually(() => seen.seen.filter((message) => message === "chime/ring 1").length).toBe(2);
  expect((await agent.client.request("status", {})).link).toMatchObject({ online: true, reconnects });
});
