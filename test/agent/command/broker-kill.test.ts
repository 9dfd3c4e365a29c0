import { describe, expect, it, vi } from "vitest";
import { freePort, observe } from "../../brokers.ts";
import { wire } from "../embedded/session-wire.ts";
import { eventually, patience } from "../shell/fixture.ts";
import { killAndStartAgain, startAgent } from "./agent-process.ts";

/** `PINBUS_KILLS=100` for a long run. */
const kills = Number(process.env.PINBUS_KILLS ?? 25);
/** On their way at a time. */
const window = 40;
const topics = 5;

describe("the built-in broker that is killed", () => {
  it(`has every message that it acknowledged, ${kills} times`, { timeout: kills * 20_000 + 60_000 }, async () => {
    const port = await freePort();
    let agent = await startAgent(`broker: { listeners: [{ address: 127.0.0.1, port: ${port} }] }\ngpio: { driver: sim }\n`);
    try {
      const sleeper = await wire(port, "sleeper");
      await sleeper.subscribe("q/#", 1);
      await sleeper.close();
      let [made, checked] = [0, 0];
      const retained = new Map<string, { acknowledged: number; sent: number }>();
      for (let round = 0; round < kills; round++) {
        const publisher = await wire(port, `publisher-${round}`, { clean: true });
        const sent = new Map<number, { number: number; topic: string }>();
        const acknowledged: number[] = [];
        const publish = () => {
          const [number, id] = [made++, (made % 60_000) + 1];
          const topic = `${number % 2 === 0 ? "q" : "r"}/${number % (2 * topics)}`;
          sent.set(id, { number, topic });
          const of = retained.get(topic) ?? { acknowledged: -1, sent: -1 };
          retained.set(topic, { ...of, sent: number });
          publisher.send(topic, String(number), { qos: 1, id, retain: topic.startsWith("r") });
        };
        let seen = 0;
        const acknowledgements = () => {
          for (; seen < publisher.got.length; seen++) {
            const { type, id } = publisher.got[seen] ?? { type: 0, id: 0 };
            const message = type === 4 ? sent.get(id) : undefined;
            if (!message) continue;
            if (message.topic.startsWith("q")) acknowledged.push(message.number);
            const of = retained.get(message.topic);
            if (of) of.acknowledged = message.number;
          }
          return publisher.count(4);
        };
        // A random moment under load, by work done and not by time.
        const moment = Math.floor(Math.random() * 400);
        const first = made;
        while (acknowledgements() < moment) {
          while (made - first < acknowledgements() + window) publish();
          await new Promise(setImmediate);
        }
        while (made - first < moment + window) publish();
        for (let turns = Math.floor(Math.random() * 30); turns > 0; turns--) await new Promise(setImmediate);
        agent = await killAndStartAgain(agent);
        acknowledgements();
        const back = await wire(port, "sleeper");
        const missing = () => acknowledged.filter((number) => !back.payloads.includes(String(number)));
        await vi.waitFor(() => expect(missing(), `round ${round}`).toEqual([]), patience);
        for (let index = 0; index < topics; index++) {
          const numbers = back.got.filter(({ topic }) => topic === `q/${2 * index}`).map(({ payload }) => Number(payload));
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        }
        const status = await agent.client.request("status", {});
        expect(status?.broker).toBeDefined();
        await back.close();
        const all = await observe({ url: `mqtt://127.0.0.1:${port}` }, "r/#");
        const known = [...retained].filter(([topic, of]) => topic.startsWith("r") && of.acknowledged >= 0);
        await eventually(() => known.filter(([topic]) => all.payloads(topic).length === 0)).toEqual([]);
        for (const [topic, of] of known) {
          const value = Number(all.payloads(topic)[0]);
          expect(value >= of.acknowledged && value <= of.sent, `${topic}: ${value}, acknowledged ${of.acknowledged}`).toBe(true);
        }
        await all.stop();
        checked += acknowledged.length;
      }
      console.log(`# ${kills} times killed: ${made} messages, ${checked} acknowledged for a client that slept, all there`);
    } finally {
      await agent.clean();
    }
  });
});
