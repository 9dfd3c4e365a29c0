import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { freePort, leftOut, mosquittoDenying, mosquittoUsers, startMosquitto } from "../../brokers.ts";
import { type Authority, makeAuthority, mosquittoTls } from "../../certificates.ts";
import { patience } from "../shell/fixture.ts";
import { startAgent } from "./agent-process.ts";

/** The table of the page: the words as the agent says them, with SERVER, CODE and so on for what is different each time. */
const page = readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../../../docs/link.md"), "utf8");
const table = page.slice(page.indexOf("## What it says"));
const rows = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, words]) => words);

interface Case {
  /** Starts what the agent meets; returns the settings below `mqtt:`. */
  meets(): Promise<string>;
  words: string;
  /** How the link is then; default: not online. */
  online?: boolean;
}

let authority: Authority;

type Mosquitto = Parameters<typeof startMosquitto>[0];
const mosquitto = async (options?: Mosquitto) => {
  const broker = await startMosquitto(options);
  onTestFinished(() => broker.stop());
  return `port: ${broker.port}`;
};
const secure = async (wish: Parameters<Authority["issue"]>[1] = {}, more: string[] = [], ca = true) => {
  const broker = await mosquitto(mosquittoTls(authority, authority.issue("broker", wish), more));
  return `${broker}, tls: on${ca ? `, ca: ${authority.cert}` : ""}`;
};
const web = async () => {
  const server = createServer((_request, response) => response.writeHead(404).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
};
const user = "username: pi, password: hunter2";
const where = "server: 127.0.0.1";

const cases: Record<string, Case> = {
  "a wrong password": {
    meets: async () => `${where}, ${await mosquitto(mosquittoUsers({ pi: "other" }))}, ${user}`,
    words: "the broker SERVER says user USER is not authorised (CODE): check mqtt.username, mqtt.password and the broker's rules",
  },
  "no user where one is needed": {
    meets: async () => `${where}, ${await mosquitto(mosquittoUsers({ pi: "other" }))}`,
    words: "the broker SERVER does not allow anonymous clients (CODE, not authorised): set mqtt.username and mqtt.password",
  },
  "nothing that listens": {
    meets: async () => `${where}, port: ${await freePort()}`,
    words: "nothing listens at SERVER: is the broker running, and are mqtt.server and mqtt.port right?",
  },
  "a name that nobody knows": {
    meets: async () => "server: broker.invalid",
    words: "the name in SERVER cannot be resolved (CODE): check mqtt.server and the network",
  },
  "a server that speaks HTTP": {
    meets: async () => `${where}, port: ${await web()}`,
    words: "what SERVER sent is not MQTT 5, but HTTP: is mqtt.port the port of a broker?",
  },
  "a web server without WebSocket": {
    meets: async () => `server: ws://127.0.0.1:${await web()}`,
    words: "SERVER answers with HTTP 404 instead of WebSocket: check the path and the port in mqtt.server",
  },
  "an expired certificate": {
    meets: async () => `${where}, ${await secure({ from: -3, to: -1 })}`,
    words: "the certificate of SERVER has expired; if it has not, check this machine's clock",
  },
  "a certificate of tomorrow": {
    meets: async () => `${where}, ${await secure({ from: 1, to: 2 })}`,
    words: "the certificate of SERVER is not valid yet: check this machine's clock",
  },
  "a certificate for another name": {
    meets: async () => `${where}, ${await secure({ names: "IP:10.9.8.7" })}`,
    words: "the certificate of SERVER is for another name: REASON; set mqtt.servername if it is the right one",
  },
  "an unknown authority": {
    meets: async () => `${where}, ${await secure({}, [], false)}`,
    words: "the certificate of SERVER is signed by an authority that is not trusted here (CODE): set mqtt.ca",
  },
  "a broker that wants a certificate": {
    meets: async () => `${where}, ${await secure({}, ["require_certificate true"])}`,
    words: "the broker SERVER wants a certificate of this client (CODE): set mqtt.cert and mqtt.key",
  },
  "TLS on a plain port": {
    meets: async () => `${where}, ${await mosquitto()}, tls: on`,
    words: "SERVER closed the connection during the TLS handshake: check mqtt.port and mqtt.tls",
  },
  "plain MQTT on a TLS port": {
    meets: async () => `${where}, ${await secure()}`.replace("tls: on", "tls: off"),
    words: "the broker SERVER closed the connection without an answer: it is restarting, or this port wants TLS (mqtt.tls)",
  },
  "rules that forbid the commands": {
    meets: async () => `${where}, ${await mosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "pinbus/box/out/+/set" }]))}`,
    words: "the broker SERVER refuses the subscription TOPIC (CODE): commands are not heard; allow anonymous clients to subscribe to it",
  },
  "rules that forbid a state": {
    meets: async () =>
      `${where}, ${await mosquitto(mosquittoDenying([{ acltype: "publishClientSend", topic: "pinbus/box/out/lamp/state" }]))}`,
    words: "the broker refuses the publication of TOPIC (CODE): allow this client to publish there",
    online: true,
  },
  "rules that forbid what another device says": {
    meets: async () => `${where}, ${await mosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "tele/plug/LWT" }]))}`,
    words: "the broker refuses the subscription TOPIC: what is said there is not known",
    online: true,
  },
  "rules that forbid the status": {
    meets: async () => `${where}, ${await mosquitto(mosquittoDenying([{ acltype: "publishClientSend", topic: "pinbus/box/status" }]))}`,
    words: "the broker SERVER refuses the publication of TOPIC (CODE): allow this client to publish below FILTER",
  },
};

describe.skipIf(leftOut("what the link says", "mosquitto", "mosquitto mosquitto-clients"))(
  "the log and pinbus status say the same clear sentence on",
  () => {
    beforeAll(() => {
      authority = makeAuthority();
    });
    afterAll(() => authority.clean());

    it.each(Object.entries(cases))("%s", async (_name, { meets, words, online = false }) => {
      const settings = await meets();
      const agent = await startAgent(
        `node: box\ngpio: { driver: sim, board: pi4 }\nlog: { format: text }\noutputs: { lamp: { line: 27 } }\npeers: { plug: { topic: tele/plug/LWT } }\nmqtt: { ${settings} }\n`,
      );
      onTestFinished(() => agent.clean());
      const said = pattern(words);
      await vi.waitFor(async () => expect((await agent.client.request("status", {})).problems.join()).toMatch(said), patience);
      const status = await agent.client.request("status", {});
      expect(status).toMatchObject({ health: "degraded", problems: [expect.stringMatching(said)], link: { online } });
      expect(status.link.problem).toMatch(said);
      expect((await agent.ask("status")).stdout).toContain(`problem: ${status.problems[0]}`);
      // The same line may be there a second time by now, but nothing else.
      const complaints = agent.stderr.split("\n").flatMap((line) => /(?:warn|error): (.*)/.exec(line)?.[1] ?? []);
      expect(new Set(complaints)).toEqual(new Set(status.problems));
      expect(agent.stderr).not.toContain("hunter2");
    });

    it("all of this, and docs/link.md lists each of these sentences, and no other", () => {
      expect([...rows].sort()).toEqual(
        Object.values(cases)
          .map(({ words }) => words)
          .sort(),
      );
    });
  },
);

function pattern(words: string): RegExp {
  const text = words.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${text.replaceAll(/\b(SERVER|USER|CODE|REASON|TOPIC|FILTER)\b/g, ".+?")}$`);
}
