import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../agent/shell/clock.ts";
import { createLink, type Link, type MqttVersion } from "../../../agent/shell/link.ts";
import { Outbox } from "../../../agent/shell/outbox.ts";
import { runs } from "../../runs.ts";
import { eventually, keptLog, tempFolder } from "./fixture.ts";
import { type HostileBroker, type Packet, startHostile } from "./hostile-broker.ts";
import { offline, P, probe, state, untilOnline } from "./link-contract.ts";
import { chanceOf, lifeOf, OddPackets } from "./odd-packets.ts";

let broker: HostileBroker;
let link: Link;
let outbox: Outbox;
afterEach(async () => {
  await link.stop([offline]);
  await outbox.close();
  await broker.stop();
});

const bell = `${P}/in/bell/event`;

/** The number of the event that a packet brings. */
function bellOf({ type, body }: Packet, version: MqttVersion): number | undefined {
  if (type !== 3) return undefined;
  const end = 2 + body.readUInt16BE(0);
  return body.toString("utf8", 2, end) === bell ? Number(body.toString("utf8", end + (version === "5" ? 3 : 2))) : undefined;
}

/** What nobody catches ends the agent; vitest fails for it. */
describe.each(["5", "3.1.1"] as const)("a broker that sends packets of every kind at random, with MQTT %s", (version) => {
  it(
    "neither ends the agent nor is believed where it makes no sense; the link comes back",
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const chance = chanceOf(seed);
      broker = await startHostile(version);
      const lives = new WeakMap<object, ReturnType<typeof lifeOf>>();
      const left = runs(300);
      let [connections, calm] = [0, false];
      const bells: number[] = [];
      broker.script = (socket, incoming) => {
        const number = bellOf(incoming, version);
        if (number !== undefined) bells.push(number);
        if (calm) return false;
        if (incoming.type === 1) {
          connections++;
          lives.set(socket, lifeOf(chance, new OddPackets(chance, version, ["", "t", `${P}/out/lamp/set`, `${P}/status`, "other"])));
          // One that waits for an answer has nothing to tell any more.
          setTimeout(() => socket.destroy(), 10).unref();
        }
        return lives.get(socket)?.(socket, incoming) ?? false;
      };
      const odd: string[] = [];
      const quick = { first: 1, limit: 2, refused: { from: 1, to: 2 } };
      let topics = ["other"];
      const { options, ...made } = probe("mqtt://x", { protocol: version, backoff: quick });
      const message: typeof options.on.message = ({ topic, responseTopic = "", correlationData, expiryS = 0 }) => {
        const isPlain = typeof topic === "string" && typeof responseTopic === "string" && expiryS >= 0 && !Array.isArray(correlationData);
        if (!isPlain) odd.push(JSON.stringify({ topic, responseTopic, correlationData, expiryS }));
      };
      link = createLink({
        ...options,
        server: { url: broker.url },
        listensTo: () => topics.map((topic) => ({ topic, retained: true })),
        on: {
          ...options.on,
          message,
          online: () => outbox.connected(),
          deaf: () => outbox.connected(),
          closed: () => outbox.disconnected(),
        },
      });
      const log = keptLog();
      const limits = { count: 10_000, bytes: 10_000_000, window: 64 };
      outbox = new Outbox({ dir: tempFolder(), boot: "boot", limits, link: () => link, clock: systemClock, log }).load();
      link.start();
      let events = 0;
      const add = () => outbox.add({ kind: "event", topic: bell, payload: `${++events}`, qos: 1, retain: false }, 3_600_000);
      await vi.waitFor(
        () => {
          if (outbox.depth < 200) add();
          link.publish(state("out/lamp/attr", "{}", 0));
          topics = [chance.pick(["other", "another", "third"])];
          if (chance.part() < 0.3) link.relisten();
          expect(connections).toBeGreaterThan(left);
        },
        { timeout: 60_000 + 50 * left, interval: 1 },
      );
      calm = true;
      for (const socket of broker.sockets) socket.destroy();
      await untilOnline(link);
      add();
      await eventually(() => outbox.depth).toBe(0);
      // Lost is only what an odd packet happened to refuse or to acknowledge.
      const heard = [...new Set(bells)];
      expect({ seed, last: heard.at(-1), heard }).toEqual({ seed, last: events, heard: heard.toSorted((a, b) => a - b) });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is tested.
      const raw = [...made.warnings, ...made.events, ...log.entries].filter((line) => /[\u0000-\u001f\u007f-\u009f]/.test(line));
      expect({ seed, odd, raw }).toEqual({ seed, odd: [], raw: [] });
    },
    180_000 + 50 * runs(300),
  );
});
