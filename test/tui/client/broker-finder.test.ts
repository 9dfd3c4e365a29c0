import { expect, test } from "vitest";
import type { BrokerLogin } from "../../../agent/protocol.ts";
import { AgentError } from "../../../tui/client/agent.ts";
import { BrokerFinder } from "../../../tui/client/broker-finder.ts";
import { configuredBrokers, formatBroker, loginBroker } from "../../../tui/client/target.ts";
import { noBroker, status } from "../scene.ts";

const login: BrokerLogin = {
  url: "mqtts://pi:8883",
  username: "pi",
  password: "hush",
  ca: "CA",
  cert: null,
  key: null,
  servername: "broker.garden",
  tls_min: "1.3",
  trust: "ca",
};
const { link } = status();
const at = (server: string, online = true) => status({ link: { ...link, server, online } });

/** A finder whose agent answers so, and how often it was asked. */
function finder(answer: () => BrokerLogin | Error, configured: string[] = []) {
  const asked = { times: 0 };
  const brokers = configuredBrokers({ ...noBroker, server: configured });
  const ask = async () => {
    asked.times += 1;
    const given = answer();
    if (given instanceof Error) throw given;
    return given;
  };
  return { asked, find: new BrokerFinder({ configured: brokers, ask }) };
}

test("what the agent tells is the broker, with everything that it needs there", async () => {
  const { find, asked } = finder(() => login, ["other"]);
  expect(await find.find(at("pi:8883"), true)).toEqual({
    ...{ host: "pi", port: 8883, via: "mqtts", username: "pi", password: "hush", servername: "broker.garden" },
    ...{ ca: Buffer.from("CA"), minVersion: "TLSv1.3" },
  });
  await find.find(at("pi:8883"), false);
  expect(asked.times).toBe(1);
});

test("it is asked again when the agent has moved, and after it was away: it may have another password then", async () => {
  const { find, asked } = finder(() => login);
  await find.find(at("pi:8883"), true);
  await find.find(at("backup:8883"), false);
  expect(asked.times).toBe(2);
  find.forget();
  await find.find(at("backup:8883"), false);
  expect(asked.times).toBe(3);
});

test("while the agent tries one broker after the other the terminal stays, but not where it has not been anywhere yet", async () => {
  const { find } = finder(() => login);
  expect(await find.find(at("pi:8883", false), false)).toBeUndefined();
  expect(await find.find(at("pi:8883", false), true)).toMatchObject({ host: "pi" });
});

test.each(["forbidden", "unknown-method"] as const)(
  "an agent that answers %s leaves it to the configuration, or to what its status says",
  async (reason) => {
    const refused = () => new AgentError(reason, "no");
    const own = finder(refused, ["api", "pi"]);
    expect(await own.find.find(at("pi:1883"), true).then((found) => found && formatBroker(found))).toBe("mqtt://pi:1883");
    expect(await finder(refused).find.find(at("pi:1883"), true)).toEqual({ host: "pi", port: 1883, via: "mqtt" });
  },
);

test("any other refusal is told", async () => {
  const { find } = finder(() => new AgentError("failed", "mqtt.ca: it cannot be read"));
  await expect(find.find(at("pi:1883"), true)).rejects.toThrow("mqtt.ca");
});

test("a built-in broker that listens nowhere is none; its own certificate is believed whatever its name", () => {
  expect(loginBroker({ ...login, url: null })).toBeUndefined();
  expect(loginBroker({ ...login, trust: "own" })).toMatchObject({ pinned: true });
  expect(loginBroker({ ...login, trust: "own", ca: null })).not.toHaveProperty("pinned");
  expect(loginBroker({ ...login, trust: "any" })).toMatchObject({ insecure: true });
});

test("an address that is none is refused with a sentence", () => {
  expect(() => loginBroker({ ...login, url: "http://evil" })).toThrow(RangeError);
});
