import { execFile } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { freePort, leftOut, leftOutUnless, mosquittoUsers, startMosquitto } from "../../brokers.ts";
import { makeAuthority, mosquittoTls } from "../../certificates.ts";
import { hasPaho, python } from "../../paho.ts";
import { main, pinbus, runIn } from "./agent-process.ts";

const run = promisify(execFile);
const names = readdirSync(join(dirname(main), "../../config/examples")).map((file) => file.replace(".yaml", ""));
const password = "some_Password_you_choose";

/** A folder with the example, and what `pinbus init` says to do next. */
async function written(example: string) {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "pinbus.yaml");
  const { code, stdout, stderr } = await pinbus(["init", "--example", example, "--config", config]);
  expect([code, stderr]).toEqual([0, ""]);
  const steps = stdout.split("\n").flatMap((line) => (line.startsWith("  pinbus ") ? [line.trim().split(" ").slice(1)] : []));
  return { folder, config, steps };
}

describe("pinbus init --example", () => {
  it("lists what there is, one line each, with an unknown name and with none", async () => {
    const [none, before, unknown] = await Promise.all([
      pinbus(["init", "--example"]),
      pinbus(["init", "--example", "--config", "/nowhere/a.yaml"]),
      pinbus(["init", "--example", "owlcms", "--config", "/nowhere/a.yaml"]),
    ]);
    expect(before).toEqual(none);
    expect([none.code, none.stderr]).toEqual([0, ""]);
    expect(none.stdout).toMatch(/^ {2}owlcms-broker +The broker of a weightlifting competition: .*$/m);
    expect(none.stdout.trimEnd().split("\n")).toHaveLength(names.length);
    expect([unknown.code, unknown.stdout]).toEqual([64, ""]);
    expect(unknown.stderr).toContain('there is no example "owlcms"');
    expect(unknown.stderr).toContain(none.stdout);
  });

  it.each(names)("%s passes `pinbus check` after the steps that are printed, up to the start", async (example) => {
    const { steps } = await written(example);
    const [last, ...others] = steps.toReversed();
    expect(last?.[0]).toBe("run");
    for (const step of others.toReversed()) expect(await pinbus(step, { stdin: `${password}\n` })).toMatchObject({ code: 0, stderr: "" });
  });

  // As root in a folder of the service's group, which is how /etc/pinbus is.
  it.skipIf(process.getuid?.() !== 0)("gives the file to the group of its folder, so that the service may read it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pinbus-example-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    chownSync(folder, 0, 12_345);
    await pinbus(["init", "--config", join(folder, "pinbus.yaml")]);
    expect(statSync(join(folder, "pinbus.yaml"))).toMatchObject({ uid: 0, gid: 12_345, mode: 0o100640 });
  });

  it("never overwrites a file", async () => {
    const { config } = await written("owlcms-broker");
    writeFileSync(config, "# mine\n");
    expect((await pinbus(["init", "--example", "owlcms-broker", "--config", config])).code).toBe(1);
    expect(readFileSync(config, "utf8")).toBe("# mine\n");
  });
});

const without = leftOut("owlcms-broker", "mosquitto_sub", "mosquitto-clients");
const withoutPaho = leftOutUnless(hasPaho(), "owlcms-broker with paho", "paho is not installed (apt install python3-paho-mqtt)");

describe.skipIf(without || withoutPaho)("the example owlcms-broker, as it is written but for the ports", () => {
  /** A running box after the printed steps. */
  async function box() {
    const { folder, config, steps } = await written("owlcms-broker");
    const [port, ws] = [await freePort(), await freePort()];
    const text = readFileSync(config, "utf8");
    writeFileSync(
      config,
      text.replace("0.0.0.0, port: 1883", `0.0.0.0, port: ${port}`).replace("0.0.0.0, port: 9090", `0.0.0.0, port: ${ws}`),
    );
    await pinbus(steps[0] ?? [], { stdin: `${password}\n` });
    const env = { PINBUS_GPIO_DRIVER: "sim", PINBUS_STATE_DIR: join(folder, "state"), PINBUS_CONTROL_SOCKET: join(folder, "control.sock") };
    const agent = await runIn(folder, env);
    onTestFinished(() => agent.clean());
    return { agent, port, ws, folder };
  }

  it("serves owlcms, ten boxes and a page, and nobody who has not the password", async () => {
    const { agent, port, ws, folder } = await box();
    const { broker } = await agent.client.request("status", {});
    expect(broker?.listeners.map(({ protocol, address, port }) => [protocol, address, port])).toEqual([
      ["mqtt", "0.0.0.0", port],
      ["ws", "0.0.0.0", ws],
    ]);
    writeFileSync(join(folder, "competition.py"), competition);
    const { stdout } = await run(python, [join(folder, "competition.py"), String(port), String(ws), password], { timeout: 50_000 });
    expect(stdout.trim().split("\n")).toEqual([
      "wrong password: 5",
      "no user: 5",
      "boxes that are in: 10",
      "decisions at owlcms: 10",
      "echoes at the boxes: 10",
      "echoes at the page: 1",
      "down signals: 10",
    ]);
    await eventually(() => agent.stderr).toMatch(/New client connected from 127\.0\.0\.1:\d+ as box-9 \(p2, c1, k60, u'owlcms'\)/);
    expect(agent.stderr).not.toContain(password);
  });

  it("answers the commands of the documents", async () => {
    const { port } = await box();
    const at = ["-h", "127.0.0.1", "-p", String(port), "-d"];
    const user = ["-u", "owlcms", "-P", password];
    await run("mosquitto_pub", [...at, ...user, "-r", "-q", "1", "-t", "owlcms/fop/config", "-m", "A"]);
    const heard = await run("mosquitto_sub", [...at, ...user, "-v", "-t", "owlcms/#", "-C", "1"]);
    expect(heard.stdout).toContain("owlcms/fop/config A\n");
    for (const who of [[], ["-u", "owlcms", "-P", "guess"], ["-u", "owlcms"]]) {
      const refused = run("mosquitto_sub", [...at, ...who, "-t", "owlcms/#"]);
      await expect(refused).rejects.toMatchObject({ stderr: expect.stringContaining("Connection Refused: not authorised.") });
    }
  });
});

/** A free port that means TLS to owlcms. */
async function freePortFrom8(): Promise<number> {
  for (;;) {
    const port = 8000 + Math.floor(Math.random() * 1000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** The example with one of its variants in place of what stands there. */
async function variant(drop: RegExp, from: string, to: (line: string) => boolean) {
  const { folder, config } = await written("owlcms-broker");
  const lines = readFileSync(config, "utf8").replace(drop, "").split("\n");
  const first = lines.indexOf(from);
  expect(first).toBeGreaterThan(0);
  const last = lines.findIndex((line, at) => at >= first && to(line));
  writeFileSync(config, lines.map((line, at) => (at >= first && at <= last ? line.replace(/^# /, "") : line)).join("\n"));
  return { folder, config };
}
const own = (folder: string) => ({
  PINBUS_GPIO_DRIVER: "sim",
  PINBUS_STATE_DIR: join(folder, "state"),
  PINBUS_CONTROL_SOCKET: join(folder, "control.sock"),
});

describe.skipIf(without)("the variants of the example owlcms-broker", () => {
  const env = { OWLCMS_MQTTUSERNAME: "referees", OWLCMS_MQTTPASSWORD: password };

  it("with mqtt.env the three variables of document 001 say who comes in, and where", async () => {
    const { folder, config } = await variant(/^ {4}- \{ protocol: ws.*\n/m, "# mqtt: { env: owlcms }", () => true);
    await pinbus(["passwd", join(folder, "owlcms.users"), "owlcms"], { stdin: `${password}\n` });
    const port = await freePort();
    const agent = await runIn(folder, { ...own(folder), ...env, OWLCMS_MQTTPORT: String(port) });
    onTestFinished(() => agent.clean());
    expect(agent.port).toBe(port);
    const say = ["-h", "127.0.0.1", "-p", String(port), "-q", "1", "-t", "owlcms/fop/config", "-m", "A"];
    await run("mosquitto_pub", [...say, "-u", "referees", "-P", password]);
    await run("mosquitto_pub", [...say, "-u", "owlcms", "-P", password]);
    await expect(run("mosquitto_pub", [...say, "-u", "referees", "-P", "guess"])).rejects.toThrow("not authorised");
    expect((await pinbus(["check", "--config", config], { env: { ...env, OWLCMS_MQTTPORT: String(port) } })).stdout).toContain(
      "given by OWLCMS_MQTTPORT",
    );
  });

  it.each([
    ["in the file", {}],
    ["in the variables of document 001", env],
  ])(
    "owlcms 11: with a broker elsewhere, named %s, a port that starts with 8 is TLS and a certificate is checked",
    async (_, variables) => {
      const authority = makeAuthority();
      const port = await freePortFrom8();
      onTestFinished(() => authority.clean());
      const tls = mosquittoTls(authority, authority.issue("broker"), ["password_file {dir}/users"]);
      const users = mosquittoUsers({ referees: password }).files?.passwd ?? "";
      const broker = await startMosquitto({
        port,
        config: tls.config.map((line) => line.replace("allow_anonymous true", "allow_anonymous false")),
        files: { ...tls.files, users },
      });
      onTestFinished(() => broker.stop());
      const named = Object.keys(variables).length > 0;
      const { folder, config } = named
        ? await variant(/^broker:\n(?: .*\n)+/m, "# mqtt: { env: owlcms }", () => true)
        : await variant(/^broker:\n(?: .*\n)+/m, "# mqtt:", (line) => line.includes("ca: authority.pem"));
      const text = readFileSync(config, "utf8")
        .replace("broker.example.org", "127.0.0.1")
        .replace("port: 8883", `port: ${port}`)
        .replace("your_username", "referees");
      writeFileSync(config, text);
      writeFileSync(join(folder, "mqtt.password"), `${password}\n`, { mode: 0o600 });
      const place: Record<string, string> = named ? { ...variables, OWLCMS_MQTTSERVER: "127.0.0.1", OWLCMS_MQTTPORT: String(port) } : {};
      const agent = await runIn(folder, { ...own(folder), ...place });
      onTestFinished(() => agent.clean());
      // Nobody knows the authority yet.
      await vi.waitFor(() => expect(agent.stderr).toMatch(/certificate/), patience);
      await eventually(() => agent.stderr).toContain(`the broker is mqtts://127.0.0.1:${port}; the built-in one is not started`);
      agent.child.kill("SIGKILL");
      await agent.done;
      agent.client.close();
      const trusting = await runIn(folder, { ...own(folder), ...place, PINBUS_MQTT_CA: authority.cert });
      onTestFinished(() => trusting.clean());
      await vi.waitFor(() => expect(trusting.stderr).toContain("online at "), patience);
    },
  );
});

/** What owlcms, its boxes and a page do, as documents 000 and 001 have it: all with one user. */
const competition = `import sys, threading
import paho.mqtt.client as mqtt

port, ws, password = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
changed, counts = threading.Condition(), {}

def count(what):
    with changed:
        counts[what] = counts.get(what, 0) + 1
        changed.notify_all()

def reached(what, many):
    with changed:
        changed.wait_for(lambda: counts.get(what, 0) >= many, 20)
        print("%s: %d" % (what, counts.get(what, 0)), flush=True)

def client(name, at, subscriptions, on_message, who=("owlcms", password), transport="tcp"):
    c = mqtt.Client(name, transport=transport)
    if transport == "websockets":
        c.ws_set_options(path="/mqtt")
    if who:
        c.username_pw_set(*who)
    def on_connect(c, userdata, flags, rc):
        if rc:
            print("%s: %d" % (name, rc), flush=True)
            c.disconnect()
            count(name)
        else:
            c.subscribe(subscriptions)
    c.on_connect = on_connect
    c.on_subscribe = lambda c, userdata, mid, granted: count("in " + name)
    c.on_message = on_message
    c.connect("127.0.0.1", at)
    c.loop_start()
    return c

def refused(name, who):
    client(name, port, [("#", 0)], None, who)
    with changed:
        changed.wait_for(lambda: counts.get(name, 0) > 0, 20)

refused("wrong password", ("owlcms", "guess"))
refused("no user", None)

def at_owlcms(c, userdata, message):
    count("decisions at owlcms")
    if message.payload == b"1 good":
        c.publish("owlcms/fop/decision/A", message.payload, 1)

def at_box(name):
    def at(c, userdata, message):
        count({"owlcms/fop/decision/A": "echoes at " + name, "owlcms/fop/down/A": "down signals"}[message.topic])
    return at

owlcms = client("owlcms", port, [("owlcms/refbox/decision/A", 0)], at_owlcms)
boxes = [client("box-%d" % n, port, [("owlcms/fop/+/A", 1)], at_box("the boxes")) for n in range(10)]
page = client("page", ws, [("owlcms/fop/decision/A", 1)], at_box("the page"), transport="websockets")
with changed:
    names = ["in owlcms", "in page"] + ["in box-%d" % n for n in range(10)]
    changed.wait_for(lambda: all(name in counts for name in names), 20)
print("boxes that are in: %d" % sum(1 for name in counts if name.startswith("in box")), flush=True)
for n, box in enumerate(boxes):
    box.publish("owlcms/refbox/decision/A", "1 good" if n == 0 else "2 bad", 1)
reached("decisions at owlcms", 10)
reached("echoes at the boxes", 10)
reached("echoes at the page", 1)
owlcms.publish("owlcms/fop/down/A", "", 1)
reached("down signals", 10)
for c in boxes + [owlcms, page]:
    c.disconnect()
    c.loop_stop()
`;

import { eventually, patience } from "../shell/fixture.ts";
