import { expect, test } from "vitest";
import { brokerLoginOf } from "../../agent/broker-login.ts";
import type { BrokerLogin } from "../../agent/protocol.ts";
import type { Config } from "../../config/schema.ts";

const mqtt = {
  server: ["pi", "wss://backup/bus"],
  port: 1883,
  tls: "auto",
  username: "pi",
  password: "hush",
  ca: null,
  cert: null,
  key: null,
};
const config = (more: object = {}, broker: object = {}) =>
  ({
    mqtt: { ...mqtt, servername: null, tls_min: "1.2", tls_verify: "on", ...more },
    broker: { cert: null, tls_min: "1.3", ...broker },
  }) as unknown as Config;

const external = (more: object, server: string): BrokerLogin =>
  brokerLoginOf(config(more), { broker: undefined, terminal: undefined, link: { view: { server } } });

test("of several servers it is the one that the agent uses, with who the agent is there", () => {
  expect(external({}, "pi:1883")).toMatchObject({ url: "mqtt://pi:1883", username: "pi", password: "hush", trust: "ca" });
  expect(external({}, "wss://backup:443/bus").url).toBe("wss://backup:443/bus");
  expect(external({ servername: "b", tls_verify: "insecure" }, "pi:1883")).toMatchObject({ servername: "b", trust: "any" });
});

test("a file that cannot be read is a refusal that names the setting", () => {
  expect(() => external({ ca: "/nowhere/ca.pem" }, "pi:1883")).toThrow(/^mqtt\.ca: \/nowhere\/ca\.pem cannot be read/);
});

const listener = { protocol: "mqtt", address: "0.0.0.0", port: 1883, problem: null };
const builtIn = (...listeners: (Partial<typeof listener> | { problem: string })[]): BrokerLogin =>
  brokerLoginOf(config(), {
    broker: { addresses: listeners.map((some) => ({ ...listener, ...some })) },
    terminal: { username: "pinbus-terminal", password: "hush" },
    link: { view: { server: "built-in broker" } },
  });

test("of the built-in broker it is a listener that stands, without TLS if there is one, and the user for terminals", () => {
  const wss = { protocol: "wss", port: 9001 };
  expect(builtIn(wss, { protocol: "ws", address: "::", port: 9000 }, { problem: "taken" })).toMatchObject({
    url: "ws://[::1]:9000/mqtt",
    username: "pinbus-terminal",
    password: "hush",
    trust: "own",
  });
  expect(builtIn(wss, {}).url).toBe("mqtt://127.0.0.1:1883");
  expect(builtIn(wss).url).toBe("wss://127.0.0.1:9001/mqtt");
  expect(builtIn({ problem: "taken" }).url).toBeNull();
});
