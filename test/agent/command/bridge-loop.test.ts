import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { freePort } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { agentWith, bridgeYaml, client, untilBridged, watch } from "./bridge-world.ts";

/** Which broker each leads to, by their numbers, and what passes. */
const shapes: readonly [name: string, leadsTo: readonly number[], direction: string][] = [
  ["each other, both ways", [1, 0], "both"],
  ["each other, each sends", [1, 0], "out"],
  ["each other, each fetches", [1, 0], "in"],
  ["a ring of three, both ways", [1, 2, 0], "both"],
  ["a ring of three, each sends", [1, 2, 0], "out"],
];

for (const [name, leadsTo, direction] of shapes) {
  it(`a message does not go round for ever: ${name}`, async () => {
    const ports = await Promise.all(leadsTo.map(() => freePort()));
    const agents = [];
    for (const [index, to] of leadsTo.entries()) {
      const yaml = bridgeYaml(ports[index] ?? 0, ports[to] ?? 0, `{ filter: shared/#, direction: ${direction} }`);
      agents.push(await agentWith(yaml.replace("site1", `site${index}`)));
    }
    for (const agent of agents) await untilBridged(agent);
    const observers = await Promise.all(ports.map((port) => watch({ url: `mqtt://127.0.0.1:${port}` }, "shared/#")));
    const publisher = await client({ url: `mqtt://127.0.0.1:${ports[0]}` });
    const settled = async () => {
      let before = -1;
      // As long as it goes round there is another one in each of these times.
      for (let now = 0; now !== before; await setTimeout(700))
        [before, now] = [now, observers.reduce((sum, { seen }) => sum + seen.length, 0)];
    };
    for (const retain of [false, true]) {
      await publisher.publishAsync("shared/a", `once ${retain}`, { qos: 1, retain });
      const counts = () => observers.map(({ seen }) => seen.filter(({ payload }) => payload === `once ${retain}`).length);
      await eventually(() => Math.min(...counts())).toBeGreaterThanOrEqual(1);
      await settled();
      expect(Math.max(...counts())).toBeLessThanOrEqual(60);
    }
    console.log(`# ${name}: ${observers.map(({ seen }) => seen.length).join(", ")} of 2 messages`);
    for (const agent of agents)
      await eventually(async () => (await agent.client.request("status", {}))?.broker?.bridge).toMatchObject({ waiting: 0, dropped: 0 });
  });
}
