import { describe, expect, it, vi } from "vitest";
import { leftOut, type Observer } from "../../brokers.ts";
import { patience } from "../shell/fixture.ts";
import { bridged, centrals, client, numbers, publishAll, untilBridged, watch } from "./bridge-world.ts";

describe.skipIf(leftOut("the bridge", "mosquitto", "mosquitto mosquitto-clients"))("the bridge", () => {
  for (const [name, start] of Object.entries(centrals)) {
    describe(`to ${name}`, () => {
      it("brings what was acknowledged while the uplink was away, in order", async () => {
        const world = await bridged(await start(), "{ filter: out/#, direction: out, prefix: site1/ }");
        await untilBridged(world.agent);
        const centre = await watch(world.there, "site1/#");
        world.away();
        await publishAll(await client(world.here), "out/count", 0, 1000);
        expect(centre.seen).toEqual([]);
        world.back();
        await vi.waitFor(() => expect(centre.seen.length).toBeGreaterThanOrEqual(1000), patience);
        expect(centre.payloads("site1/out/count")).toEqual(numbers(0, 1000));
      });

      it("fetches what the central broker acknowledged while the uplink was away, in order", async () => {
        const world = await bridged(await start(), "{ filter: in/#, direction: in, prefix: site1/ }");
        await untilBridged(world.agent);
        const here = await watch(world.here, "#");
        world.away();
        await publishAll(await client(world.there), "site1/in/count", 0, 1000);
        world.back();
        await vi.waitFor(() => expect(here.payloads("in/count").length).toBeGreaterThanOrEqual(1000), patience);
        expect([...new Set(here.payloads("in/count"))]).toEqual(numbers(0, 1000));
      });

      it("sends each message once over, and nothing back", async () => {
        const world = await bridged(await start(), "{ filter: shared/#, direction: both }");
        await untilBridged(world.agent);
        const [centre, here] = [await watch(world.there, "shared/#"), await watch(world.here, "shared/#")];
        const [one, other] = [await client(world.here), await client(world.there)];
        for (let round = 0; round < 20; round++) {
          await one.publishAsync("shared/a", `here ${round}`, { qos: 1, retain: true });
          await other.publishAsync("shared/b", `there ${round}`, { qos: 1, retain: true });
        }
        const all = (side: string) => Array.from({ length: 20 }, (_, round) => `${side} ${round}`);
        for (const observer of [centre, here]) {
          await vi.waitFor(() => expect(observer.seen.length).toBeGreaterThanOrEqual(40), patience);
          expect(observer.payloads("shared/a")).toEqual(all("here"));
          expect(observer.payloads("shared/b")).toEqual(all("there"));
        }
      });

      it("keeps the retain flag both ways, and an empty message takes away what is retained", async () => {
        const world = await bridged(await start(), "{ filter: r/#, direction: both }");
        await untilBridged(world.agent);
        for (const [from, to, topic] of [
          [world.here, world.there, "r/out"],
          [world.there, world.here, "r/in"],
        ] as const) {
          const publisher = await client(from);
          const retained = async () => {
            const observer = await watch(to, topic);
            const end = `end/${Math.random()}`;
            await observer.client.subscribeAsync(end);
            await observer.client.publishAsync(end, "");
            await vi.waitFor(() => expect(observer.payloads(end)).toHaveLength(1), patience);
            return observer.payloads(topic);
          };
          await publisher.publishAsync(topic, "kept", { qos: 1, retain: true });
          await vi.waitFor(async () => expect(await retained()).toEqual(["kept"]), patience);
          await publisher.publishAsync(topic, "", { qos: 1, retain: true });
          await vi.waitFor(async () => expect(await retained()).toEqual([]), patience);
        }
      });

      it("says at both ends whether it is there", async () => {
        const world = await bridged(await start(), "{ filter: a, direction: out }");
        await untilBridged(world.agent);
        const topic = "$SYS/broker/connection/site1/state";
        const [centre, here] = [await watch(world.there, topic), await watch(world.here, topic)];
        // It is told again for each new reason: a try that fails while it is away has another one.
        const changes = ({ payloads }: Observer) => payloads(topic).filter((state, at, all) => state !== all[at - 1]);
        const both = (...states: string[]) =>
          vi.waitFor(() => expect([changes(centre), changes(here)]).toEqual([states, states]), patience);
        await both("1");
        world.away();
        await both("1", "0");
        world.back();
        await both("1", "0", "1");
      });
    });
  }
});
