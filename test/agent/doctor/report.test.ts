import { describe, expect, it } from "vitest";
import { checks } from "../../../agent/doctor/checks.ts";
import { examine } from "../../../agent/doctor/finding.ts";
import { openConfig } from "../../../agent/doctor/open-config.ts";
import { type ReportSources, reportOf } from "../../../agent/doctor/report.ts";
import { kept, say } from "../../../agent/doctor/sentence.ts";
import { isLeaf, isListOf, isMapOf, type SchemaNode } from "../../../config/leaf.ts";
import { schema } from "../../../config/schema.ts";
import { configOf, machine, now } from "./world.ts";

/** Stands wherever somebody can write text; in lower case, since some of it must be. */
const canary = "canary-7f3a9";
const place = (what: string) => `${canary}-${what}`;

const config = configOf(`
node: ${place("node")}
prefix: ${place("prefix")}
state_dir: /srv/${place("state")}
control: { socket: /run/${place("run")}/control.sock }
mqtt:
  server: [${place("host")}.example, "wss://${place("host")}.example/${place("path")}"]
  username: ${place("user")}
  password: ${place("password")}
  ca: /etc/${place("ca")}
  client_id: ${place("client")}
  servername: ${place("name")}.example
inputs: { porch: { line: 17 } }
outputs:
  lamp: { line: { chip: ${place("chip")}, offset: 3 } }
  fan: { line: ${place("line")}, on_peer_offline: { topic: ${place("peer-topic")}, payload: ${place("peer-payload")}, after: 30s, do: off } }
peers: { plug: { topic: "tele/${place("topic")}/LWT", online: ${place("online")}, offline: ${place("offline")} } }
pwm: { vent: { line: 18, kind: fan } }
sensors: { tank: { driver: file, path: /home/${place("home")}/level, unit: l } }
location: { latitude: 52.12345, longitude: 13.54321 }
time_zone: Europe/Berlin
services: [{ unit: ${place("unit")}.service, log_file: /var/log/${place("log")} }]
rules:
  night:
    when: { topic: cmnd/${place("when")}, payload: ${place("said")} }
    do: [{ publish: cmnd/${place("publish")}, payload: ${place("payload")} }]
`);

const builtIn = configOf(`
broker:
  username: ${place("own-user")}
  password: ${place("own-password")}
  users: { "${place("inline-user")}": ${place("inline-password")} }
  password_file: /etc/${place("users")}
  acl_file: /etc/${place("acl")}
  origins: ["https://${place("origin")}.example"]
  listeners: [{ protocol: mqtt, address: 192.0.2.77, port: 1883 }]
  bridge: { server: ${place("central")}, username: ${place("bridge-user")}, password: ${place("bridge-password")}, topics: [{ filter: "${place("filter")}/#", direction: out }] }
`);

const entry = (fields: object) => JSON.stringify({ __REALTIME_TIMESTAMP: String(now * 1000), PRIORITY: "4", ...fields });

function sources(changes: Partial<ReportSources> = {}): ReportSources {
  const facts = machine({
    config: { value: { file: `/etc/${place("file")}`, standard: true, config, files: [], warnings: [kept("warning", place("warning"))] } },
    configErrors: [{ what: kept("error", place("error")), mend: [say`pinbus check --config ${kept("file", place("file"))}`] }],
    caller: { user: place("caller"), root: false, groups: [] },
    chips: {
      value: {
        driver: "chardev",
        from: "kernel",
        chips: [{ label: "pinctrl-bcm2711", lines: [{ offset: 17, name: "", holder: place("holder"), own: false }] }],
      },
    },
    boot: { value: { path: "/boot/config.txt", text: `dtoverlay=w1-gpio,gpiopin=17,${place("overlay")}=1\n` } },
    pinmux: { value: [{ gpio: 17, owner: place("owner") }] },
    files: { value: [{ role: "mqtt.key", path: place("key"), kind: "secret", mode: 0o666, owner: place("owner"), group: place("group") }] },
    certificates: { value: [{ role: "mqtt.ca", path: place("ca"), from: 0, to: 1 }] },
    sockets: {
      value: [{ setting: "control.socket", path: place("socket"), group: place("group"), mode: 0o660, answer: "answers" }],
    },
    brokers: {
      value: [
        {
          server: place("server"),
          steps: [{ step: "name", ms: 4000 }],
          failed: { step: "connack", why: kept("reason", place("reason")) },
          refused: [place("topic")],
          certificate: { to: 1 },
          version: "5",
        },
      ],
    },
    supply: { unknown: kept("reason", place("reason")) },
  });
  return {
    now,
    version: "0.1.0",
    nodeVersion: "v20.19.4",
    kernel: "6.12.1",
    model: "Raspberry Pi 4 Model B",
    os: "Debian GNU/Linux 13",
    findings: examine(checks, facts),
    config,
    status: {
      node: place("node"),
      version: "0.1.0",
      started: new Date(now).toISOString(),
      uptime_s: 7,
      pid: 12,
      health: "failing",
      problems: [place("problem")],
      given: { "mqtt.server": place("variable") },
      driver: "chardev",
      chips: [place("label")],
      link: {
        server: place("server"),
        online: false,
        version: "5",
        since: null,
        problem: place("problem"),
        reconnects: 3,
        sent: 1,
        received: 2,
      },
      outbox: { waiting: 1, oldest_ms: 5, dropped: 0 },
      peers: [{ id: "plug", state: "online", since: null }],
      broker: { listeners: [{ protocol: "mqtt", address: place("address"), port: 1883, problem: place("problem") }], clients: 2 },
      counts: { inputs: 1, outputs: 2, rules: 1, edges: 0, commands: 0, refused: 0 },
    },
    host: { "host/load/1min": "0.10", [`host/network/${place("interface")}/address`]: place("address"), "host/temperature": "50.0" },
    journal: [
      entry({
        MESSAGE: place("message"),
        PINBUS_OUTPUT: "lamp",
        PINBUS_TOPIC: place("topic"),
        PINBUS_CAUSE: place("cause"),
        _HOSTNAME: place("name"),
      }),
      entry({ MESSAGE: "x", PINBUS_OUTPUT: place("output"), PINBUS_INPUT: "porch", PINBUS_RULE: "night", _CMDLINE: place("argv") }),
      entry({ MESSAGE_ID: "39f53479d3a045ac8e11786248231fbf", UNIT_RESULT: "exit-code", _EXE: place("exe") }),
      entry({ PINBUS_OUTPUT: "vent" }),
      entry({ MESSAGE_ID: place("id"), UNIT_RESULT: place("result"), PRIORITY: place("priority") }),
      place("no json"),
    ].join("\n"),
    ...changes,
  };
}

describe("the report for whoever helps", () => {
  it("has nothing of what somebody wrote, wherever it stood", () => {
    expect(JSON.stringify(reportOf(sources()))).not.toContain(canary);
    expect(JSON.stringify(reportOf(sources({ config: builtIn })))).not.toContain(canary);
    const text = JSON.stringify(reportOf(sources({ config: builtIn })));
    for (const secret of ["192.0.2.77", "example"]) expect(text).not.toContain(secret);
    expect(JSON.stringify(openConfig(config))).not.toMatch(/52\.12|13\.54|Berlin/);
  });

  it("has what is wrong, with numbers and words of ours", () => {
    const { findings } = reportOf(sources());
    expect(findings).toContainEqual({
      check: "lines",
      level: "problem",
      what: "input porch: GPIO17 is held by (program)",
      mend: expect.any(Array),
    });
    expect(findings.find(({ check }) => check === "broker")?.what).toBe(
      "(broker), the broker accepts us (CONNACK): (reason) (done: name 4000 ms)",
    );
  });

  it("has the configuration as far as it is numbers, times, ids and fixed words", () => {
    expect(
      openConfig(
        configOf("outputs: { lamp: { line: 5, max_on: 2h, active: low } }\nmqtt: { server: nas, port: 1884, username: pi, password: x }\n"),
      ),
    ).toEqual({
      node: "(set)",
      control: { view: "(set)" },
      mqtt: { server: ["(set)"], port: "1884", username: "(set)", password: "(set)" },
      inputs: {},
      outputs: { lamp: { line: "GPIO5", active: "low", max_on: "2h" } },
      interlocks: {},
      peers: {},
      sensors: {},
      derive: {},
      pwm: {},
      rules: {},
      controllers: {},
      covers: {},
      homeassistant: { discovery: "false" },
      homie: { discovery: "false" },
      tasmota: {},
      mistbuddy: {},
    });
    expect(openConfig(config)).toMatchObject({
      outputs: { lamp: { line: "line 3 of a chip" }, fan: { line: "(a line by its name)", on_peer_offline: "(set)" } },
      rules: { night: { when: [{ topic: "(set)", payload: "(set)" }], do: [{ publish: "(set)", payload: "(set)" }] } },
    });
  });

  it("has of the journal when, how important, which kind and which pin", () => {
    const at = new Date(now).toISOString();
    expect(reportOf(sources()).journal).toEqual([
      { at, priority: 4, output: "lamp" },
      { at, priority: 4, input: "porch", rule: "night" },
      { at, priority: 4, message_id: "39f53479d3a045ac8e11786248231fbf", unit_result: "exit-code" },
      { at, priority: 4, output: "vent" },
      { at, priority: 6 },
    ]);
  });

  it("is bounded, and stands without an agent, a journal and a configuration", () => {
    const many = Array.from({ length: 5000 }, () => entry({})).join("\n");
    expect(reportOf(sources({ journal: many })).journal).toHaveLength(300);
    expect(reportOf(sources({ journal: undefined, status: undefined, config: undefined }))).toMatchObject({
      journal: null,
      status: null,
      config: null,
    });
  });

  it("tells no setting whose text is free", () => {
    const free: string[] = [];
    const walk = (node: SchemaNode, path: string) => {
      if (isLeaf(node)) {
        // What takes any of these words takes any text.
        const takes = ["Canary7F", "/srv/Canary7F", "http://Canary7F", "Canary7F.service"].find((text) => node.reads.read(text).ok);
        if (takes !== undefined) free.push(path);
      } else if (isMapOf(node) || isListOf(node)) walk(node.items, `${path}[]`);
      else for (const [key, child] of Object.entries(node)) walk(child, `${path}.${key}`);
    };
    walk(schema, "");
    expect(free.length).toBeGreaterThan(40);
    // Each of them as somebody might write it, one at a time.
    for (const path of free) expect(openAt(path)).not.toContain("Canary7F");
  });
});

/** What is told of a configuration that has nothing but a text in this place. */
function openAt(path: string): string {
  const keys = path.split(".").slice(1);
  const made = keys.reduceRight<unknown>((value, key) => {
    const isList = key.endsWith("[]");
    const name = key.replace("[]", "");
    return { [name]: isList ? (isMap(name) ? { item: value } : [value]) : value };
  }, "Canary7F");
  return JSON.stringify(openConfig(made as Parameters<typeof openConfig>[0]));
}

const isMap = (name: string) => ["inputs", "outputs", "interlocks", "peers", "sensors", "derive", "values", "rules"].includes(name);
