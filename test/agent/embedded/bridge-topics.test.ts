import { describe, expect, it } from "vitest";
import { type BridgedTopic, BridgeTopics } from "../../../agent/embedded/bridge-topics.ts";

const entry = (filter: string, direction: BridgedTopic["direction"], changes: Partial<BridgedTopic> = {}): BridgedTopic => ({
  filter,
  direction,
  prefix: "",
  local_prefix: "",
  qos: 1,
  ...changes,
});

describe("the topics of a bridge", () => {
  it("change their beginnings on the way, like those of mosquitto", () => {
    const topics = new BridgeTopics([entry("sensors/#", "both", { prefix: "site1/", local_prefix: "local/" })]);
    expect(topics.outgoing).toEqual([{ topic: "local/sensors/#", qos: 1 }]);
    expect(topics.incoming).toEqual([{ topic: "site1/sensors/#", qos: 1 }]);
    expect(topics.out("local/sensors/a/b")).toEqual({ topic: "site1/sensors/a/b", qos: 1 });
    expect(topics.in("site1/sensors/a/b")).toEqual({ topic: "local/sensors/a/b", qos: 1 });
    expect(topics.comesIn("local/sensors/a")).toBe(true);
    for (const other of ["sensors/a", "site1/sensors/a", "local/other"]) expect(topics.out(other)).toBeUndefined();
  });

  it("go the way of the first entry that fits", () => {
    const topics = new BridgeTopics([entry("a/b", "out", { qos: 0, prefix: "x/" }), entry("a/#", "out"), entry("c", "in")]);
    expect(topics.out("a/b")).toEqual({ topic: "x/a/b", qos: 0 });
    expect(topics.out("a/c")).toEqual({ topic: "a/c", qos: 1 });
    expect([topics.out("c"), topics.in("a/b"), topics.in("c")]).toEqual([undefined, undefined, { topic: "c", qos: 1 }]);
  });

  it("never begin with $, on either side", () => {
    const topics = new BridgeTopics([entry("#", "both", { prefix: "site1/" }), entry("#", "both", { local_prefix: "there/" })]);
    expect(topics.out("$SYS/broker/uptime")).toBeUndefined();
    expect(topics.in("site1/$SYS/broker/uptime")).toBeUndefined();
    expect(topics.out("there/$SYS/a")).toEqual({ topic: "site1/there/$SYS/a", qos: 1 });
  });
});
