import { describe, expect, it } from "vitest";
import { planOf } from "../../agent/core/plan.ts";
import { newState } from "../../agent/core/state.ts";
import { createNodeCommands } from "../../agent/node-commands.ts";
import type { Asker, Operations } from "../../agent/operations.ts";
import type { Diagnosis, ReloadResult } from "../../agent/protocol.ts";
import type { Incoming, Link, Publication } from "../../agent/shell/link.ts";
import type { Config } from "../../config/schema.ts";
import { configOf } from "./core/fixture.ts";
import { eventually, keptLog } from "./shell/fixture.ts";

const applied: ReloadResult = { file: "/etc/pinbus.yaml", applied: true, problems: [], restart: [], changes: ["outputs.fan: removed"] };

const all: Config["commands"] = ["reload", "resync", "identify", "log-level", "diag"];

function world(reload: Operations["reload"] = async () => applied, commands = all) {
  const config = configOf({ commands });
  const plan = planOf(config);
  const state = newState(plan, () => 1);
  Object.assign(state, { clockOffset: 1_800_000_000_000, clockSet: true });
  const sent: Publication[] = [];
  const asked: string[] = [];
  const log = keptLog();
  let resyncs = 0;
  let now = 1000;
  const operations: Operations = {
    reload(asker) {
      asked.push(nameOf(asker));
      return reload(asker);
    },
    resync: () => resyncs++,
    async identify({ output, forMs }, asker) {
      asked.push(`${nameOf(asker)} ${output} ${forMs}`);
      if (output === "lamp") return { ok: true, state: "ON", changed: true };
      return { ok: false, reason: "locked", message: "it is locked", allowed_at: "2027-01-15T08:00:01.000Z" };
    },
    setLogLevel: ({ level }) =>
      level === "debug" ? { ok: true, until: "then" } : { ok: false, reason: "not-allowed", message: "it may not say less" },
    diagnose: async () => ({ system: "Linux" }) as Diagnosis,
  };
  const command = createNodeCommands({
    current: () => ({ config, plan, state }),
    link: () => ({ publish: (publication: Publication) => sent.push(publication) > 0 }) as unknown as Link,
    operations,
    clock: { now: () => now, wall: () => 0 },
    log,
  });
  const say = (name: string, payload: string, more: Partial<Incoming> = {}) =>
    command(name, { topic: plan.topics.nodeCommand(name), payload: Buffer.from(payload), retain: false, qos: 1, ...more });
  type Answer = { topic: string; reason?: string };
  const answers = () => sent.map(({ topic, payload }): Answer => ({ topic, ...(JSON.parse(String(payload)) as object) }));
  return { say, sent, answers, asked, log, resyncs: () => resyncs, wait: (ms: number) => (now += ms) };
}

const nameOf = ({ from, id }: Asker) => `${from} ${id}`;

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
    const { say, answers, asked, wait } = world(() => new Promise((resolve) => (finish = resolve)));
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
    for (let id = 0; id < 100; id++) {
      wait(2000);
      say("resync", `{"id":"${id}"}`);
    }
    say("reload", '{"id":"one"}');
    expect(asked).toHaveLength(2);
  });

  it("that the agent cannot do is answered and logged with its stack", async () => {
    const { say, answers, log } = world(() => Promise.reject(new Error("a bug")));
    say("reload", '{"id":"x"}');
    await eventually(answers).toMatchObject([{ id: null, ok: false, reason: "failed" }]);
    expect(log.entries[0]).toMatch(/^error: the command reload failed: Error: a bug\n/);
  });

  it("is served only if the configuration names it; what is refused says where", async () => {
    const { say, answers, asked, log } = world(undefined, ["resync"]);
    for (const name of all) say(name, '{"id":"a","output":"lamp","level":"debug"}');
    say("selfdestruct", "");
    await eventually(answers).toHaveLength(6);
    const refused = { ok: false, id: "a", reason: "not-allowed", message: expect.stringContaining("name it in `commands`") };
    for (const name of ["reload", "identify", "log-level", "diag"])
      expect(answers()).toContainEqual({ topic: `pinbus/garage/cmd/${name}/result`, ...refused, message: expect.stringContaining(name) });
    expect(answers()).toContainEqual(expect.objectContaining({ reason: "unknown" }));
    expect(asked).toEqual([]);
    expect(log.entries).toHaveLength(6);
  });

  it("that asks for an output, a log level or a report is answered with what came of it", async () => {
    const { say, answers, asked } = world();
    say("identify", '{"id":"1","output":"lamp"}');
    say("identify", '{"output":"gate","for_ms":2000}');
    say("log-level", '{"level":"debug","for_ms":2000}');
    say("log-level", '{"level":"error"}');
    say("diag", "");
    await eventually(answers).toHaveLength(5);
    const of = (name: string) => answers().flatMap(({ topic, ...answer }) => (topic.endsWith(`cmd/${name}/result`) ? [answer] : []));
    expect(of("identify")).toEqual([
      { id: "1", ok: true, output: "lamp", for_ms: 5000 },
      { id: null, ok: false, reason: "locked", message: "it is locked", allowed_at: "2027-01-15T08:00:01.000Z" },
    ]);
    expect(of("log-level")).toEqual([
      { id: null, ok: true, level: "debug", until: "then" },
      { id: null, ok: false, reason: "not-allowed", message: "it may not say less" },
    ]);
    expect(of("diag")).toEqual([{ id: null, ok: true, report: { system: "Linux" } }]);
    expect(asked).toEqual(["mqtt 1 lamp 5000", "mqtt null gate 2000"]);
  });

  it("that comes in a flood is refused, with one line in the log, and served again later; the others are not held up", async () => {
    const { say, answers, resyncs, log, wait } = world();
    for (let times = 0; times < 1000; times++) say("resync", "");
    await eventually(answers).toHaveLength(1000);
    expect([resyncs(), log.entries.length]).toEqual([10, 1]);
    expect(answers().filter(({ reason }) => reason === "rate")).toHaveLength(990);
    say("diag", "");
    await eventually(answers).toHaveLength(1001);
    expect(answers()[1000]).toMatchObject({ ok: true, report: expect.anything() });
    for (let times = 0; times < 1000; times++) say(`no-${times}`, "");
    await eventually(answers).toHaveLength(2001);
    expect(log.entries).toHaveLength(12);
    wait(2000);
    say("resync", "");
    await eventually(resyncs).toBe(11);
  });
});
