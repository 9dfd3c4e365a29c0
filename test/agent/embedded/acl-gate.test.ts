import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import { type Acl, parseAcl } from "../../../agent/embedded/acl.ts";
import { createBroker } from "../../../agent/embedded/broker.ts";
import { parsePasswordFile, passwordLine } from "../../../agent/embedded/password-file.ts";
import { describeMosquitto, silentLog, startMosquitto } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";

const users = ["root", "alice", "bob", "carol", "a/b", "a+b"];
const passwd = `${(await Promise.all(users.map((user) => passwordLine(user, user)))).join("\n")}\n`;

interface World {
  name: "mosquitto" | "built-in";
  url: string;
}
function aclOf(text: string): Acl {
  const reading = parseAcl(text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.acl;
}

async function startBuiltIn(file: string) {
  const access = new Access({ anonymous: true, users: parsePasswordFile(passwd).users, acl: aclOf(file) });
  const warnings: string[] = [];
  const broker = createBroker({
    listeners: [{ protocol: "mqtt", address: "127.0.0.1", port: 0 }],
    access,
    sysInterval: 10_000,
    version: "0.0.0-test",
    log: { ...silentLog, warn: (message) => warnings.push(message) },
    now: () => performance.now(),
  });
  await broker.start();
  onTestFinished(() => broker.stop());
  return { name: "built-in" as const, url: `mqtt://127.0.0.1:${broker.addresses[0]?.port}`, access, broker, warnings };
}

async function startReal(file: string): Promise<World> {
  const config = ["allow_anonymous true", "password_file {dir}/passwd", "acl_file {dir}/acl"];
  const broker = await startMosquitto({ config, files: { passwd, acl: file } });
  onTestFinished(() => broker.stop());
  return { name: "mosquitto", url: broker.url };
}

interface Guest {
  client: MqttClient;
  seen: string[];
}
async function enter({ url }: { url: string }, user: string | undefined, options: IClientOptions = {}): Promise<Guest> {
  const seen: string[] = [];
  const client = connect(url, {
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...(user !== undefined && { username: user, password: user }),
    ...options,
  });
  // Before the first packet: a session that comes back is given its messages at once.
  client.on("message", (topic, payload) => seen.push(`${topic} ${payload}`));
  onTestFinished(() => void client.end(true));
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
  return { client, seen };
}

/** What was given to a client before this is there afterwards. */
async function settled({ client }: Guest): Promise<void> {
  for (let trip = 0; trip < 4; trip++) await client.subscribeAsync("round/trip");
}

type Row = [user: string | undefined, client: string, action: "writes" | "reads" | "keeps" | "wills", topic: string, allowed: boolean];

/** Does it, and tells whether it had an effect. `allowed` = whether to wait for one. */
async function act(world: World, root: Guest, [user, clientId, action, topic, allowed]: Row): Promise<boolean> {
  const payload = `${action}-${Math.random()}`;
  const wanted = `${topic} ${payload}`;
  const options: IClientOptions = action === "wills" ? { will: { topic, payload: Buffer.from(payload), qos: 1, retain: false } } : {};
  const guest = await enter(world, user, { clientId, ...options });
  const reader = action === "writes" || action === "wills" ? root : guest;
  if (action === "writes") await guest.client.publishAsync(topic, payload, { qos: 1 });
  if (action === "wills") {
    guest.client.stream.destroy();
    // Who comes in under the same name later finds that the broker has ended the other one.
    await enter(world, user, { clientId });
  }
  if (action === "reads") {
    expect((await guest.client.subscribeAsync(topic, { qos: 1 }))[0]?.qos).toBe(1);
    await root.client.publishAsync(topic, payload, { qos: 1 });
    await vi.waitFor(() => expect(root.seen).toContain(wanted), patience);
  }
  if (action === "keeps") {
    await root.client.publishAsync(topic, payload, { qos: 1, retain: true });
    await vi.waitFor(() => expect(root.seen).toContain(wanted), patience);
    await guest.client.subscribeAsync(topic, { qos: 1 });
  }
  if (allowed) await vi.waitFor(() => expect(reader.seen).toContain(wanted), patience).catch(() => undefined);
  await settled(reader);
  await guest.client.endAsync();
  return reader.seen.includes(wanted);
}

const sections = `# who names no user
topic read news/#
topic write say/hello world

user alice
topic alice/#
topic deny alice/secret
topic read $x/#

user bob
topic write drop/+

user root
topic #
topic $x/#

user alice
topic read late/#
`;
const patterns = `user root
topic #

user alice
topic deny robots/alice/locked

pattern readwrite robots/%u/#
pattern read cmd/%c
pattern write log/%u/%c
pattern deny robots/+/private
pattern write mix-%c/x
`;
const files: { name: string; file: string; rows: Row[] }[] = [
  {
    name: "sections",
    file: sections,
    rows: [
      [undefined, "c", "reads", "news/1", true],
      [undefined, "c", "keeps", "news/kept", true],
      [undefined, "c", "writes", "news/1", false],
      [undefined, "c", "writes", "say/hello world", true],
      [undefined, "c", "reads", "say/hello world", false],
      ["", "c", "reads", "news/1", true],
      ["alice", "c", "writes", "alice/x", true],
      ["alice", "c", "reads", "alice/x", true],
      ["alice", "c", "writes", "alice", true],
      ["alice", "c", "writes", "alice/secret", false],
      ["alice", "c", "reads", "alice/secret", false],
      ["alice", "c", "keeps", "alice/secret", false],
      ["alice", "c", "reads", "news/1", false],
      ["alice", "c", "reads", "late/1", true],
      ["alice", "c", "writes", "late/1", false],
      ["alice", "c", "reads", "$x/y", true],
      ["alice", "c", "writes", "$x/y", false],
      ["alice", "c", "wills", "alice/x", true],
      ["alice", "c", "wills", "drop/1", false],
      ["bob", "c", "writes", "drop/1", true],
      ["bob", "c", "writes", "drop/1/2", false],
      ["bob", "c", "reads", "drop/1", false],
      ["carol", "c", "reads", "news/1", false],
      ["carol", "c", "writes", "carol", false],
    ],
  },
  {
    name: "patterns",
    file: patterns,
    rows: [
      ["alice", "r1", "writes", "robots/alice/1", true],
      ["alice", "r1", "reads", "robots/alice/1", true],
      ["alice", "r1", "writes", "robots/bob/1", false],
      ["alice", "r1", "reads", "cmd/r1", true],
      ["alice", "r1", "reads", "cmd/r2", false],
      ["alice", "r1", "writes", "cmd/r1", false],
      ["alice", "r1", "writes", "log/alice/r1", true],
      ["alice", "r1", "writes", "log/alice/r2", false],
      ["alice", "r1", "writes", "robots/alice/locked", false],
      ["alice", "r1", "writes", "robots/alice/private", false],
      ["alice", "r1", "writes", "mix-r1/x", true],
      [undefined, "r1", "reads", "cmd/r1", true],
      [undefined, "r1", "writes", "robots//1", false],
      [undefined, "r#", "reads", "cmd/r1", false],
      [undefined, "+", "reads", "cmd/r1", false],
      ["a+b", "r1", "reads", "cmd/r1", false],
      ["root", "r+", "writes", "cmd/r1", true],
    ],
  },
  {
    name: "nothing but a comment for others",
    file: "user root\ntopic #\n# nothing else",
    rows: [
      [undefined, "c", "writes", "a", false],
      ["alice", "c", "reads", "a", false],
    ],
  },
];
/** Where mosquitto lets a name open more than one level. */
const wider: Row[] = [
  ["a/b", "r1", "writes", "robots/a/b/1", true],
  [undefined, "r1/x", "reads", "cmd/r1/x", true],
];

function sameRows(start: (file: string) => Promise<World>) {
  it.each(files)("decides by $name", async ({ file, rows }) => {
    const world = await start(file);
    const root = await enter(world, "root");
    await root.client.subscribeAsync(["#", "$x/#"], { qos: 1 });
    const outcomes: Row[] = [];
    for (const row of rows) outcomes.push([row[0], row[1], row[2], row[3], await act(world, root, row)]);
    expect(outcomes).toEqual(rows);
  });

  it("lets a name that spans levels open one level only (mosquitto: all of them)", async () => {
    const world = await start(patterns);
    const root = await enter(world, "root");
    await root.client.subscribeAsync("#", { qos: 1 });
    for (const [user, client, action, topic] of wider) {
      const expected = world.name === "mosquitto";
      expect(await act(world, root, [user, client, action, topic, expected])).toBe(expected);
    }
  });

  it.each([0, 1, 2] as const)("acknowledges and drops what is not allowed, QoS %i", async (qos) => {
    const world = await start(sections);
    const [root, bob] = [await enter(world, "root"), await enter(world, "bob")];
    await root.client.subscribeAsync("#", { qos: 1 });
    for (let count = 0; count < 3; count++) await bob.client.publishAsync("drop/no/1", "x", { qos, retain: true });
    await bob.client.publishAsync("drop/1", "last", { qos });
    await vi.waitFor(() => expect(root.seen).toEqual(["drop/1 last"]), patience);
    await root.client.subscribeAsync("drop/#", { qos: 1 });
    await settled(root);
    expect([bob.client.connected, root.seen]).toEqual([true, ["drop/1 last"]]);
  });

  it.each([0, 1, 2] as const)("gives a wide subscription what may be read, QoS %i", async (qos) => {
    const world = await start(sections);
    const root = await enter(world, "root");
    await root.client.publishAsync("alice/kept", "1", { qos: 1, retain: true });
    await root.client.publishAsync("bob/kept", "1", { qos: 1, retain: true });
    const alice = await enter(world, "alice");
    expect((await alice.client.subscribeAsync("#", { qos }))[0]?.qos).toBe(qos);
    await vi.waitFor(() => expect(alice.seen).toEqual(["alice/kept 1"]), patience);
    for (let count = 0; count < 3; count++)
      for (const topic of ["bob/x", "alice/x", "alice/secret"]) await root.client.publishAsync(topic, `${count}`, { qos });
    await vi.waitFor(() => expect(alice.seen.at(-1)).toBe("alice/x 2"), patience);
    await settled(alice);
    expect(alice.seen).toEqual(["alice/kept 1", "alice/x 0", "alice/x 1", "alice/x 2"]);
  });

  it("keeps for a sleeping session what may be read, in its order", async () => {
    const world = await start(sections);
    const session = { clean: false, clientId: "sleeper" };
    const [root, before] = [await enter(world, "root"), await enter(world, "alice", session)];
    await before.client.subscribeAsync("#", { qos: 1 });
    // Awake as well: the same queue.
    const given = ["bob/x", "alice/1", "alice/secret", "alice/2", "bob/y", "alice/3"];
    await Promise.all(given.map((topic) => root.client.publishAsync(topic, "awake", { qos: 1 })));
    await vi.waitFor(() => expect(before.seen).toEqual(["alice/1 awake", "alice/2 awake", "alice/3 awake"]), patience);
    await before.client.endAsync();
    await Promise.all(given.map((topic) => root.client.publishAsync(topic, "asleep", { qos: 1 })));
    const after = await enter(world, "alice", session);
    await vi.waitFor(() => expect(after.seen).toEqual(["alice/1 asleep", "alice/2 asleep", "alice/3 asleep"]), patience);
    await settled(after);
    expect(after.seen).toHaveLength(3);
  });

  it("gives a session that another user takes over only what both may read", async () => {
    const world = await start(sections);
    const session = { clean: false, clientId: "shared" };
    const [root, alice] = [await enter(world, "root"), await enter(world, "alice", session)];
    await alice.client.subscribeAsync("#", { qos: 1 });
    await alice.client.endAsync();
    await root.client.publishAsync("alice/x", "for alice", { qos: 1 });
    await root.client.publishAsync("news/0", "not for alice", { qos: 1 });
    const guest = await enter(world, undefined, session);
    await root.client.publishAsync("news/1", "for all", { qos: 1 });
    await vi.waitFor(() => expect(guest.seen).toContain("news/1 for all"), patience);
    await settled(guest);
    expect(guest.seen).toEqual(["news/1 for all"]);
  });
}

describe("the built-in broker", () => {
  sameRows(startBuiltIn);

  it("takes new rules without ending a connection", async () => {
    const world = await startBuiltIn(sections);
    const [root, bob] = [await enter(world, "root"), await enter(world, "bob")];
    await root.client.subscribeAsync("#", { qos: 1 });
    await bob.client.subscribeAsync("#", { qos: 1 });
    await root.client.publishAsync("drop/1", "before", { qos: 1 });
    await vi.waitFor(() => expect(root.seen).toEqual(["drop/1 before"]), patience);
    world.access.rules = {
      anonymous: true,
      users: parsePasswordFile(passwd).users,
      acl: aclOf("user root\ntopic #\nuser bob\ntopic read drop/+"),
    };
    world.broker.expel();
    await bob.client.publishAsync("drop/1", "bob", { qos: 1 });
    await root.client.publishAsync("drop/1", "root", { qos: 1 });
    await vi.waitFor(() => expect([bob.seen, root.seen]).toEqual([["drop/1 root"], ["drop/1 before", "drop/1 root"]]), patience);
  });

  const unnamed = "topic read news/#\nuser root\ntopic #\npattern deny a\npattern readwrite robots/%u/#";
  it.each(["# nothing", unnamed])("lets the agent itself do everything by rules that do not name its user: %j", async (file) => {
    const world = await startBuiltIn(file);
    const { username, password } = world.access.own;
    const own = await enter(world, username, { password });
    await own.client.subscribeAsync("#", { qos: 1 });
    await own.client.publishAsync("a", "b", { qos: 1 });
    await vi.waitFor(() => expect(own.seen).toEqual(["a b"]), patience);
  });

  const named =
    "user root\ntopic #\nuser pinbus-agent\ntopic write p/#\ntopic read q/#\ntopic read round/trip\npattern readwrite of/%u/%c\npattern deny p/locked";
  it("holds the agent itself to rules that name its user, but for what the broker says of itself", async () => {
    const world = await startBuiltIn(named);
    const { username, password } = world.access.own;
    const [root, own] = [await enter(world, "root"), await enter(world, username, { password, clientId: "node" })];
    await root.client.subscribeAsync("#", { qos: 1 });
    const granted = await own.client.subscribeAsync(["q/+", "of/#", "#"], { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1]);
    for (const topic of ["p/a", "q/a", "p/locked", "of/pinbus-agent/node", "of/pinbus-agent/other"])
      await own.client.publishAsync(topic, "own");
    for (const topic of ["p/a", "q/a", "of/pinbus-agent/other", "of/pinbus-agent/node"]) await root.client.publishAsync(topic, "root");
    await vi.waitFor(() => expect(own.seen).toContain("of/pinbus-agent/node root"), patience);
    await vi.waitFor(() => expect(root.seen).toContain("of/pinbus-agent/node root"), patience);
    await settled(own);
    expect([...new Set(own.seen)]).toEqual(["of/pinbus-agent/node own", "q/a root", "of/pinbus-agent/node root"]);
    expect(root.seen.filter((message) => message.endsWith("own"))).toEqual(["p/a own", "p/locked own", "of/pinbus-agent/node own"]);
    await world.broker.publish({ topic: "told/by/the/broker", payload: "x", qos: 1, retain: false });
    await vi.waitFor(() => expect(root.seen).toContain("told/by/the/broker x"), patience);
  });

  it("refuses the agent itself a subscription that could bring nothing, and grants it to everybody else", async () => {
    const world = await startBuiltIn(`${named}\nuser alice\ntopic write p/#`);
    const { username, password } = world.access.own;
    const [alice, own] = [await enter(world, "alice"), await enter(world, username, { password })];
    expect((await alice.client.subscribeAsync("p/#", { qos: 1 }))[0]?.qos).toBe(1);
    await expect(own.client.subscribeAsync("p/#", { qos: 1 })).rejects.toThrow(/Subscribe error/);
  });

  it("lets who operates the agent do everything", async () => {
    const world = await startBuiltIn(`${named}\nuser pinbus-terminal\ntopic deny a`);
    const { username, password } = world.access.terminal;
    const operator = await enter(world, username, { password });
    await operator.client.subscribeAsync("#", { qos: 1 });
    await operator.client.publishAsync("a", "b", { qos: 1 });
    await vi.waitFor(() => expect(operator.seen).toEqual(["a b"]), patience);
  });

  it("tells the first publications of a minute that it drops, with names as text", async () => {
    const world = await startBuiltIn(sections);
    const bob = await enter(world, "bob", { clientId: 'c"1' });
    for (let count = 0; count < 5; count++) await bob.client.publishAsync('gate"set', "secret", { qos: 1 });
    expect(world.warnings).toEqual(Array(3).fill('broker: client "c\\"1" of user "bob" may not publish to "gate\\"set": dropped'));
  });
});

describeMosquitto("mosquitto, side by side", () => {
  sameRows(startReal);
});
