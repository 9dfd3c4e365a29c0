import { createServer } from "node:net";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { describeMosquitto, freePort, mosquittoDenying, startMosquitto, type TestBroker } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, type Running, start, startAgent } from "./agent-process.ts";

// `pinbus sub` and `pinbus pub`: observe and inject, as document 004 does it with MQTT.FX.

/** Resolves when it listens. */
async function subscribed(...args: string[]): Promise<Running> {
  const running = start(["sub", ...args]);
  onTestFinished(async () => {
    running.child.kill("SIGKILL");
    await running.done;
  });
  await eventually(() => running.stderr).toContain("listening to ");
  return running;
}
const lines = ({ stdout }: { stdout: string }) => stdout.split("\n").filter((line) => line !== "");
const objects = (running: { stdout: string }) => lines(running).map((line) => JSON.parse(line));

/** Answers CONNECT and SUBSCRIBE, and then nothing, not even the end of the connection. */
async function hangingBroker(): Promise<string> {
  const hanging = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (packet) => {
      if (packet[0] === 0x10) socket.write(Buffer.from("2003000000", "hex"));
      else if (packet[0] === 0x82) socket.write(Buffer.from([0x90, 4, packet[2] ?? 0, packet[3] ?? 0, 0, 0]));
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => hanging.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void hanging.close());
  return `mqtt://127.0.0.1:${port}`;
}

describeMosquitto("pinbus sub and pub at mosquitto", () => {
  let broker: TestBroker;
  const at = () => ["--broker", broker.url];
  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterAll(() => broker?.stop());

  it("carry what stands beside a message with MQTT 5", async () => {
    const sub = await subscribed("course/#", "--json", "--count", "1", "--qos", "1", ...at());
    const beside = ["--response-topic", "course/answer", "--correlation", "7", "--expiry", "30s", "--content-type", "text/plain"];
    const pub = await pinbus(["pub", "course/a", "hello", ...beside, "--user-property", "who=me", "--user-property", "who=you", ...at()]);
    expect(pub).toEqual({ code: 0, stdout: `published to course/a at 127.0.0.1:${broker.port} (QoS 1)\n`, stderr: "" });
    expect((await sub.done).code).toBe(0);
    expect(objects(sub)).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        topic: "course/a",
        payload: "hello",
        qos: 1,
        retained: false,
        content_type: "text/plain",
        response_topic: "course/answer",
        correlation_base64: "Nw==",
        expires_in_s: 30,
        user_properties: { who: ["me", "you"] },
      },
    ]);
  });

  it("say that nobody listens, and what a retained command is", async () => {
    const { stdout, stderr } = await pinbus(["pub", "pinbus/garage/out/lamp/set", "ON", "--retain", ...at()]);
    expect(stdout).toMatch(/\(QoS 1, retained\); nobody has subscribed to it\n$/);
    expect(stderr).toBe("pinbus: a retained command comes again at each start: pinbus refuses it\n");
    const { stdout: cleared } = await pinbus(["pub", "pinbus/garage/out/lamp/set", "--retain", ...at()]);
    expect(cleared).toContain("(cleared what the broker kept there)");
  });

  it.each([
    ["text", ["\u001b[2Jred\nline\u202e"], [], "�[2Jred�line�"],
    ["what is no text", ["00ff7f"], ["--hex"], "(3 bytes) 00ff7f"],
    ["nothing", [], [], ""],
  ])("show %s in one line that cannot move a cursor", async (_, payload, options, shown) => {
    const sub = await subscribed("shown/#", "--count", "1", ...at());
    await pinbus(["pub", "shown/\u202ebell", ...payload, ...options, ...at()]);
    await sub.done;
    expect(lines(sub).map((line) => line.replace(/^[\d:.]+ {2}/, ""))).toEqual([`shown/�bell  ${shown}`.trimEnd()]);
  });

  it("lose nothing as JSON", async () => {
    const sub = await subscribed("exact/#", "--json", "--count", "2", ...at());
    await pinbus(["pub", "exact/a", "\u001b\u009b\u202e", ...at()]);
    await pinbus(["pub", "exact/a", "00ff", "--hex", ...at()]);
    await sub.done;
    expect(sub.stdout).toContain('"\\u001b\\u009b\\u202e"');
    expect(objects(sub)).toMatchObject([{ payload: "\u001b\u009b\u202e" }, { payload_base64: "AP8=" }]);
  });

  it("show the beginning of a message that is too large, and say so", async () => {
    const sub = await subscribed("large", "--json", "--count", "1", ...at());
    const client = await connectAsync(broker.url);
    onTestFinished(() => client.endAsync(true));
    await client.publishAsync("large", "x".repeat(300_000));
    await sub.done;
    const [message] = objects(sub);
    expect([message.cut, /^x+$/.test(message.payload), message.payload.length < 300_000]).toEqual([true, true, true]);
  });

  it("publish each line of the standard input, or all of it", async () => {
    const sub = await subscribed("many", "--json", "--count", "3", ...at());
    const each = await pinbus(["pub", "many", "--lines", "-q", "2", ...at()], { stdin: "1\n2\n" });
    expect(each.stdout).toBe(`2 messages published to many at 127.0.0.1:${broker.port} (QoS 2)\n`);
    await pinbus(["pub", "many", "--stdin", ...at()], { stdin: "1\n2\n" });
    await sub.done;
    expect(objects(sub).map(({ payload }) => payload)).toEqual(["1", "2", "1\n2\n"]);
  });

  it("publish a line as soon as it is there", async () => {
    const sub = await subscribed("lines", "--count", "2", ...at());
    const pub = start(["pub", "lines", "--lines", "--user-property", "__proto__=1", ...at()]);
    pub.child.stdin?.write("one\n");
    await eventually(() => sub.stdout).toContain("  one\n");
    pub.child.stdin?.end("two\n");
    expect(await pub.done).toMatchObject({ code: 0, stdout: expect.stringContaining("2 messages published") });
    await sub.done;
  });

  it.each([
    [["sub", "a/#/b"], '"a/#/b" is no topic filter'],
    [["sub", "a+"], '"a+" is no topic filter'],
    [["sub", "$share/g/a"], "would take messages away from the others"],
    [["sub", "x".repeat(70_000)], "a topic filter has at most 65535 bytes"],
    [["pub", "x".repeat(70_000), "x"], "a topic has at most 65535 bytes"],
    [["pub", "a", "x", "--expiry", "2000000h"], "--expiry takes at most 136 years"],
    [["pub", "a", "x", "--content-type", "x".repeat(70_000)], "--content-type has at most 65535 bytes"],
    [["sub", "a", "--qos", "3"], "--qos takes 0, 1 or 2"],
    [["pub", "a/+", "x"], "+ and # are for filters"],
    [["pub", "$SYS/x", "x"], "topics that begin with $ belong to the broker"],
    [["pub", "a", "0", "--hex"], "the payload is no hex"],
    [["pub", "a", "x", "--within", "0s"], "--within takes a time of 1ms and more"],
    [["pub", "a", "x", "--stdin"], "the payload stands on the command line, or"],
    [["pub", "a", "x", "--user-property", "y"], "--user-property takes NAME=TEXT"],
    [["sub", "a", "--broker", "http://x"], "http:// is not known; use mqtt, mqtts, ws or wss"],
  ])("refuse %j, and connect to nobody", async (args, problem) => {
    const { code, stdout, stderr } = await pinbus(args);
    expect([code, stdout, stderr]).toEqual([64, "", expect.stringContaining(problem)]);
  });

  it("say that a broker is gone, or is not there", async () => {
    const other = await startMosquitto();
    const sub = await subscribed("#", "--broker", other.url);
    await other.stop();
    expect(await sub.done).toMatchObject({ code: 3, stderr: expect.stringContaining("pinbus: ") });
    const nowhere = await pinbus(["pub", "a", "x", "--broker", `127.0.0.1:${await freePort()}`]);
    expect(nowhere).toMatchObject({ code: 3, stderr: expect.stringContaining("nothing listens at ") });
  });

  it("end in time at a broker that hangs", async () => {
    const url = await hangingBroker();
    const sub = await subscribed("#", "--for", "100ms", "--broker", url);
    expect(await sub.done).toMatchObject({ code: 0, stdout: "" });
    const pub = await pinbus(["pub", "a", "x", "--within", "100ms", "--broker", url]);
    expect(pub).toMatchObject({ code: 3, stdout: "" });
    expect(pub.stderr).toContain("did not acknowledge the message within 0.1 s: it may have it all the same; --within 1m waits longer");
  });

  it("take a number for a word where it stands", async () => {
    expect((await pinbus(["pub", "-5", "temp", ...at()])).stdout).toMatch(/^published to -5 at /);
    const sub = await subscribed("temp", "--count", "1", ...at());
    await pinbus(["pub", "-q", "1", "temp", "-5", ...at()]);
    expect((await sub.done).stdout).toMatch(/ {2}temp {2}-5\n$/);
  });

  it("say what the broker does not allow", async () => {
    const limited = await startMosquitto(
      mosquittoDenying([
        { acltype: "subscribeLiteral", topic: "secret" },
        { acltype: "publishClientSend", topic: "secret" },
      ]),
    );
    onTestFinished(() => limited.stop());
    const [sub, pub] = await Promise.all([
      pinbus(["sub", "open", "secret", "--broker", limited.url]),
      pinbus(["pub", "secret", "x", "--broker", limited.url]),
    ]);
    expect([sub.code, sub.stderr]).toEqual([1, expect.stringMatching(/refuses the subscription secret .*: nothing comes from there/)]);
    expect([pub.code, pub.stderr]).toEqual([1, expect.stringMatching(/refuses the message .*: allow .* to publish to secret/)]);
  });
});

describe("pinbus sub and pub at the built-in broker of an agent", () => {
  let agent: AgentProcess;
  beforeAll(async () => {
    agent = await startAgent(`node: garage
gpio: { driver: sim }
outputs: { lamp: { line: 27 } }
broker: { listeners: [{ protocol: mqtt, address: 127.0.0.1, port: 0 }], username: me, password: secret, sys_interval: 1s }
`);
  });
  afterAll(() => agent?.clean());
  const at = () => ["--socket", agent.socket];

  it("log in by the agent, and tell what was kept from what is said now, also when that is published with retain", async () => {
    expect((await pinbus(["pub", "kept/a", "old", "-r", ...at()])).code).toBe(0);
    const sub = await subscribed("kept/#", "--json", "--count", "2", ...at());
    await eventually(() => objects(sub)).toHaveLength(1);
    await pinbus(["pub", "kept/a", "new", "-r", ...at()]);
    await sub.done;
    expect(objects(sub)).toMatchObject([
      { payload: "old", retained: true },
      { payload: "new", retained: false },
    ]);
    const fresh = await subscribed("kept/#", "--no-retained", "--count", "1", ...at());
    await pinbus(["pub", "kept/a", "newest", ...at()]);
    expect((await fresh.done).stdout).toMatch(/ {2}kept\/a {2}newest\n$/);
  });

  it("observe the agent, inject a command as whoever is not there yet would, and see $SYS", async () => {
    const sub = await subscribed("pinbus/garage/out/#", "--no-retained", ...at());
    await pinbus(["pub", "pinbus/garage/out/lamp/set", '{"state":"ON","id":"a"}', ...at()]);
    await eventually(() => sub.stdout).toContain("pinbus/garage/out/lamp/state  ON");
    await eventually(() => sub.stdout).toContain('pinbus/garage/out/lamp/result  {"id":"a","ok":true');
    sub.child.kill("SIGINT");
    expect((await sub.done).code).toBe(0);
    const system = await pinbus(["sub", "$SYS/#", "--count", "5", ...at()]);
    expect(lines(system).every((line) => line.includes("$SYS/broker/"))).toBe(true);
  });

  it("say that it has no MQTT 5, and publish nothing", async () => {
    const { code, stderr } = await pinbus(["pub", "a", "x", "--expiry", "5s", ...at()]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("does not speak MQTT 5, which --expiry needs: nothing was published")]);
  });

  it("are refused with a wrong password", async () => {
    const { code, stderr } = await pinbus(["sub", "#", "--broker", `mqtt://me:wrong@127.0.0.1:${agent.port}`]);
    expect([code, stderr]).toEqual([3, expect.stringContaining("me")]);
    expect(stderr).not.toContain("wrong");
  });

  it("leave nothing behind: no session, no will", async () => {
    const before = await connectAsync(`mqtt://me:secret@127.0.0.1:${agent.port}`);
    onTestFinished(() => before.endAsync(true));
    const total: string[] = [];
    before.on("message", (_topic, payload) => total.push(payload.toString()));
    await before.subscribeAsync("$SYS/broker/clients/disconnected");
    await pinbus(["pub", "a", "x", ...at()]);
    await eventually(() => total.at(-1)).toBe("0");
  });
});
