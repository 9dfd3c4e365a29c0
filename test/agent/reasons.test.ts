import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { toldOf } from "../../agent/command/why.ts";
import { type LogEvent, logEvents } from "../../agent/core/log-events.ts";
import { stateWord } from "../../agent/core/output-told.ts";
import { HistoryStore } from "../../agent/shell/history-store.ts";
import { createLog } from "../../agent/shell/log.ts";
import { changesView } from "../../agent/shell/views.ts";
import type { World } from "./core/world.ts";
import { decisions } from "./decisions.ts";
import { offset, world } from "./reason-world.ts";

import { silent, tempFolder } from "./shell/fixture.ts";
import { wishes } from "./wishes.ts";

const cases = { ...wishes, ...decisions };

function stepOf(words: string): { kind: string; text: string; duration_ms?: number } {
  const [, kind = "", text = "", took] = /^(\w+): (.*?)(?: \((\d+) ms\))?$/.exec(words) ?? [];
  return { kind, text, ...(took === undefined ? {} : { duration_ms: Number(took) }) };
}

function factsIn(told: object | undefined): Record<string, unknown> {
  const { kind, source, id, chain } = told as Record<string, unknown>;
  return { kind, source, id, chain };
}

/** What journald gets of an entry of the log. */
function journalOf(entry: World["logs"][number]): Record<string, string> {
  let fields: Record<string, string> = {};
  createLog({ level: "debug", secrets: [], journal: (written) => (fields = written.fields) })[entry.level]("", { ...entry.fields });
  return fields;
}

describe("every cause, in words and as facts", () => {
  beforeAll(() => vi.stubEnv("TZ", "Europe/Berlin"));
  afterAll(() => vi.unstubAllEnvs());

  it.each(Object.entries(cases))("%s: one sentence for people, one set of facts for all machines", async (_name, one) => {
    const { output = "lamp", play, more, told, kind, source, id = null, reason, allowedAt } = one;
    const made = world(more);
    play(made);
    const changes = changesView(made.state, made.output(output));
    const state = made.outputState(output);
    expect(toldOf(changes, stateWord(state.written), new Date(made.now + offset))[0]).toBe(told);

    const chain = one.chain.map(stepOf);
    const facts = { kind, source, id, chain };
    expect(factsIn(changes[0])).toEqual(facts);
    expect(changes[0]?.allowed_at).toBe(allowedAt);

    const folder = tempFolder();
    const store = new HistoryStore(folder, silent);
    for (const change of state.history) store.keep(output, change, offset);
    await store.flushed();
    expect(new HistoryStore(folder, silent).load().past(output)).toEqual(changes);

    // What was refused, locked or failed is no cause of the state.
    const isState = changes[0]?.state === "ON" || changes[0]?.state === "OFF";
    const { cause, detail, text, ...attr } = made.attr(output);
    if (isState) expect([factsIn(attr), text]).toEqual([facts, changes[0]?.text]);

    const took = chain.findLast((step) => step.duration_ms !== undefined)?.duration_ms;
    const entry = made.logs.findLast(({ fields }) => fields.output === output && fields.kind !== undefined);
    const { PINBUS_CAUSE, PINBUS_EVENT, MESSAGE_ID, PINBUS_STATE, PINBUS_TOPIC, PINBUS_RULE, PINBUS_INPUT, ...fields } =
      entry === undefined ? {} : journalOf(entry);
    expect(fields).toEqual({
      PINBUS_OUTPUT: output,
      PINBUS_KIND: kind,
      PINBUS_SOURCE: source,
      PINBUS_CHAIN: one.chain.map((step) => step.replace(/^\w+: /, "")).join(" > "),
      ...(id === null ? {} : { PINBUS_CAUSE_ID: id }),
      ...(took === undefined ? {} : { PINBUS_DURATION_MS: String(took) }),
      ...(reason === undefined ? {} : { PINBUS_REASON: reason }),
      ...(allowedAt === undefined ? {} : { PINBUS_ALLOWED_AT: allowedAt }),
    });
    const named = (what: string) => chain.filter((step) => step.kind === what).map((step) => step.text);
    expect(PINBUS_RULE).toBe(named("rule").at(-1)?.split(" ")[1]);
    expect(PINBUS_INPUT).toBe(named("input")[0]?.split(" ")[0]);
    expect(PINBUS_TOPIC).toBe(kind === "mqtt" && source !== "identify" ? `pinbus/garage/out/${output}/set` : undefined);
    expect(MESSAGE_ID).toBe(logEvents[PINBUS_EVENT as LogEvent].id);
    expect(PINBUS_STATE).toBe(isState ? changes[0]?.state : undefined);
    if (isState) expect(PINBUS_CAUSE).toBe(detail === null ? cause : `${cause} (${detail})`);
  });

  it("has each kind of cause and of step", () => {
    const kinds = new Set(Object.values(cases).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["cli", "contract", "failsafe", "mqtt", "plug", "rule", "start", "tui"]);
    const steps = new Set(Object.values(cases).flatMap(({ chain }) => chain.map((step) => stepOf(step).kind)));
    expect([...steps].filter((kind) => !kinds.has(kind)).sort()).toEqual(["broker", "clock", "input", "output", "peer"]);
  });
});
