import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort, leftOut, leftOutUnless } from "../../brokers.ts";
import { hasPaho, python } from "../../paho.ts";
import { eventually, tempFolder } from "../shell/fixture.ts";
import { type AgentProcess, pinbus, runIn, start } from "./agent-process.ts";
import { at, helloWorld, open, passwordFile, publisher, subscriber } from "./terminals.ts";

// The examples of documents 003 and 004, as they are written but for the ports, and what the documents do with them.

const without = leftOut("classroom-broker and course", "mosquitto_sub", "mosquitto mosquitto-clients");
const withoutPaho = leftOutUnless(hasPaho(), "course with paho", "paho is not installed (apt install python3-paho-mqtt)");

/** A folder with the example, with these changes, after the printed steps. */
async function written(example: string, changes: readonly (readonly [string, string])[], stdin = ""): Promise<string> {
  const folder = tempFolder();
  const config = join(folder, "pinbus.yaml");
  const { code, stdout } = await pinbus(["init", "--example", example, "--config", config]);
  expect(code).toBe(0);
  let text = readFileSync(config, "utf8");
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  writeFileSync(config, text);
  for (const line of stdout.split("\n"))
    if (line.startsWith("  pinbus passwd ")) expect(await pinbus(line.trim().split(" ").slice(1), { stdin })).toMatchObject({ code: 0 });
  return folder;
}

async function running(folder: string): Promise<AgentProcess> {
  const agent = await runIn(folder, {
    PINBUS_GPIO_DRIVER: "sim",
    PINBUS_STATE_DIR: join(folder, "state"),
    PINBUS_CONTROL_SOCKET: join(folder, "control.sock"),
  });
  onTestFinished(() => agent.clean());
  return agent;
}

describe.skipIf(without)("the example classroom-broker", () => {
  const classroom = async () => {
    const port = await freePort();
    return { port, folder: await written("classroom-broker", [["port: 1883", `port: ${port}`]], "formosa\n") };
  };

  it("lets a class in as document 003 prints it, and says who is there, in its log and below $SYS", async () => {
    const { port, folder } = await classroom();
    const agent = await running(folder);
    const log = open("mosquitto_sub", ...at(port), "-i", "teacher", "-t", "$SYS/broker/log/#", "-v", "-d");
    await log.shows("Subscribed");

    const nobody = await helloWorld(port, ["-i", "mosqsub/1365-ev3dev"], ["-i", "mosqpub/1367-ev3dev"]);
    expect(nobody.subscribed.output).toBe(
      [
        "Client mosqsub/1365-ev3dev sending CONNECT",
        "Client mosqsub/1365-ev3dev received CONNACK (0)",
        "Client mosqsub/1365-ev3dev sending SUBSCRIBE (Mid: 1, Topic: hello/world, QoS: 0, Options: 0x00)",
        "Client mosqsub/1365-ev3dev received SUBACK",
        "Subscribed (mid: 1): 0",
        "Client mosqsub/1365-ev3dev received PUBLISH (d0, q0, r0, m0, 'hello/world', ... (5 bytes))",
        "hello",
        "Client mosqsub/1365-ev3dev sending DISCONNECT",
        "",
      ].join("\n"),
    );
    expect(nobody.published.output).toBe(
      [
        "Client mosqpub/1367-ev3dev sending CONNECT",
        "Client mosqpub/1367-ev3dev received CONNACK (0)",
        "Client mosqpub/1367-ev3dev sending PUBLISH (d0, q0, r0, m1, 'hello/world', ... (5 bytes))",
        "Client mosqpub/1367-ev3dev sending DISCONNECT",
        "",
      ].join("\n"),
    );

    // MQTT 3.1, which the EV3's clients of 2014 speak.
    const [ev3, test] = [
      ["-u", "ev3", "-P", "formosa", "-V", "mqttv31", "-i", "ev3-sub"],
      ["-u", "test", "-P", "formosa", "-V", "mqttv31", "-i", "ev3-pub"],
    ];
    expect((await helloWorld(port, ev3, test)).published.code).toBe(0);
    for (const who of [
      ["-u", "ev3", "-P", "wrong"],
      ["-u", "stranger", "-P", "formosa"],
    ]) {
      const refused = await open("mosquitto_sub", ...at(port), "-t", "hello/world", "-d", ...who).ended();
      expect(refused.output).toContain("Connection error: Connection Refused: not authorised.");
    }

    const from = "127\\.0\\.0\\.1";
    for (const sentence of [
      `New connection from ${from}:\\d+ on port ${port}\\.`,
      `New client connected from ${from}:\\d+ as mosqsub/1365-ev3dev \\(p2, c1, k60\\)\\.`,
      `New client connected from ${from}:\\d+ as ev3-pub \\(p1, c1, k60, u'test'\\)\\.`,
      "Client <unknown> disconnected, not authorised\\.",
      "Client ev3-pub disconnected\\.",
    ]) {
      await eventually(() => log.output).toMatch(new RegExp(`^\\$SYS/broker/log/N \\d{10}: ${sentence}$`, "m"));
      await eventually(() => agent.stderr).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} broker: ${sentence}$`, "m"));
    }
    expect(agent.stderr).not.toContain("formosa");
  });

  it("reads the pwfile of the class, and keeps what was retained over a SIGKILL (brokers 7.7)", async () => {
    const { port, folder } = await classroom();
    // As the document makes it, `echo "" > pwfile` first.
    writeFileSync(join(folder, "class.users"), passwordFile({ ev3: "formosa", test: "formosa" }));
    const first = await running(folder);
    const keep = ["-r", "-q", "1", "-t", "class/1", "-m", "kept", "-u", "ev3", "-P", "formosa"];
    expect((await open("mosquitto_pub", ...at(port), ...keep).ended()).code).toBe(0);
    first.child.kill("SIGKILL");
    await first.done;
    await running(folder);
    const late = await open("mosquitto_sub", ...at(port), "-t", "class/1", "-C", "1", "-F", "%r %p").ended();
    expect(late.output).toBe("1 kept\n");
  });
});

/** Document 004's publisher as it is printed: it ends without having read an answer. Two hundred of them, each a process. */
const fireAndExit = `import os, sys
import paho.mqtt.client as mqtt
broker, port = "127.0.0.1", int(sys.argv[1])
for n in range(200):
    if os.fork() == 0:
        client1 = mqtt.Client("test1")
        client1.connect(broker, port)
        ret = client1.publish("mqtt_test", "The broker is working properly %d" % n)
        os._exit(0)
    os.wait()
`;

describe.skipIf(without || withoutPaho)("the example course", () => {
  /** Opened for the class, as the example says how. */
  async function course() {
    const [port, ws, folder] = [await freePort(), await freePort(), tempFolder()];
    const place = await written("course", [
      ["protocol: mqtt, port: 1883", `protocol: mqtt, address: 0.0.0.0, port: ${port}`],
      ["protocol: ws, port: 1884", `protocol: ws, address: 0.0.0.0, port: ${ws}`],
      ["  # anonymous: true", "  anonymous: true"],
      ["sys_interval: 10s", "sys_interval: 1s"],
    ]);
    const checked = await pinbus(["check", "--config", join(place, "pinbus.yaml")]);
    expect([checked.code, `${checked.stdout}${checked.stderr}`]).toEqual([
      0,
      expect.stringContaining("everybody in the network may switch the outputs of this machine, add broker.password_file"),
    ]);
    const agent = await running(place);
    const script = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return (...args: (string | number)[]) => open(python, "-u", join(folder, name), ...args.map(String));
    };
    return { agent, port, ws, script };
  }

  it("serves the publisher and the subscriber of document 004, on both doors, and tells them of itself", async () => {
    const { port, ws, script } = await course();
    const [publish, subscribe] = [script("publisher.py", publisher), script("subscriber.py", subscriber)];
    const pages = subscribe("websockets", ws, "/mqtt", "mqtt_test/#");
    const programs = subscribe("tcp", port, "/mqtt", "mqtt_test/#");
    const system = subscribe("tcp", port, "/mqtt", "$SYS/#");
    for (const each of [pages, programs, system]) await each.shows("Subscribed");
    expect((await publish("tcp", port, "/mqtt").ended()).output).toBe("data published\n");
    expect((await publish("websockets", ws, "/mqtt").ended()).output).toBe("data published\n");
    const twice = "Topic: mqtt_test\nMessage: b'The broker is working properly'\n".repeat(2);
    for (const each of [pages, programs]) await each.shows(twice);
    await system.shows("Topic: $SYS/broker/clients/connected");
    const coffee = open("mosquitto_sub", "-d", ...at(port), "-t", "example_topic");
    await coffee.shows("Subscribed");
    await open("mosquitto_pub", "-d", ...at(port), "-t", "example_topic", "-m", "Time for a coffee").ended();
    await coffee.shows("'example_topic', ... (17 bytes))\nTime for a coffee\n");
  });

  it("loses no message of publishers that end at once: 200 of 200", async () => {
    const { port, script } = await course();
    const heard = open("mosquitto_sub", ...at(port), "-t", "mqtt_test", "-C", "200", "-W", "50", "-d");
    await heard.shows("Subscribed");
    await script("fire.py", fireAndExit)(port).ended();
    const { output, code } = await heard.ended();
    const texts = output.split("\n").filter((line) => line.startsWith("The broker is working properly"));
    expect([code, new Set(texts).size]).toEqual([0, 200]);
  });

  it("is observed and injected into as with MQTT.FX", async () => {
    const { agent, port, script } = await course();
    const observer = start(["sub", "mqtt_test/#", "--json", "--socket", agent.socket]);
    await eventually(() => observer.stderr).toContain("listening to ");
    const part = script("subscriber.py", subscriber)("tcp", port, "/mqtt", "mqtt_test/#");
    await part.shows("Subscribed");
    // The part that should say this is not there yet.
    expect(await agent.ask("pub", "mqtt_test/door", "open")).toMatchObject({ code: 0 });
    await part.shows("Topic: mqtt_test/door\nMessage: b'open'\n");
    await eventually(() => observer.stdout).toContain('"topic":"mqtt_test/door","payload":"open","qos":0,"retained":false}');
    observer.child.kill("SIGINT");
    expect((await observer.done).code).toBe(0);
  });
});
