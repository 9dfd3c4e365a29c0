import fc from "fast-check";
import { expect, it } from "vitest";
import { settingsOf } from "../../config/leaf.ts";
import { formatProblem } from "../../config/problem.ts";
import { type Config, schema } from "../../config/schema.ts";
import { configOf, load } from "./loading.ts";

/** For each setting three different values, as text. */
const samples: Record<string, [string, string, string]> = {
  node: ["a", "b", "c"],
  "homeassistant.discovery": ["true", "false", "true"],
  "homeassistant.prefix": ["a", "b/c", "d"],
  "homeassistant.status": ["a", "b/c", "d"],
  "homeassistant.name": ["Garage", "Shed", "Loft"],
  "homeassistant.id": ["a", "b", "c"],
  "homeassistant.device_triggers": ["true", "false", "true"],
  "homie.discovery": ["true", "false", "true"],
  "homie.domain": ["a", "b", "c"],
  "homie.id": ["a", "b", "c"],
  "homie.name": ["Garage", "Shed", "Loft"],
  prefix: ["a", "b", "c"],
  "gpio.driver": ["sim", "sysfs", "chardev"],
  "gpio.board": ["pi1", "pi5", "pi4"],
  state_dir: ["/a", "/b", "/c"],
  "control.socket": ["/a", "/b", "/c"],
  "owlcms.platform": ["A", "B", "C"],
  "owlcms.legacy": ["true", "false", "true"],
  "owlcms.down.majority": ["true", "false", "true"],
  "control.view": ["/d", "/e", "/f"],
  "broker.listeners": ["ws://[::1]:9000", "mqtt://127.0.0.2:1884, ws://[::1]:0", "mqtt://127.0.0.1:1885"],
  "carbot.topic": ["a", "b/c", "d"],
  "carbot.silence": ["1s", "500ms", "1m"],
  "broker.username": ["a", "b", "c"],
  "broker.password": ["a", "b", "c"],
  "broker.password_file": ["/a", "/b", "/c"],
  "broker.anonymous": ["true", "true", "true"],
  "broker.sys_interval": ["0s", "1s", "1d"],
  "broker.log.connections": ["on", "off", "on"],
  "broker.log.subscribes": ["on", "off", "on"],
  "broker.log.topics": ["on", "off", "on"],
  "broker.cert": ["/a", "/b", "/c"],
  "broker.key": ["/a", "/b", "/c"],
  "broker.ca": ["/a", "/b", "/c"],
  "broker.require_certificate": ["false", "false", "false"],
  "broker.tls_min": ["1.3", "1.2", "1.3"],
  "broker.origins": ["https://a", "http://b:81, https://c", "*"],
  "broker.acl_file": ["/a", "/b", "/c"],
  "broker.max_connections": ["10", "20", "30"],
  "broker.max_packet": ["1024", "2048", "4096"],
  "broker.connect_timeout": ["1s", "2s", "3s"],
  "broker.keepalive_max": ["10s", "20s", "30s"],
  "broker.max_queued_bytes": ["16384", "20000", "30000"],
  "broker.max_inflight": ["0", "1", "65535"],
  "broker.max_connects": ["10", "20", "30"],
  "broker.max_failed_logins": ["5", "20", "30"],
  "broker.persistence": ["off", "on", "off"],
  "broker.max_queued": ["1", "2", "3"],
  "broker.session_expiry": ["1h", "2h", "3h"],
  "broker.bridge.server": ["10.0.0.1", "broker.local:1884, wss://b/mqtt", "::1"],
  "broker.bridge.port": ["1", "2", "3"],
  "broker.bridge.tls": ["on", "off", "auto"],
  "broker.bridge.ca": ["/a", "/b", "/c"],
  "broker.bridge.cert": ["/a", "/b", "/c"],
  "broker.bridge.key": ["/a", "/b", "/c"],
  "broker.bridge.servername": ["a.local", "b.local", "c"],
  "broker.bridge.tls_min": ["1.3", "1.2", "1.3"],
  "broker.bridge.tls_verify": ["insecure", "on", "insecure"],
  "broker.bridge.username": ["a", "b", "c"],
  "broker.bridge.password": ["a", "b", "c"],
  "broker.bridge.protocol": ["5", "3.1.1", "3.1"],
  "broker.bridge.keepalive": ["10s", "20s", "30s"],
  "broker.bridge.client_id": ["a", "b", "c"],
  "broker.bridge.notifications": ["local", "off", "on"],
  "broker.bridge.max_queued": ["10", "500", "100000"],
  "broker.bridge.message_ttl": ["1s", "2h", "3d"],
  "mqtt.server": ["10.0.0.1", "broker.local:1884, wss://b/mqtt", "::1"],
  "mqtt.port": ["1", "2", "3"],
  "mqtt.tls": ["on", "off", "auto"],
  "mqtt.ca": ["/a", "/b", "/c"],
  "mqtt.cert": ["/a", "/b", "/c"],
  "mqtt.key": ["/a", "/b", "/c"],
  "mqtt.servername": ["a.local", "b.local", "c"],
  "mqtt.tls_min": ["1.3", "1.2", "1.3"],
  "mqtt.tls_verify": ["insecure", "on", "insecure"],
  "mqtt.username": ["a", "b", "c"],
  "mqttio.prefix": ["a/b", "c", "d"],
  "mqttio.client_id": ["a", "b", "c"],
  "mqttio.status.topic": ["a/b", "c", "d"],
  "mqttio.status.running": ["a", "b", "c"],
  "mqttio.status.stopped": ["a", "b", "c"],
  "mqttio.status.dead": ["a", "b", "c"],
  "mqtt.password": ["a", "b", "c"],
  "mqtt.protocol": ["5", "3.1.1", "3.1"],
  "mqtt.keepalive": ["10s", "20s", "30s"],
  "mqtt.client_id": ["a", "b", "c"],
  "mqtt.env": ["owlcms", "off", "owlcms"],
  "mqtt.command_ttl": ["1s", "2s", "3s"],
  sys_interval: ["1s", "2s", "3s"],
  start_spacing: ["1s", "2s", "3s"],
  time_zone: ["Europe/Berlin", "UTC", "America/New_York"],
  "outbox.max_events": ["10", "500", "100000"],
  "outbox.disk": ["on", "off", "on"],
  "outbox.telemetry": ["off", "memory", "disk"],
  "outbox.max_telemetry": ["10", "500", "100000"],
  "outbox.telemetry_ttl": ["10s", "1h", "7d"],
  "location.latitude": ["52.5", "-12.25", "0"],
  "location.longitude": ["13.4", "-170", "0.5"],
  commands: ["diag", "resync, identify", "log-level"],
  services: ["a.service", "b.service, c.timer", "d.socket"],
  "log.level": ["error", "warn", "debug"],
  "log.format": ["text", "journal", "auto"],
  "log.mqtt": ["off", "error", "info"],
};

function at(config: Config, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

/** As the file has it: `ws://[::1]:9000` as a map. */
function listenersOf(text: string): string {
  const written = '{ protocol: $1, address: "$2", port: $3 }';
  return `[${text.replace(/(\w+):\/\/\[?([\d.:]+?)\]?:(\d+)(?=,|$)/g, written)}]`;
}

function yamlOf(path: string, text: string): string {
  const list = ["services", "commands", "broker.origins"].includes(path) || text.includes(", ");
  const value = path === "broker.listeners" ? listenersOf(text) : list ? `[${text}]` : JSON.stringify(text);
  const [section, ...keys] = path.split(".");
  return `${section}: ${keys.reduceRight((inner, key) => `{ ${key}: ${inner} }`, value)}\n`;
}

/** A user name needs a password and the reverse: they come along in the weakest layer. */
function partnerOf(path: string): Record<string, string> {
  const [, owner = "", key = ""] = /^(mqtt|broker|broker\.bridge)\.(cert|key|username|password)$/.exec(path) ?? [];
  const partner = { cert: "KEY", key: "CERT", username: "PASSWORD", password: "USERNAME" }[key];
  if (partner) return { [`PINBUS_${owner.replace(".", "_").toUpperCase()}_${partner}`]: "/p" };
  if (path === "location.latitude") return { PINBUS_LOCATION_LONGITUDE: "1" };
  if (path === "location.longitude") return { PINBUS_LOCATION_LATITUDE: "1" };
  return {};
}

it("puts arguments over the environment, the environment over the file, the file over the default, for every setting", () => {
  const settings = settingsOf(schema);
  expect(Object.keys(samples).sort()).toEqual(settings.map(({ path }) => path).sort());
  // A bridge needs topics as well, which only a file has.
  const byThemselves = settings.filter(({ path }) => path !== "broker.bridge.server");
  fc.assert(
    fc.property(fc.constantFrom(...byThemselves), fc.boolean(), fc.boolean(), fc.boolean(), ({ path, env, arg }, inFile, inEnv, inArgs) => {
      const [ofFile, ofEnv, ofArgs] = samples[path] ?? ["", "", ""];
      const alone = (text: string): unknown => at(configOf("", { env: { ...partnerOf(path), [env]: text } }), path);
      const fromArgs = inArgs && arg !== undefined;
      const given = inFile || inEnv || fromArgs;
      const result = load(inFile ? yamlOf(path, ofFile) : "", {
        env: { ...(given ? partnerOf(path) : {}), ...(inEnv ? { [env]: ofEnv } : {}) },
        args: fromArgs ? { [arg]: ofArgs } : {},
      });
      if (!result.ok) throw new Error(result.problems.map(formatProblem).join("\n"));
      const strongest = fromArgs ? ofArgs : inEnv ? ofEnv : inFile ? ofFile : undefined;
      if (strongest === undefined) expect(at(result.config, path)).toEqual(at(configOf(""), path));
      else expect(at(result.config, path)).toEqual(alone(strongest));
      const source = fromArgs ? `--${arg}` : inEnv ? env : inFile ? /^pinbus\.yaml:1:\d+$/ : "default";
      expect(result.sourceOf(path)).toMatch(source);
    }),
    { numRuns: 120 },
  );
});
