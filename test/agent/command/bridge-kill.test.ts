import { expect, it, vi } from "vitest";
import { describeMosquitto, freePort, startMosquitto } from "../../brokers.ts";
import { startProxy } from "../../fault-proxy.ts";
import { wire } from "../embedded/session-wire.ts";
import { patience } from "../shell/fixture.ts";
import { killAndStartAgain, startAgent } from "./agent-process.ts";
import { bridgeYaml, untilBridged, watch } from "./bridge-world.ts";

/** `PINBUS_KILLS=100` for a long run. */
const kills = Number(process.env.PINBUS_KILLS ?? 25);
/** On their way at a time. */
const window = 20;
const topics = 3;
/** Of one side in one round: more than a thousand may not wait for the client that sleeps. */
const most = 400;

describeMosquitto("the bridge of an agent that is killed", () => {
  it(`has every message that either side acknowledged, ${kills} times`, { timeout: kills * 20_000 + 60_000 }, async () => {
    const central = await startMosquitto({ config: ["allow_anonymous true", "max_queued_messages 0"] });
    const proxy = await startProxy(central.port);
    const port = await freePort();
    const entries = "{ filter: up/#, direction: out }, { filter: down/#, direction: in }";
    let agent = await startAgent(`gpio: { driver: sim }\n${bridgeYaml(port, Number(new URL(proxy.url).port), entries)}\n`);
    try {
      await untilBridged(agent);
      const there = await watch(central, "up/#");
      // Somebody who sleeps here gets what comes in: a message that was acknowledged at the centre is gone there.
      const sleeper = await wire(port, "sleeper");
      await sleeper.subscribe("down/#", 1);
      await sleeper.close();
      const arrived = new Set<string>();
      const acknowledged = { up: [] as string[], down: [] as string[] };
      let made = 0;
      for (let round = 0; round < kills; round++) {
        const publishers = {
          up: await wire(port, `here-${round}`, { clean: true }),
          down: await wire(central.port, `there-${round}`, { clean: true }),
        };
        const sent = { up: new Map<number, string>(), down: new Map<number, string>() };
        const first = { up: 0, down: 0 };
        const publish = (side: "up" | "down") => {
          const [number, id] = [made++, sent[side].size + 1];
          const text = `${side}/${number % topics} ${number}`;
          sent[side].set(id, text);
          publishers[side].send(`${side}/${number % topics}`, String(number), { qos: 1, id });
        };
        const seen = { up: 0, down: 0 };
        const read = (side: "up" | "down") => {
          const { got } = publishers[side];
          for (; seen[side] < got.length; seen[side]++) {
            const { type, id } = got[seen[side]] ?? { type: 0, id: 0 };
            const text = type === 4 ? sent[side].get(id) : undefined;
            if (text === undefined) continue;
            acknowledged[side].push(text);
            first[side]++;
          }
          return first[side];
        };
        // A random moment under load, by work done and not by time; the uplink goes and comes meanwhile.
        const moment = Math.floor(Math.random() * 300);
        const turns = [Math.floor(Math.random() * 300), Math.floor(Math.random() * 300)];
        while (read("up") < moment || read("down") < moment / 4) {
          for (const side of ["up", "down"] as const) if (sent[side].size < Math.min(most, read(side) + window)) publish(side);
          if (read("up") === turns[0]) {
            proxy.open = false;
            proxy.cut();
          }
          if (read("up") === turns[1]) proxy.open = true;
          await new Promise(setImmediate);
        }
        for (let wait = Math.floor(Math.random() * 30); wait > 0; wait--) await new Promise(setImmediate);
        agent = await killAndStartAgain(agent);
        for (const side of ["up", "down"] as const) read(side);
        proxy.open = true;
        const missingThere = () => {
          const got = new Set(there.seen.map(({ topic, payload }) => `${topic} ${payload}`));
          return acknowledged.up.filter((text) => !got.has(text));
        };
        await vi.waitFor(() => expect(missingThere(), `round ${round}`).toEqual([]), patience);
        const back = await wire(port, "sleeper");
        const missingHere = () => {
          for (const { type, topic, payload } of back.got) if (type === 3) arrived.add(`${topic} ${payload}`);
          return acknowledged.down.filter((text) => !arrived.has(text));
        };
        await vi.waitFor(() => expect(missingHere(), `round ${round}`).toEqual([]), patience);
        await back.close();
        await publishers.down.close();
      }
      for (let index = 0; index < topics; index++) {
        const numbers = [...new Set(there.payloads(`up/${index}`).map(Number))];
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
      const { up, down } = acknowledged;
      const twice = there.seen.length - new Set(there.seen.map(({ payload }) => payload)).size;
      console.log(
        `# ${kills} times killed: ${up.length} acknowledged here, ${down.length} at the centre, all arrived; ${twice} came twice there`,
      );
    } finally {
      await agent.clean();
      await proxy.stop();
      await central.stop();
    }
  });
});
