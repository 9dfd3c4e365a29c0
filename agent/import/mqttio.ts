import { parseYaml, type Tree } from "../../config/yaml.ts";
import { type Flow, flow, scalar } from "./flow.ts";
import { Foreign, Remarks } from "./foreign.ts";
import { Ids } from "./ids.ts";
import { readInputs, readModules, readOutputs, tellExpanders } from "./mqttio-pins.ts";
import { readSensors } from "./mqttio-sensors.ts";

/** One thing with its id. */
interface Item {
  id: string;
  own: Record<string, Flow>;
}

/** What is being made of a file. */
export interface Draft {
  remarks: Remarks;
  ids: Ids;
  /** Names of mqtt-io that are used. */
  names: Record<"input" | "output" | "sensor", Set<string>>;
  /** Whether Home Assistant is told of it. */
  discovery: boolean;
  /** Lines for config.txt, and commands for what has none. */
  boot: Set<string>;
  inputs: Item[];
  outputs: Item[];
  sensors: Item[];
  topics: Record<"inputs" | "outputs" | "sensors", Record<string, Flow>[]>;
}

export interface Imported {
  /** A configuration of pinbus. */
  text: string;
  remarks: Remarks;
  /** What `mqtt.password` is to be; it stands nowhere else. */
  password: string | null;
}

const sections = ["mqtt", "gpio_modules", "sensor_modules", "stream_modules", "digital_inputs", "digital_outputs", "sensor_inputs"];

/** A configuration of mqtt-io 2.x as one of pinbus; undefined for a file that is none. `passwordFile` is where its password will be. */
function importMqttio(tree: Tree | undefined, passwordFile: string): Imported | undefined {
  const remarks = new Remarks();
  const file = new Foreign(tree, remarks);
  if (!sections.some((section) => file.has(section))) return undefined;
  const names = { input: new Set<string>(), output: new Set<string>(), sensor: new Set<string>() };
  const mqtt = file.map("mqtt");
  const announced = mqtt.map("ha_discovery");
  const draft: Draft = {
    remarks,
    ids: new Ids(),
    names,
    discovery: announced.flag("enabled") ?? false,
    boot: new Set(),
    inputs: [],
    outputs: [],
    sensors: [],
    topics: { inputs: [], outputs: [], sensors: [] },
  };
  const password = mqtt.text("password") || null;
  const link = linkOf(mqtt, password === null ? null : passwordFile);
  const convention = conventionOf(mqtt, draft);
  const discovery = discoveryOf(announced, draft);
  tellRest(mqtt, file);
  const modules = readModules(file, draft);
  tellExpanders(file, modules, draft);
  readInputs(file, modules, draft);
  readOutputs(file, modules, draft);
  readSensors(file, draft);
  tellIds(draft, file);
  const text = [head(draft), "version: 1", section("mqtt", link), ...body(draft), convention(), section("homeassistant", discovery)];
  // Without a user it is left out.
  return { text: `${text.filter((part) => part !== "").join("\n\n")}\n`, remarks, password: link.password === undefined ? null : password };
}

/** Reads a file of mqtt-io: as `importMqttio`, or what is wrong with it. */
export function readMqttio(text: string, passwordFile: string): Imported | { faults: ReturnType<typeof parseYaml>["faults"] } {
  const { tree, faults } = parseYaml(text);
  if (faults.length > 0) return { faults };
  const imported = importMqttio(tree, passwordFile);
  const message = "this is no configuration of mqtt-io";
  return imported ?? { faults: [{ line: 1, column: 1, message, fix: "name the file that mqtt-io is started with" }] };
}

function linkOf(mqtt: Foreign, passwordFile: string | null): Record<string, Flow> {
  const { remarks } = mqtt;
  const named = mqtt.text("host");
  // What has an @ in it holds a password.
  const host = named !== undefined && /^[\w.:-]{1,253}$/.test(named) ? named : undefined;
  if (named !== undefined && host === undefined)
    remarks.say("left out", mqtt.at("host"), "host is no name and no address of a broker", "write it as mqtt.server");
  else if (host === undefined)
    remarks.say(
      "to do",
      mqtt.spot,
      "no broker is named; mqtt-io takes it from MQTT_IO_HOST then",
      "write mqtt.server, or pinbus starts a broker of its own",
    );
  const port = mqtt.whole("port");
  const tls = mqtt.map("tls");
  const encrypted = tls.flag("enabled") ?? false;
  const user = mqtt.text("user") || undefined;
  const keepalive = mqtt.whole("keepalive");
  const protocol = mqtt.text("protocol");
  if (user === undefined && passwordFile !== null)
    remarks.say("left out", mqtt.at("password"), "there is a password without a user", "write mqtt.username, or remove it");
  const link = {
    server: host,
    port: port === undefined || port === 1883 ? undefined : port,
    // Said in any case: a port that begins with 8 means TLS otherwise.
    tls: encrypted ? "on" : String(port ?? "").startsWith("8") ? "off" : undefined,
    ca: encrypted ? tls.text("ca_certs") : undefined,
    cert: encrypted ? tls.text("certfile") : undefined,
    key: encrypted ? tls.text("keyfile") : undefined,
    username: user,
    password: user === undefined || passwordFile === null ? undefined : { file: passwordFile },
    protocol: protocol === "3.1" ? "3.1" : undefined,
    keepalive: keepalive === undefined || keepalive < 5 || keepalive > 65_535 ? undefined : `${keepalive}s`,
  };
  if (encrypted)
    tls.without("different", {
      ciphers: ["the ciphers are those of Node.js", "nothing is to be done"],
      tls_version: ["TLS 1.2 is the oldest that is spoken", 'write tls_min: "1.3" if that is wanted'],
      cert_reqs: ["the certificate of the broker is checked", "write tls_verify: insecure if it must not be"],
      insecure: [
        "the name in the broker's certificate is checked, as mqtt-io does in spite of this setting",
        "write mqtt.servername if it is another one",
      ],
    });
  tls.rest(["enabled", "ca_certs", "certfile", "keyfile", "ciphers", "tls_version", "cert_reqs", "insecure"]);
  return link;
}

/** The section `mqttio`, which is written when everything else was read. */
function conventionOf(mqtt: Foreign, { topics, remarks }: Draft): () => string {
  const prefix = (mqtt.text("topic_prefix") ?? "").replace(/\/+$/, "");
  const wrong = /[+#\p{Cc}]|^\$/u.test(prefix) || prefix.length > 128;
  if (wrong)
    remarks.say("left out", mqtt.at("topic_prefix"), "topic_prefix has characters that no topic has", "write another one as mqttio.prefix");
  const one = (key: string, usual: string) => {
    const text = mqtt.text(key);
    return text === undefined || text === usual ? undefined : text;
  };
  const status: Record<string, Flow> = {
    topic: one("status_topic", "status"),
    running: one("status_payload_running", "running"),
    stopped: one("status_payload_stopped", "stopped"),
    dead: one("status_payload_dead", "dead"),
  };
  const id = mqtt.text("client_id") || undefined;
  const clientId = id !== undefined && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
  if (id !== undefined && clientId === undefined)
    remarks.say(
      "left out",
      mqtt.at("client_id"),
      "client_id has characters that pinbus does not send",
      "write another one as mqttio.client_id",
    );
  const given = Object.values(status).some((value) => value !== undefined);
  return () => {
    const lists = (["inputs", "outputs", "sensors"] as const).flatMap((kind) =>
      topics[kind].length === 0 ? [] : [`  ${kind}:`, ...topics[kind].map((topic) => `    - ${flow(topic)}`)],
    );
    if (lists.length === 0) return "";
    return [
      "# The topics of mqtt-io, which go on beside pinbus' own. When nobody uses them any more, remove this section.",
      "mqttio:",
      `  prefix: ${scalar(wrong ? "" : prefix)}`,
      ...(clientId === undefined ? [] : [`  client_id: ${scalar(clientId)}`]),
      ...(given ? [`  status: ${flow(status)}`] : []),
      ...lists,
    ].join("\n");
  };
}

function discoveryOf(announced: Foreign, { discovery, remarks }: Draft): Record<string, Flow> {
  const prefix = announced.text("prefix")?.replace(/\/+$/, "");
  const name = announced.text("name") ?? "MQTT IO";
  announced.rest();
  if (!discovery) return {};
  remarks.say(
    "to do",
    announced.spot,
    "Home Assistant gets new entities of pinbus, beside the old ones of mqtt-io, which the broker keeps",
    "delete the old device there when mqtt-io is stopped, and rename the new entities as the old ones were",
  );
  return {
    prefix: prefix === undefined || prefix === "homeassistant" ? undefined : prefix,
    name: /^(?!\s)[^\p{Cc}]{1,64}$/u.test(name) ? name : undefined,
  };
}

function tellRest(mqtt: Foreign, file: Foreign): void {
  mqtt.without("note", {
    reconnect_delay: ["pinbus connects again after 1 s, then after longer and longer", "nothing is to be done"],
    reconnect_count: ["pinbus never gives up", "nothing is to be done"],
  });
  const { remarks } = mqtt;
  const waits = "commands that were sent while pinbus was away are not delivered later";
  if (mqtt.flag("clean_session") !== true)
    remarks.say("different", mqtt.at("clean_session"), waits, "send them again when its status says that it runs");
  const once = "the status is told when it changes; mqtt-io repeats it each time that keepalive has passed";
  remarks.say("different", mqtt.at("keepalive"), once, "rely on the last will, which the broker tells");
  if (file.list("digital_outputs").length > 0) {
    const fix = "write retained: accept below mqttio.outputs where nothing can be hurt by it";
    remarks.say("different", file.at("digital_outputs"), "retained commands are refused; mqtt-io carries them out after each connect", fix);
  }
  mqtt.rest(["client_module"]);
  for (const stream of file.list("stream_modules"))
    file.remarks.say(
      "left out",
      stream.spot,
      `the stream ${JSON.stringify(stream.text("name") ?? "")}: pinbus reads and writes no serial ports`,
      "keep it with mqtt-io, under another topic_prefix",
    );
  file.rest(["gpio_modules", "digital_inputs", "digital_outputs", "sensor_modules", "sensor_inputs", "logging", "reporting", "options"]);
}

/** So many are named. */
const most = 40;

function tellIds({ ids, remarks }: Draft, { spot }: Foreign): void {
  const changed = ids.changed.slice(0, most).map(([name, id]) => `${name} is ${id}`);
  if (changed.length === 0) return;
  const more = ids.changed.length > most ? `, and ${ids.changed.length - most} more` : "";
  const message = `names that are no ids are written otherwise, and their topics stay: ${changed.join(", ")}${more}`;
  remarks.say("note", spot, message, "use the ids with pinbus");
}

function head({ boot }: Draft): string {
  const lines = ["# Made by `pinbus import mqtt-io`. `pinbus check` says what is wrong in it; docs/mqtt-io.md says what is different."];
  if (boot.size > 0)
    lines.push(
      "#",
      "# What it needs in /boot/firmware/config.txt, or, where it begins with echo, after each start:",
      ...[...boot].map((line) => `#   ${line}`),
    );
  return lines.join("\n");
}

function section(name: string, settings: Record<string, Flow>): string {
  const lines = Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [`  ${key}: ${flow(value)}`]));
  return lines.length === 0 ? "" : [`${name}:`, ...lines].join("\n");
}

function body({ inputs, outputs, sensors }: Draft): string[] {
  const items = { inputs, outputs, sensors };
  return Object.entries(items).map(([name, list]) =>
    list.length === 0 ? "" : [`${name}:`, ...list.map(({ id, own }) => `  ${id}: ${flow(own)}`)].join("\n"),
  );
}
