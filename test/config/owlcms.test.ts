import { describe, expect, it } from "vitest";
import type { LoadOptions } from "../../config/load.ts";
import { serverUrls } from "../../config/server.ts";
import { configOf, load, saidAbout } from "./loading.ts";

const on = "mqtt: { env: owlcms }";
const pair = { OWLCMS_MQTTUSERNAME: "owlcms", OWLCMS_MQTTPASSWORD: "some_Password_you_choose" };

/** Where the link goes, with whom, and where the built-in broker would listen and whom it would let in. */
function seen(text: string, options: Partial<LoadOptions>) {
  const { mqtt, broker } = configOf(text, options);
  const listeners = broker.listeners.map(({ protocol, address, port }) => `${protocol} ${address ?? "loopback"} ${port}`);
  return { servers: serverUrls(mqtt), login: [mqtt.username, mqtt.password], listeners, users: [broker.username, broker.password] };
}

describe("the variables of owlcms (document 001)", () => {
  const external = { OWLCMS_MQTTSERVER: "broker.example" };
  const nobody = [null, null];
  const usual = ["mqtt loopback 1883"];
  it.each([
    ["are not read unless it is asked for", "", { ...external, ...pair }, { servers: [], login: nobody, users: nobody, listeners: usual }],
    ["are read when a variable asks for it", "", { PINBUS_MQTT_ENV: "owlcms", ...external }, { servers: ["mqtt://broker.example:1883"] }],
    ["name an external broker", on, external, { servers: ["mqtt://broker.example:1883"], login: nobody, users: nobody }],
    [
      "mean TLS when the port starts with 8 (owlcms 5 and 11)",
      on,
      { ...external, OWLCMS_MQTTPORT: "8883", ...pair },
      { servers: ["mqtts://broker.example:8883"] },
    ],
    [
      "mean no TLS with `tls: off` (owlcms 11)",
      "mqtt: { env: owlcms, tls: off }",
      { ...external, OWLCMS_MQTTPORT: "8083" },
      { servers: ["mqtt://broker.example:8083"] },
    ],
    ["log in at an external broker", on, { ...external, ...pair }, { login: Object.values(pair), users: nobody }],
    [
      "log in at the broker of the file",
      "mqtt: { env: owlcms, server: here }",
      pair,
      { servers: ["mqtt://here:1883"], login: Object.values(pair) },
    ],
    ["are what the built-in broker wants to hear", on, pair, { servers: [], login: nobody, users: Object.values(pair) }],
    ["name the port of the built-in broker, which stays plain", on, { OWLCMS_MQTTPORT: "8884" }, { listeners: ["mqtt loopback 8884"] }],
    ["name its WebSocket port", on, { OWLCMS_MQTTWSPORT: "9090" }, { listeners: [...usual, "ws loopback 9090"] }],
    [
      "are not set when they are empty",
      on,
      { OWLCMS_MQTTSERVER: "", OWLCMS_MQTTUSERNAME: "", OWLCMS_MQTTPASSWORD: "", OWLCMS_MQTTPORT: "" },
      { servers: [], users: nobody, listeners: usual },
    ],
    ["may ask for the broker that is built in anyway", on, { OWLCMS_ENABLEEMBEDDEDMQTT: "True" }, { servers: [], listeners: usual }],
  ] as const)("%s", (_, text, env, expected) => {
    expect(seen(text, { env })).toMatchObject(expected);
  });

  it("are stronger than the file and weaker than those of pinbus and arguments, setting by setting (brokers 7.3)", () => {
    const text = "mqtt: { env: owlcms, server: file, port: 1, username: file, password: file }";
    const owlcms = { OWLCMS_MQTTSERVER: "owlcms", OWLCMS_MQTTPORT: "2", ...pair };
    expect(seen(text, { env: owlcms })).toMatchObject({ servers: ["mqtt://owlcms:2"], login: Object.values(pair) });
    const ours = { PINBUS_MQTT_SERVER: "pinbus", PINBUS_MQTT_PORT: "3" };
    expect(seen(text, { env: { ...owlcms, ...ours } })).toMatchObject({ servers: ["mqtt://pinbus:3"], login: Object.values(pair) });
    const args = { "mqtt-server": "argument", "mqtt-port": "4" };
    expect(seen(text, { env: { ...owlcms, ...ours }, args })).toMatchObject({ servers: ["mqtt://argument:4"] });
    const listeners = { PINBUS_BROKER_LISTENERS: "1884", OWLCMS_MQTTPORT: "1885", OWLCMS_MQTTWSPORT: "1886" };
    expect(seen(on, { env: listeners }).listeners).toEqual(["null loopback 1884"]);
  });

  it("are a pair, of which no half goes to somebody for whom the other half is not", () => {
    const text = "mqtt: { env: owlcms, server: here }";
    expect(seen(text, { env: { ...pair, PINBUS_MQTT_USERNAME: "pi", PINBUS_MQTT_PASSWORD: "own" } }).login).toEqual(["pi", "own"]);
    expect(saidAbout(load(text, { env: { ...pair, PINBUS_MQTT_USERNAME: "pi" } }))).toEqual([
      "PINBUS_MQTT_USERNAME: mqtt.username: there is no mqtt.password beside it, add mqtt.password",
    ]);
  });

  it("put their ports into the listeners of the file, and open no other address than those have", () => {
    const text = (listeners: string) => `${on}\nbroker: { listeners: [${listeners}], password_file: users }`;
    const env = { OWLCMS_MQTTPORT: "1884", OWLCMS_MQTTWSPORT: "9090" };
    const both = "{ protocol: ws, address: 10.0.0.1, port: 1 }, { address: 0.0.0.0, port: 2 }";
    expect(seen(text(both), { env }).listeners).toEqual(["ws 10.0.0.1 9090", "mqtt 0.0.0.0 1884"]);
    expect(seen(text("{ address: 0.0.0.0, port: 2 }"), { env }).listeners).toEqual(["mqtt 0.0.0.0 1884", "ws 0.0.0.0 9090"]);
    const secure = `${on}\nbroker: { listeners: [{ protocol: mqtts, address: 0.0.0.0, port: 2 }], cert: c, key: k, password_file: users }`;
    expect(seen(secure, { env }).listeners).toEqual(["mqtts 0.0.0.0 2", "mqtt loopback 1884", "ws loopback 9090"]);
  });

  it.each([
    [{ OWLCMS_MQTTUSERNAME: "owlcms" }, "OWLCMS_MQTTUSERNAME: there is no OWLCMS_MQTTPASSWORD beside it, set both or none"],
    [{ OWLCMS_MQTTPASSWORD: "geheim" }, "OWLCMS_MQTTPASSWORD: there is no OWLCMS_MQTTUSERNAME beside it, set both or none"],
    [{ OWLCMS_MQTTPORT: "0" }, "OWLCMS_MQTTPORT: 0 is not a port to connect to, write a number between 1 and 65535"],
    [{ OWLCMS_MQTTWSPORT: "x" }, 'OWLCMS_MQTTWSPORT: "x" is not a port, write a number between 0 and 65535'],
    [{ OWLCMS_MQTTSERVER: "a b" }, /^OWLCMS_MQTTSERVER: mqtt.server: "a b" is not a host name or an IP address/],
    [{ OWLCMS_MQTTWSPORT: "1883" }, /listens on port 1883 too/],
    [
      { OWLCMS_ENABLEEMBEDDEDMQTT: "false" },
      "OWLCMS_ENABLEEMBEDDEDMQTT: it wants no built-in broker, and no other one is named, set OWLCMS_MQTTSERVER, or remove it",
    ],
    [{ OWLCMS_ENABLEEMBEDDEDMQTT: "no" }, 'OWLCMS_ENABLEEMBEDDEDMQTT: "no" is not one of true, false, write true or false'],
  ] as [Record<string, string>, string | RegExp][])("are named when they are wrong: %j", (env, expected) => {
    const [first = "", ...more] = saidAbout(load(on, { env }));
    if (typeof expected === "string") expect(first).toBe(expected);
    else expect(first).toMatch(expected);
    expect(more).toEqual([]);
    expect(first).not.toContain("geheim");
  });

  it("are named as the source of what they give", () => {
    const result = load(on, { env: { ...pair, OWLCMS_MQTTPORT: "1884" } });
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) return;
    expect(Object.fromEntries(result.given)).toEqual({
      "broker.username": "OWLCMS_MQTTUSERNAME",
      "broker.password": "OWLCMS_MQTTPASSWORD",
      "broker.listeners[0].port": "OWLCMS_MQTTPORT",
    });
    expect(result.sourceOf("broker.username")).toBe("OWLCMS_MQTTUSERNAME");
  });
});

describe("listeners in one line", () => {
  const shown = (text: string) => seen("", { env: { PINBUS_BROKER_LISTENERS: text } }).listeners;

  it("name protocol, address and port, or less of it", () => {
    expect(shown("mqtt://127.0.0.1:1883, WS://[::1]:9000,1884")).toEqual(["mqtt 127.0.0.1 1883", "ws ::1 9000", "null loopback 1884"]);
    expect(shown("ws://:9000,127.0.0.1:0")).toEqual(["ws loopback 9000", "null 127.0.0.1 0"]);
  });

  it.each([
    ["http://0.0.0.0:80", '"http://0.0.0.0:80" is not a listener'],
    ["0.0.0.0", '"0.0.0.0" is not a listener'],
    ["ws://localhost:9000", '"localhost" is not an IP address'],
    ["1883,99999", '"99999" is not a port'],
  ])("are refused with the variable's name: %s", (text, expected) => {
    const said = saidAbout(load("", { env: { PINBUS_BROKER_LISTENERS: text } }));
    expect(said).toEqual([expect.stringContaining(`PINBUS_BROKER_LISTENERS: broker.listeners: ${expected}`)]);
  });

  it("are named as the place when they open the machine to everybody", () => {
    const args = { "broker-listeners": "mqtt://0.0.0.0:1883" };
    expect(saidAbout(load("broker: { listeners: [{ port: 1 }] }", { args }))).toEqual([
      expect.stringContaining("--broker-listeners: broker.listeners[0].address: it lets in everybody in the network"),
    ]);
    const env = { PINBUS_BROKER_USERNAME: "u", PINBUS_BROKER_PASSWORD: "p" };
    expect(saidAbout(load("", { args, env }))).toEqual([]);
  });
});
