import { describe, expect, it } from "vitest";
import { planOf } from "../../agent/core/plan.ts";
import { newState } from "../../agent/core/state.ts";
import { createNodeCommands } from "../../agent/node-commands.ts";
import type { ReloadResult } from "../../agent/protocol.ts";
import type { Reloader } from "../../agent/reload.ts";
import type { Incoming, Link, Publication } from "../../agent/shell/link.ts";
import { configOf } from "./core/fixture.ts";
import { eventually, keptLog } from "./shell/fixture.ts";

const applied: ReloadResult = { file: "/etc/pinbus.yaml", applied: true, problems: [], restart: [], changes: ["outputs.fan: removed"] };

function world(reload: Reloader["reload"] = async () => applied) {
  const config = configOf({});
  const plan = planOf(config);
  const state = newState(plan, () => 1);
  Object.assign(state, { clockOffset: 1_800_000_000_000, clockSet: true });
  const sent: Publication[] = [];
  const asked: string[] = [];
  const log = keptLog();
  let resyncs = 0;
  const command = createNodeCommands({
    current: () => ({ config, plan, state }),
    link: () => ({ publish: (publication: Publication) => sent.push(publication) > 0 }) as unknown as Link,
    reloader: {
      reload(from) {
        asked.push(from);
        return reload(from);
      },
      diff: () => applied,
    },
    resync: () => resyncs++,
    clock: { now: () => 1000, wall: () => 0 },
    log,
  });
  const say = (name: string, payload: string, more: Partial<Incoming> = {}) =>
    command(name, { topic: plan.topics.nodeCommand(name), payload: Buffer.from(payload), retain: false, qos: 1, ...more });
  const answers = () => sent.map(({ topic, payload }) => ({ topic, ...(JSON.parse(String(payload)) as object) }));
  return { say, sent, answers, asked, log, resyncs: () => resyncs };
}

describe("a command to the agent", () => {
  it("is answered on the response topic with its correlation data, else beside the command, never retained", async () => {
    const { say, sent, resyncs } = world();
    say("resync", "", { responseTopic: "home/answers", correlationData: Buffer.from("7") });
    say("resync", '{"id":"two"}');
    await eventually(() => sent).toHaveLength(2);
    const answer = { kind: "answer", qos: 1, retain: false };
    expect(sent).toMatchObject([
      { ...answer, topic: "home/answers", payload: '{"id":null,"ok":true}', properties: { correlationData: Buffer.from("7") } },
      { ...answer, topic: "pinbus/garage/cmd/resync/result", payload: '{"id":"two","ok":true}' },
    ]);
    expect(resyncs()).toBe(2);
  });

  it("that is retained or too old is refused: a broker would repeat it at every connect", async () => {
    const { say, answers, asked, log } = world();
    say("reload", "", { retain: true });
    say("reload", `{"ts":${1_800_000_000_000 - 60_000},"id":"late"}`);
    await eventually(answers).toMatchObject([
      { id: null, ok: false, reason: "retained" },
      { id: "late", ok: false, reason: "stale", message: expect.stringContaining("61 s old") },
    ]);
    expect(asked).toEqual([]);
    expect(log.entries).toHaveLength(2);
  });

  it("that comes twice with one id is served once and answered twice, also while the first is served", async () => {
    let finish: (result: ReloadResult) => void = () => {};
    const { say, answers, asked } = world(() => new Promise((resolve) => (finish = resolve)));
    for (let times = 0; times < 2; times++) say("reload", '{"id":"one"}');
    expect(asked).toEqual(["mqtt one"]);
    finish(applied);
    await eventually(answers).toHaveLength(2);
    expect(answers()[0]).toEqual({
      topic: "pinbus/garage/cmd/reload/result",
      id: "one",
      ok: true,
      changes: ["outputs.fan: removed"],
    });
    expect(answers()[1]).toEqual(answers()[0]);
    say("resync", '{"id":"one"}');
    await eventually(answers).toHaveLength(3);
    for (let id = 0; id < 100; id++) say("resync", `{"id":"${id}"}`);
    say("reload", '{"id":"one"}');
    expect(asked).toHaveLength(2);
  });

  it("that the agent cannot do is answered and logged with its stack", async () => {
    const { say, answers, log } = world(() => Promise.reject(new Error("a bug")));
    say("reload", '{"id":"x"}');
    await eventually(answers).toMatchObject([{ id: null, ok: false, reason: "failed" }]);
    expect(log.entries[0]).toMatch(/^error: the command reload failed: Error: a bug\n/);
  });
});
