import { type KeptSource, ruleSeqId, seqBlock } from "./core/kept.ts";
import type { KeptFile } from "./core/model.ts";
import type { Plan } from "./core/plan.ts";
import { CounterStore, type Written } from "./shell/counter-store.ts";
import { HistoryStore } from "./shell/history-store.ts";
import type { Log } from "./shell/log.ts";
import { OutputStore } from "./shell/output-store.ts";
import { OwedStore } from "./shell/owed-store.ts";
import { ProfileStore } from "./shell/profile-store.ts";
import { RuleStore } from "./shell/rule-store.ts";
import { SeqStore } from "./shell/seq-store.ts";
import { StartStore } from "./shell/start-store.ts";
import { SumStore } from "./shell/sum-store.ts";

export interface StoresOptions {
  /** The state folder. */
  dir: string;
  log: Log;
  /** The total of a counter is kept, or why it is not. */
  counterKept: Written;
  onProblem(file: KeptFile, problem: string | null): void;
}

/** What the lines and rules keep over a restart, a file for each kind of thing. */
export interface Stores {
  seq: SeqStore;
  outputs: OutputStore;
  counters: CounterStore;
  history: HistoryStore;
  rules: RuleStore;
  starts: StartStore;
  profiles: ProfileStore;
  /** Plugs that are still to be switched off. */
  owed: OwedStore;
  sums: SumStore;
  /** Of outputs, rules and derived values at once. */
  kept: KeptSource;
  /** Sets event numbers aside for whatever counts its events: no later start gives them out again. */
  reserve(plan: Plan): void;
  /** Resolves when everything is on disk, or could not be written. */
  close(): Promise<void>;
}

/** Reads what the last run left. Nothing is written before something changes, or `reserve`. */
export function openStores({ dir, log, counterKept, onProblem }: StoresOptions): Stores {
  const seq = new SeqStore(dir, log, (problem) => onProblem("seq", problem));
  seq.load();
  const outputs = new OutputStore(dir, log, undefined, (problem) => onProblem("outputs", problem)).load();
  const counters = new CounterStore(dir, log, counterKept);
  const history = new HistoryStore(dir, log, { onProblem: (problem) => onProblem("history", problem) }).load();
  const rules = new RuleStore(dir, log, (problem) => onProblem("rules", problem)).load();
  const starts = new StartStore(dir, log);
  const profiles = new ProfileStore(dir, log).load();
  const owed = new OwedStore(dir, log).load();
  const sums = new SumStore(dir, log).load();
  return {
    seq,
    outputs,
    counters,
    history,
    rules,
    starts,
    profiles,
    owed,
    sums,
    kept: { kept: (id) => outputs.kept(id), enabled: (id) => rules.enabled(id), sum: (id) => sums.sum(id) },
    reserve(plan) {
      const ids = [...plan.inputs.map((input) => input.id), ...plan.rules.map((rule) => ruleSeqId(rule.id))];
      seq.reserveNow(ids.map((id) => [id, seq.first(id) + seqBlock]));
    },
    async close() {
      await Promise.all([
        seq.flushed(),
        outputs.flushed(),
        counters.close(),
        history.flushed(),
        rules.flushed(),
        profiles.flushed(),
        owed.flushed(),
        sums.flushed(),
        starts.end(),
      ]);
    },
  };
}
