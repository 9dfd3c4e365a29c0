import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";

// Terminals in which somebody types what stands in the documents.

interface Transcript {
  output: string;
  code: number | null;
}

/** Where a broker is, for mosquitto's clients. */
export const at = (port: number) => ["-h", "127.0.0.1", "-p", String(port)];

/** As document 003 makes it, beginning with `echo "" > pwfile`. */
export function passwordFile(users: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "pinbus-pwfile-"));
  const file = join(folder, "pwfile");
  writeFileSync(file, "\n");
  chmodSync(file, 0o600);
  for (const [user, password] of Object.entries(users)) execFileSync("mosquitto_passwd", ["-b", file, user, password], { stdio: "ignore" });
  const text = execFileSync("cat", [file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return text;
}

/** A program that writes line by line, as in a terminal of its own; it does not outlive the test. */
export function open(program: string, ...args: string[]) {
  const child: ChildProcess = spawn("stdbuf", ["-oL", program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  // Each for itself: which of two pipes is read first is chance.
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
    });
  const closed = once(child, "close");
  const terminal = {
    child,
    get output() {
      return text.stdout + text.stderr;
    },
    shows: (words: string) => vi.waitFor(() => expect(terminal.output).toContain(words), patience),
    async ended(): Promise<Transcript> {
      const [code] = (await closed) as [number | null];
      return { output: plain(terminal.output), code };
    },
    /** Ctrl+C. */
    interrupt() {
      child.kill("SIGINT");
      return terminal.ended();
    },
  };
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  return terminal;
}

/** Without what is made by chance. */
function plain(output: string): string {
  return output.replace(/auto-[0-9A-F-]{36}/g, "auto-ID");
}

/** mosquitto_sub -d in one terminal, mosquitto_pub -d in another one. */
export async function helloWorld(port: number, subscriber: string[] = [], publisher: string[] = []) {
  const sub = open("mosquitto_sub", ...at(port), "-t", "hello/world", "-d", ...subscriber);
  await sub.shows("Subscribed (mid: 1): 0");
  const pub = open("mosquitto_pub", ...at(port), "-d", "-t", "hello/world", "-m", "hello", ...publisher);
  const published = await pub.ended();
  await sub.shows("hello\n");
  return { published, subscribed: await sub.interrupt() };
}

/** The publisher of document 004, with what is missing in it. */
export const publisher = `import sys
import paho.mqtt.client as mqtt
transport, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def on_publish(client, userdata, result):
    print("data published")
client1 = mqtt.Client("test1", transport=transport)
if transport == "websockets":
    client1.ws_set_options(path=path)
client1.on_publish = on_publish
client1.connect("127.0.0.1", port)
ret = client1.publish("mqtt_test", "The broker is working properly")
client1.loop_start()
ret.wait_for_publish()
client1.disconnect()
client1.loop_stop()
`;

/** The same publisher as it stands in the document: it exits without a look at the answer. In 200 processes, eight at a time. */
export const fireAndExit = `import os, sys
import paho.mqtt.client as mqtt
transport, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for i in range(200):
    if os.fork() == 0:
        client1 = mqtt.Client("fire" + str(i), transport=transport)
        if transport == "websockets":
            client1.ws_set_options(path=path)
        client1.connect("127.0.0.1", port)
        client1.publish("fire", str(i))
        os._exit(0)
    if i % 8 == 7:
        for _ in range(8):
            if os.wait()[1] != 0:
                sys.exit("a publisher failed")
`;

/** Its subscriber, with its lines in the right order. */
export const subscriber = `import sys
import paho.mqtt.client as mqtt
transport, port, path, filter = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
def on_connect(client, userdata, flags, rc):
    print("Connected with result code " + str(rc))
    client.subscribe(filter)
def on_subscribe(client, userdata, mid, granted_qos):
    print("Subscribed")
def on_message(client, userdata, msg):
    print("Topic: " + msg.topic)
    print("Message: " + str(msg.payload))
client = mqtt.Client(transport=transport)
if transport == "websockets":
    client.ws_set_options(path=path)
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect("127.0.0.1", port, 60)
client.loop_forever()
`;

import { patience } from "../shell/fixture.ts";
