import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { observe } from "../../brokers.ts";
import { eventually } from "../shell/fixture.ts";
import { describeOnBrokers, itOnOtherBrokers, P, startTogether, type Together, watchAgent } from "./on-brokers.ts";

const yaml = `
inputs: { porch: { line: 17, debounce: 0ms, events: [press_start] } }
outputs:
  gate: { line: 5, pulse: 300ms }
  lamp: { line: 27 }
rules: { porch-gate: { when: { input: porch, gesture: press }, do: [{ output: gate, set: pulse }] } }
`;

// The faults of the closest peer, each as a test.
describeOnBrokers("crossing traffic", (on) => {
  let all: Together;
  beforeAll(async () => {
    all = await startTogether(on, yaml);
  });
  afterAll(() => all?.stop());

  const watched = async () => {
    const witness = await watchAgent(all.agent);
    onTestFinished(() => witness.close());
    return witness;
  };
  /** What somebody sees who comes now. */
  const retained = async (...topics: [string, ...string[]]) => {
    const [first, ...others] = topics.map((topic) => `${P}/${topic}`);
    const late = await observe(all, first ?? "");
    onTestFinished(() => late.stop());
    for (const topic of others) await late.client.subscribeAsync(topic);
    return () => Object.fromEntries(late.seen.map(({ topic, payload }) => [topic.slice(P.length + 1), payload]));
  };

  it("no pulse leaves its relay on (fault 1 of mqtt-io): a gate pulsed for 300 ms beside a lamp switched every 20 ms", async () => {
    const { moves, times } = await watched();
    const words = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? "ON" : "OFF"));
    await all.bus.send("gate", '{"state":"PULSE","for_ms":300}');
    for (const word of words) {
      await all.bus.send("lamp", word);
      await setTimeout(20);
    }
    await eventually(() => moves("lamp")).toEqual(words.map((word) => `lamp ${word.toLowerCase()}`));
    expect(moves("gate")).toEqual(["gate on", "gate off"]);
    const [on = 0, off = 0] = times("gate");
    expect(off - on).toBeGreaterThanOrEqual(300);
    // It did not wait for the lamp.
    expect(moves().at(-1)).toBe("lamp off");
    const chain = [{ text: "mqtt" }, { text: "pulse ended" }];
    await eventually(() => all.bus.attr("gate")).toMatchObject({ cause: "pulse ended", chain, until: null });
    await eventually(await retained("out/gate/state", "out/lamp/state")).toEqual({ "out/gate/state": "OFF", "out/lamp/state": "OFF" });
  });

  it("a pulse triggered again is extended and ends once (fault 2 of mqtt-io)", async () => {
    const { moves, times } = await watched();
    const ends: string[] = [];
    for (let count = 0; count < 3; count++) {
      // Longer than a loaded machine takes for the next round.
      await all.bus.send("gate", '{"state":"PULSE","for_ms":3000}');
      await eventually(() => all.bus.attr("gate").until).not.toBe(ends.at(-1) ?? null);
      ends.push(String(all.bus.attr("gate").until));
      await all.bus.send("lamp", '{"state":"PULSE","for_ms":10}');
    }
    expect(ends).toEqual([...new Set(ends)].sort());
    await eventually(() => moves("gate").at(-1)).toBe("gate off");
    await all.bus.ask("lamp", '{"state":"OFF","id":"last"}');
    expect(moves("gate")).toEqual(["gate on", "gate on", "gate on", "gate off"]);
    const [third = 0, off = 0] = times("gate").slice(-2);
    expect(off - third).toBeGreaterThanOrEqual(3000);
    await eventually(() => all.bus.attr("gate").until).toBeNull();
  });

  itOnOtherBrokers(on, "no pulse is late because somebody else blocks (fault 3 of mqtt-io): the broker hangs", async () => {
    const { moves, times } = await watched();
    all.broker?.hang(true);
    onTestFinished(() => all.broker?.hang(false));
    await all.agent.client.request("sim-press", { input: "porch" });
    await eventually(() => moves("gate")).toEqual(["gate on", "gate off"]);
    const [on = 0, off = 0] = times("gate");
    expect(off - on).toBeGreaterThanOrEqual(300);
    all.broker?.hang(false);
    await eventually(() => all.bus.attr("gate").cause).toBe("pulse ended");
  });

  itOnOtherBrokers(
    on,
    "what waits is bounded and in order, and the last state is right (fault 4 of mqtt-io): 501 changes while the broker hangs",
    async () => {
      const { seen } = all.bus;
      const before = seen.length;
      all.broker?.hang(true);
      onTestFinished(() => all.broker?.hang(false));
      const change = (state: "ON" | "OFF") => all.agent.client.request("set", { output: "lamp", state });
      await Promise.all(Array.from({ length: 501 }, (_, index) => change(index % 2 === 0 ? "ON" : "OFF")));
      for (let count = 0; count < 12; count++) await all.agent.client.request("sim-press", { input: "porch", for_ms: 1 });
      all.broker?.hang(false);
      const [last] = await all.agent.client.request("why", { output: "lamp" });
      await eventually(() => Date.parse(String(all.bus.attr("lamp").since))).toBe(Date.parse(last?.at ?? ""));
      await eventually(await retained("out/lamp/state")).toEqual({ "out/lamp/state": "ON" });
      const of = (topic: string) =>
        seen
          .slice(before)
          .filter((message) => message.topic === `${P}/${topic}`)
          .map(({ payload }) => payload);
      const seqs = () => of("in/porch/event").map((payload) => JSON.parse(payload).seq as number);
      // The outbox of the events drains beside the states.
      await eventually(() => seqs().length).toBeGreaterThanOrEqual(12);
      const [first = 0] = seqs().slice(-12);
      expect(seqs().slice(-12)).toEqual(Array.from({ length: 12 }, (_, index) => first + index));
      const sinces = of("out/lamp/attr").map((payload) => String(JSON.parse(payload).since));
      expect(sinces).toEqual([...sinces].sort());
      expect(of("out/lamp/state").length).toBeLessThan(100);
    },
  );
});
