import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { topicTable } from "../../../agent/core/topic-table.ts";
import { type ParsedTopic, parseTopic, type Topics, topicsOf } from "../../../agent/core/topics.ts";

const id = fc.stringMatching(/^[a-z0-9-]{1,32}$/);
const level = fc.stringMatching(/^[A-Za-z0-9@:._-]{1,20}$/);
const prefix = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join("/"));
const name = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join("/"));

/** Every way to make a topic, with what it must be read as. */
const made: fc.Arbitrary<{ topic: (topics: Topics) => string; parsed: ParsedTopic }> = fc.oneof(
  fc
    .constantFrom("status" as const, "info" as const, "health" as const)
    .map((kind) => ({ topic: (t: Topics) => t[kind], parsed: { kind } })),
  id.map((id) => ({ topic: (t: Topics) => t.inputState(id), parsed: { kind: "input-state" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.inputEvent(id), parsed: { kind: "input-event" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.outputState(id), parsed: { kind: "output-state" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.outputAttr(id), parsed: { kind: "output-attr" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.outputSet(id), parsed: { kind: "output-set" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.outputResult(id), parsed: { kind: "output-result" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.counterState(id), parsed: { kind: "counter-state" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.counterHistory(id), parsed: { kind: "counter-history" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.counterSet(id), parsed: { kind: "counter-set" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.counterResult(id), parsed: { kind: "counter-result" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.sensorState(id), parsed: { kind: "sensor-state" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.sensorHistory(id), parsed: { kind: "sensor-history" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.sensorAvailability(id), parsed: { kind: "sensor-availability" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.sensorQuality(id), parsed: { kind: "sensor-quality" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.coverState(id), parsed: { kind: "cover-state" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.coverSet(id), parsed: { kind: "cover-set" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.coverResult(id), parsed: { kind: "cover-result" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.ruleState(id), parsed: { kind: "rule-state" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.ruleSet(id), parsed: { kind: "rule-set" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.ruleEvent(id), parsed: { kind: "rule-event" as const, id } })),
  id.map((id) => ({ topic: (t: Topics) => t.ruleResult(id), parsed: { kind: "rule-result" as const, id } })),
  id.map((name) => ({ topic: (t: Topics) => t.nodeCommand(name), parsed: { kind: "node-command" as const, name } })),
  id.map((name) => ({ topic: (t: Topics) => t.nodeResult(name), parsed: { kind: "node-result" as const, name } })),
  name.map((name) => ({ topic: (t: Topics) => t.sys(name), parsed: { kind: "sys" as const, name } })),
  id.map((level) => ({ topic: (t: Topics) => t.log(level), parsed: { kind: "log" as const, level } })),
  level.map((unit) => ({ topic: (t: Topics) => t.service(unit), parsed: { kind: "service" as const, unit } })),
);

describe("the topics of a node", () => {
  it("are read back as what they were made of", () => {
    fc.assert(
      fc.property(prefix, level, made, (prefix, node, { topic, parsed }) => {
        const topics = topicsOf(prefix, node);
        expect(parseTopic(topics, topic(topics))).toEqual(parsed);
      }),
    );
  });

  it("are not mistaken for those of a node whose name begins alike, nor for anything else", () => {
    const topics = topicsOf("pinbus", "garage");
    for (const foreign of [
      "pinbus/garage",
      "pinbus/garage2/status",
      "pinbus/garage/",
      "pinbus/garage/status/x",
      "pinbus/garage/out/lamp",
      "pinbus/garage/out//set",
      "pinbus/garage/out/lamp/set/now",
      "pinbus/garage/out/lamp/constructor",
      "pinbus/garage/in/bell/set",
      "pinbus/garage/sensor/attic",
      "pinbus/garage/sensor/attic/set",
      "pinbus/garage/constructor/attic/name",
      "pinbus/garage/cmd",
      "pinbus/garage/cmd/",
      "pinbus/garage/cmd/reload/now",
      "pinbus/garage/cmd/reload/result/x",
      "pinbus/garage/$SYS/",
      "other/garage/status",
      "",
    ]) {
      expect(parseTopic(topics, foreign), foreign).toBeUndefined();
    }
  });

  it("have one filter that matches every command to an output, and one for those to the agent", () => {
    const topics = topicsOf("pinbus", "garage");
    expect(topics.commandFilter).toBe(topics.outputSet("+"));
    expect(topics.nodeFilter).toBe(topics.nodeCommand("+"));
  });

  it("stand in the table, each once", () => {
    const topics = topicsOf("a", "P");
    const kinds = topicTable.map(({ kind, topic }) => {
      const example = `a/${topic.replace(/<\w+>/, "x")}`;
      expect(parseTopic(topics, example)?.kind, topic).toBe(kind);
      return kind;
    });
    expect(new Set(kinds).size).toBe(kinds.length);
  });
});
