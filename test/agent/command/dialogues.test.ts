import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { freePort, leftOut, leftOutUnless, observe, startMosquitto } from "../../brokers.ts";
import { hasPaho, python } from "../../paho.ts";
import { patience } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";
import { at, fireAndExit, helloWorld, open, passwordFile, publisher, subscriber } from "./terminals.ts";

// What people type and what their programs do, with Debian's own clients, against mosquitto and the built-in broker in the same run.

const withoutClients = leftOut("dialogues", "mosquitto_sub", "mosquitto mosquitto-clients");
const withoutPaho = leftOutUnless(hasPaho(), "dialogues in Python", "paho is not installed (apt install python3-paho-mqtt)");

interface Place {
  mqtt: number;
  ws: number;
  stop(): Promise<unknown>;
}

/** `users`: a file of mosquitto_passwd, with or without those who name none; undefined: everybody. */
interface Door {
  users?: Readonly<Record<string, string>>;
  anonymous: boolean;
}

const brokers: [name: string, start: (door: Door) => Promise<Place>][] = [
  ["mosquitto", onMosquitto],
  ["the built-in broker", onAgent],
];

async function onMosquitto({ users, anonymous }: Door): Promise<Place> {
  const ws = await freePort();
  const broker = await startMosquitto({
    config: [
      `allow_anonymous ${anonymous}`,
      ...(users ? ["password_file {dir}/pwfile"] : []),
      `listener ${ws} 127.0.0.1`,
      "protocol websockets",
    ],
    files: users ? { pwfile: passwordFile(users) } : {},
  });
  return { mqtt: broker.port, ws, stop: () => broker.stop() };
}

async function onAgent({ users, anonymous }: Door): Promise<Place> {
  const [folder, mqtt, ws] = [mkdtempSync(join(tmpdir(), "pinbus-dialogue-")), await freePort(), await freePort()];
  if (users) writeFileSync(join(folder, "pwfile"), passwordFile(users), { mode: 0o600 });
  const agent = await startAgent(
    `node: garage
gpio: { driver: sim }
broker:
  listeners: [{ protocol: mqtt, address: 127.0.0.1, port: ${mqtt} }, { protocol: ws, address: 127.0.0.1, port: ${ws} }]
  anonymous: ${anonymous}
${users ? `  password_file: ${join(folder, "pwfile")}\n` : ""}`,
  );
  return {
    mqtt,
    ws,
    async stop() {
      await agent.clean();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The same steps at both; whatever a person sees must be the same. */
function both(name: string, door: Door, steps: (place: Place) => Promise<unknown>): void {
  it(name, async () => {
    const seen: unknown[] = [];
    for (const [, start] of brokers) {
      const place = await start(door);
      try {
        seen.push(await steps(place));
      } finally {
        await place.stop();
      }
    }
    expect(seen[1]).toEqual(seen[0]);
  });
}
const open1883 = { anonymous: true };
const formosa = { ev3: "formosa", test: "formosa" };

describe.skipIf(withoutClients)("brokers 7.9: documents 003 and 004 with mosquitto's clients", () => {
  both("without a user: `mosquitto_sub -t hello/world -d`, `mosquitto_pub -d -t hello/world -m hello`", open1883, async ({ mqtt }) => {
    const seen = await helloWorld(mqtt);
    expect(seen.subscribed.output).toContain("received PUBLISH (d0, q0, r0, m0, 'hello/world', ... (5 bytes))\nhello\n");
    expect(seen.published.output).toContain("sending PUBLISH (d0, q0, r0, m1, 'hello/world', ... (5 bytes))");
    return seen;
  });

  both("with `-u ev3 -P formosa` and `-u test -P formosa`", { users: formosa, anonymous: true }, ({ mqtt }) =>
    helloWorld(mqtt, ["-u", "ev3", "-P", "formosa"], ["-u", "test", "-P", "formosa"]),
  );

  both("without a user where users are listed and `anonymous` is true", { users: formosa, anonymous: true }, ({ mqtt }) =>
    helloWorld(mqtt),
  );

  both("with a wrong password", { users: formosa, anonymous: true }, async ({ mqtt }) => {
    const seen = await open("mosquitto_sub", ...at(mqtt), "-t", "hello/world", "-d", "-u", "ev3", "-P", "wrong").ended();
    expect(seen.output).toContain("Connection error: Connection Refused: not authorised.");
    expect(seen.code).not.toBe(0);
    return seen;
  });

  both("with nobody at the port", open1883, async () => {
    const seen = await open("mosquitto_pub", ...at(await freePort()), "-t", "hello/world", "-m", "hello").ended();
    expect(seen.output).toContain("Connection refused");
    return seen;
  });
});

describe.skipIf(withoutClients)("mosquitto_pub", () => {
  it("publishes with QoS 0 and is heard, 200 times of 200", async () => {
    const place = await onAgent(open1883);
    onTestFinished(async () => void (await place.stop()));
    const observer = await observe({ url: `mqtt://127.0.0.1:${place.mqtt}` }, "fire");
    onTestFinished(() => observer.stop());
    const some = `for i in $(seq 200); do mosquitto_pub ${at(place.mqtt).join(" ")} -t fire -m $i & [ $((i % 8)) -gt 0 ] || wait; done; wait`;
    expect(await open("sh", "-c", some).ended()).toEqual({ output: "", code: 0 });
    await vi.waitFor(() => expect(new Set(observer.payloads("fire")).size).toBe(200), patience);
  });
});

describe.skipIf(withoutClients)("documents 000 and 001: a competition", () => {
  const owlcms = { owlcms: "some_Password_you_choose" };
  both("who is not listed stays outside, also without a user", { users: owlcms, anonymous: false }, async ({ mqtt }) => {
    const seen = [];
    for (const who of [[], ["-u", "owlcms"], ["-u", "owlcms", "-P", "guess"], ["-u", "owlcms", "-P", owlcms.owlcms]]) {
      seen.push(await open("mosquitto_pub", ...at(mqtt), "-q", "1", "-t", "owlcms/refbox/connected/A", "-m", "1", ...who).ended());
    }
    expect(seen.map(({ code }) => code === 0)).toEqual([false, false, false, true]);
    return seen;
  });

  both("any user and any password, where nobody is listed", open1883, ({ mqtt }) =>
    helloWorld(mqtt, ["-u", "anybody", "-P", "anything"], ["-u", "", "-P", ""]),
  );

  both("a decision of a referee reaches every box, in its order", open1883, async ({ mqtt }) => {
    const box = open("mosquitto_sub", ...at(mqtt), "-q", "1", "-v", "-t", "owlcms/fop/#", "-C", "4", "-d");
    await box.shows("Subscribed (mid: 1): 1");
    for (const [topic, payload] of [
      ["decisionRequest/A/1", "on"],
      ["decision/A", "1 good"],
      ["decision/A", "2 bad"],
      ["down/A", ""],
    ])
      await open("mosquitto_pub", ...at(mqtt), "-q", "1", "-t", `owlcms/fop/${topic}`, ...(payload ? ["-m", payload] : ["-n"])).ended();
    return (await box.ended()).output.split("\n").filter((line) => line.startsWith("owlcms/"));
  });
});

describe.skipIf(withoutClients)("document 002: a grow tent", () => {
  const sniffer = '{"Time":"2022-09-06T08:52:59","SCD30":{"CarbonDioxide":814,"Temperature":71.8,"Humidity":61.6},"TempUnit":"F"}';

  both("a device that is killed is Offline for everybody, now and later; one that says goodbye is not", open1883, async ({ mqtt }) => {
    const topic = "tele/snifferbuddy/LWT";
    const watcher = open("mosquitto_sub", ...at(mqtt), "-v", "-t", "tele/+/LWT", "-F", "%r %t %p", "-d");
    await watcher.shows("Subscribed");
    const will = ["--will-topic", topic, "--will-payload", "Offline", "--will-retain", "--will-qos", "1"];
    const device = () => open("mosquitto_sub", ...at(mqtt), "-k", "30", "-t", "cmnd/snifferbuddy/POWER", ...will, "-d");
    const first = device();
    await first.shows("Subscribed");
    await open("mosquitto_pub", ...at(mqtt), "-r", "-t", topic, "-m", "Online").ended();
    await first.interrupt();
    const second = device();
    await second.shows("Subscribed");
    second.child.kill("SIGKILL");
    await watcher.shows(`${topic} Offline`);
    const late = open("mosquitto_sub", ...at(mqtt), "-C", "1", "-t", topic, "-F", "%r %t %p");
    const { output } = await watcher.interrupt();
    return [output.split("\n").filter((line) => /^[01] tele/.test(line)), await late.ended()];
  });

  both("a reading travels as it is, and `cmnd/plug_fillerup/POWER` switches", open1883, async ({ mqtt }) => {
    const tent = open(
      "mosquitto_sub",
      ...at(mqtt),
      "-C",
      "2",
      "-v",
      "-t",
      "tele/snifferbuddy/SENSOR",
      "-t",
      "cmnd/plug_fillerup/POWER",
      "-d",
    );
    await tent.shows("Subscribed");
    await open("mosquitto_pub", ...at(mqtt), "-t", "tele/snifferbuddy/SENSOR", "-m", sniffer).ended();
    await open("mosquitto_pub", ...at(mqtt), "-t", "cmnd/plug_fillerup/POWER", "-m", "toggle").ended();
    const { output } = await tent.ended();
    expect(output).toContain(`tele/snifferbuddy/SENSOR ${sniffer}\n`);
    return output;
  });
});

describe.skipIf(withoutClients || withoutPaho)("Python with paho", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pinbus-paho-"));
    writeFileSync(join(folder, "publisher.py"), publisher);
    writeFileSync(join(folder, "subscriber.py"), subscriber);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (script: string, ...args: (string | number)[]) => open(python, "-u", join(folder, script), ...args.map(String));

  both("document 004's publisher and subscriber", open1883, async ({ mqtt }) => {
    const sub = run("subscriber.py", "tcp", mqtt, "/mqtt", "mqtt_test/#");
    await sub.shows("Connected with result code 0");
    await sub.shows("Subscribed");
    const pub = await run("publisher.py", "tcp", mqtt, "/mqtt").ended();
    await sub.shows("Message: b'The broker is working properly'");
    sub.child.kill("SIGKILL");
    return [pub.output, (await sub.ended()).output];
  });

  both("over WebSocket at /mqtt and at /, as the pages of documents 002 and 004", open1883, async ({ ws }) => {
    const seen = [];
    for (const path of ["/mqtt", "/"]) {
      const sub = run("subscriber.py", "websockets", ws, path, "mqtt_test/#");
      await sub.shows("Subscribed");
      const pub = await run("publisher.py", "websockets", ws, path).ended();
      await sub.shows("Message: b'The broker is working properly'");
      sub.child.kill("SIGKILL");
      seen.push(pub.output, (await sub.ended()).output);
    }
    return seen;
  });

  it.each([
    ["tcp", "mqtt"],
    ["websockets", "ws"],
  ] as const)("who connects, publishes and is gone is heard, 200 times of 200 (%s)", async (transport, protocol) => {
    const place = await onAgent(open1883);
    onTestFinished(async () => void (await place.stop()));
    const observer = await observe({ url: `mqtt://127.0.0.1:${place.mqtt}` }, "fire");
    onTestFinished(() => observer.stop());
    writeFileSync(join(folder, "fire.py"), fireAndExit);
    expect(await run("fire.py", transport, place[protocol], "/mqtt").ended()).toEqual({ output: "", code: 0 });
    await vi.waitFor(() => expect(new Set(observer.payloads("fire")).size).toBe(200), patience);
  });

  both("`$SYS/#` tells of the broker", open1883, async ({ mqtt }) => {
    const sub = run("subscriber.py", "tcp", mqtt, "/mqtt", "$SYS/#");
    await sub.shows("Topic: $SYS/broker/version");
    await sub.shows("Topic: $SYS/broker/clients/connected");
    sub.child.kill("SIGKILL");
  });
});
