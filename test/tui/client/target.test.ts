import { expect, test } from "vitest";
import { agentBroker, type BrokerConfig, configuredBrokers, formatBroker, parseBroker, usedBroker } from "../../../tui/client/target.ts";
import { noBroker, status } from "../scene.ts";

test.each([
  ["192.168.1.10", { host: "192.168.1.10", port: 1883, via: "mqtt" }],
  ["pi.local:1884", { host: "pi.local", port: 1884, via: "mqtt" }],
  ["mqtts://pi", { host: "pi", port: 8883, via: "mqtts" }],
  ["ws://pi:9000", { host: "pi", port: 9000, via: "ws", path: "/mqtt" }],
  ["mqtt://ev3:f%40rmosa@[::1]:1883", { host: "::1", port: 1883, via: "mqtt", username: "ev3", password: "f@rmosa" }],
])("--broker %s", (text, target) => {
  expect(parseBroker(text)).toEqual(target);
});

test.each(["http://pi", "mqtt://", "mqtt://pi:notaport"])("--broker %s is refused with a sentence", (text) => {
  expect(() => parseBroker(text)).toThrow(/^--broker/);
});

const mqtt = { ...noBroker, server: ["pi", "backup"] };

test("the configuration names the brokers, with TLS when the port starts with 8 unless said otherwise", () => {
  const first = (more: Partial<BrokerConfig>) => configuredBrokers({ ...mqtt, ...more })[0];
  expect(configuredBrokers({ ...mqtt, server: [] })).toEqual([]);
  expect(configuredBrokers(mqtt).map(formatBroker)).toEqual(["mqtt://pi:1883", "mqtt://backup:1883"]);
  expect(first({ port: 8883 })?.via).toBe("mqtts");
  expect(first({ port: 8883, tls: "off" })?.via).toBe("mqtt");
  expect(first({ server: ["wss://pi/bus"] })).toEqual({ host: "pi", port: 443, via: "wss", path: "/bus", minVersion: "TLSv1.2" });
  expect(first({ servername: "b", tls_min: "1.3", tls_verify: "insecure" })).toMatchObject({
    servername: "b",
    minVersion: "TLSv1.3",
    insecure: true,
  });
  expect(first({ username: "pi", password: "secret" })).toMatchObject({ username: "pi", password: "secret" });
});

test("of several brokers it is the one that the agent uses", () => {
  const brokers = configuredBrokers({ ...mqtt, server: ["api", "pi", "mqtts://pi:8884", "ws://pi/mqtt"] });
  const used = (server: string, online = true) => {
    const found = usedBroker(brokers, status({ link: { ...status().link, server, online } }));
    return found && formatBroker(found);
  };
  expect(used("pi:1883")).toBe("mqtt://pi:1883");
  expect(used("pi:8884")).toBe("mqtts://pi:8884");
  expect(used("ws://pi:80/mqtt")).toBe("ws://pi:80/mqtt");
  expect(used("i:1883")).toBeUndefined();
  expect(used("pi:1883", false)).toBeUndefined();
});

test("the built-in broker is found by its listener that stands", () => {
  const listener = { protocol: "mqtt", address: "127.0.0.1", port: 1883, problem: null };
  const found = agentBroker(
    status({
      broker: {
        listeners: [
          { ...listener, problem: "taken" },
          { ...listener, port: 1884 },
        ],
        clients: 0,
      },
    }),
  );
  expect(found).toEqual({ host: "127.0.0.1", port: 1884, via: "mqtt" });
  expect(agentBroker(status({ broker: { listeners: [{ ...listener, problem: "taken" }], clients: 0 } }))).toBeUndefined();
  const web = [
    { ...listener, protocol: "mqtts" },
    { ...listener, protocol: "ws", port: 9000 },
  ];
  const target = { host: "127.0.0.1", port: 9000, via: "ws", path: "/mqtt" };
  expect(agentBroker(status({ broker: { listeners: web, clients: 0 } }))).toEqual(target);
});

test("the external broker of an agent is taken from what it says of its link", () => {
  const { link } = status();
  expect(agentBroker(status({ link: { ...link, server: "192.168.1.10:1883" } }))).toEqual({
    host: "192.168.1.10",
    port: 1883,
    via: "mqtt",
  });
  expect(agentBroker(status({ link: { ...link, server: "[::1]:8883" } }))?.via).toBe("mqtts");
});

test("a broker is named without its password", () => {
  expect(formatBroker(parseBroker("mqtt://ev3:secret@[::1]:1883"))).toBe("mqtt://[::1]:1883");
});
