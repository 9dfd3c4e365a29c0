import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leftOut, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";
import { clauses, differences } from "./differences.ts";
import { Rig } from "./rig.ts";

const suites = [
  {
    name: "mosquitto",
    start: () => startMosquitto({ config: ["allow_anonymous true", "sys_interval 1"] }),
    skip: leftOut("conformance of mosquitto", "mosquitto", "mosquitto"),
  },
  { name: "pinbus", start: () => startEmbedded(0, { sysInterval: 1_000 }), skip: false },
] as const;

for (const { name, start, skip } of suites) {
  describe.skipIf(skip)(`MQTT 3.1.1 as ${name} serves it`, () => {
    let broker: TestBroker;
    let rig: Rig;
    beforeAll(async () => {
      broker = await start();
      rig = new Rig(broker.port);
    });
    afterAll(async () => {
      await rig.end();
      await broker.stop();
    });
    for (const { id, must, see, expected } of clauses) {
      const difference = differences.find((one) => one.id === id && name in one);
      const wanted = difference ? difference[name] : expected;
      it(`[${id}] ${difference ? `differs: ${JSON.stringify(wanted)}, not ` : ""}${must}`, async () => {
        expect(await see(rig)).toEqual(wanted);
      });
    }
  });
}

it("names each clause once, and no difference without a clause", () => {
  const ids = clauses.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(differences.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([]);
});
