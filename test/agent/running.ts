import { onTestFinished } from "vitest";
import type { AgentEvent, TimerKey } from "../../agent/core/model.ts";
import { planOf } from "../../agent/core/plan.ts";
import { startLevel } from "../../agent/core/start.ts";
import { newState } from "../../agent/core/state.ts";
import { createReloader } from "../../agent/reload.ts";
import { temperature } from "../../agent/sensor/driver.ts";
import { SimSensor } from "../../agent/sensor/sim.ts";
import { systemClock } from "../../agent/shell/clock.ts";
import { CounterStore } from "../../agent/shell/counter-store.ts";
import { Dispatch } from "../../agent/shell/dispatch.ts";
import { HistoryStore } from "../../agent/shell/history-store.ts";
import { Lines } from "../../agent/shell/lines.ts";
import type { Link, Publication } from "../../agent/shell/link.ts";
import { Outbox } from "../../agent/shell/outbox.ts";
import { OutputStore } from "../../agent/shell/output-store.ts";
import { createPerformers } from "../../agent/shell/performers.ts";
import { PinLog } from "../../agent/shell/pin-log.ts";
import { RuleStore } from "../../agent/shell/rule-store.ts";
import { Sensors } from "../../agent/shell/sensors.ts";
import { SeqStore } from "../../agent/shell/seq-store.ts";
import { SumStore } from "../../agent/shell/sum-store.ts";
import { Timers } from "../../agent/shell/timers.ts";
import type { LoadResult } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { findLine } from "../../gpio/board.ts";
import { openSim } from "../../gpio/sim.ts";
import { type Claim, SimBoard, type WireLevel } from "../../gpio/sim-board.ts";
import { openSimKeys } from "../../gpio/sim-keys.ts";
import { openNotify } from "../../systemd/notify.ts";
import { keptLog, tempFolder } from "./shell/fixture.ts";

export const chip = "pinctrl-bcm2711";
export const line = (offset: number) => ({ kind: "offset" as const, chip, offset });

/** A meter on every wire, and a list of who asked for which line. */
class RecordedBoard extends SimBoard {
  readonly edges: string[] = [];
  readonly claims: string[] = [];
  override claim(address: Parameters<SimBoard["claim"]>[0], claim: Claim, set: Parameters<SimBoard["claim"]>[2] = {}): void {
    this.#watch(address, () => super.claim(address, claim, set));
    this.claims.push(claim.consumer);
  }
  override drive(address: Parameters<SimBoard["drive"]>[0], level: WireLevel): void {
    this.#watch(address, () => super.drive(address, level));
  }
  override release(address: Parameters<SimBoard["release"]>[0], claim: Claim): void {
    this.#watch(address, () => super.release(address, claim));
  }
  #watch(address: Parameters<SimBoard["drive"]>[0], change: () => void): void {
    const before = this.level(address.chip, address.offset);
    change();
    const after = this.level(address.chip, address.offset);
    if (before !== after) this.edges.push(`${address.offset} ${after}`);
  }
}

export function good(config: Config): LoadResult {
  return { ok: true, config, file: "pinbus.yaml", files: [], warnings: [], notes: [], given: new Map(), sourceOf: () => "default" };
}

/** The running agent without a broker and sockets: lines on a recorded board, loop, timers, and a file that can be changed. */
export function running(config: Config) {
  const log = keptLog();
  const board = new RecordedBoard("pi4");
  const driver = openSim(board);
  const plan = planOf(config);
  const folder = tempFolder();
  const seq = new SeqStore(folder, log);
  const outputs = new OutputStore(folder, log);
  const counters: CounterStore = new CounterStore(folder, log, (id, version, kept, problem) => {
    const input = dispatch.current.plan.inputIndex.get(id);
    if (input !== undefined) send({ type: "counter-kept", input, version, kept, problem, at: systemClock.now() });
  });
  const dispatch: Dispatch = new Dispatch({ config, plan, state: newState(plan, (id) => seq.first(id), outputs, counters) });
  const send = (event: AgentEvent) => dispatch.dispatch(event);
  const timers = new Timers<TimerKey>(systemClock, (key, at) => send({ type: "timer-due", key, at }));
  const lines = new Lines({
    plan,
    config,
    driver,
    keys: openSimKeys(board),
    resolve: (name) => findLine(name, driver),
    startLevel: (output, found) => startLevel(dispatch.current.plan, dispatch.current.state, output, found, systemClock.now()),
    clock: systemClock,
    log,
    dispatch: send,
  });
  const sensors = new Sensors({
    plan,
    config,
    open: (id) => new SimSensor(id, [temperature]),
    clock: systemClock,
    dispatch: send,
  });
  const sent: Publication[] = [];
  const link = { publish: (publication: Publication) => sent.push(publication) > 0 } as unknown as Link;
  const limits = { count: 10, bytes: 10_000, window: 10 };
  const outbox = new Outbox({ dir: null, boot: "", limits, link: () => link, clock: systemClock, log });
  outbox.connected();
  const history = new HistoryStore(folder, log);
  const rules = new RuleStore(folder, log);
  const sums = new SumStore(folder, log);
  const perform = createPerformers({
    dispatch,
    lines,
    plugs: { write() {} },
    sensors,
    link,
    outbox,
    telemetry: (reading) => link.publish(reading),
    eventTtl: () => 10_000,
    timers,
    seq,
    outputs,
    counters,
    history,
    rules,
    sums,
    evaluate() {},
    clock: systemClock,
    log: new PinLog(log, systemClock.now),
    settle() {},
    settleCounter() {},
  });
  dispatch.connect(perform, () => {});
  lines.start();
  onTestFinished(async () => {
    lines.stop();
    sensors.stop();
    timers.close();
    // Before their folder is removed: they would make it anew.
    await Promise.all([counters.close(), ...[seq, outputs, history, rules, sums].map((store) => store.flushed())]);
  });
  const told: string[] = [];
  const notify = openNotify(
    {},
    {
      send(message, done) {
        told.push(message.toString().replace(/\d{3,}/, "N"));
        done(null);
      },
    },
  );
  const world = { file: good(config), loads: 0, cleared: [] as string[] };
  const reloader = createReloader({
    problemsOf: () => [],
    load() {
      world.loads++;
      return world.file;
    },
    dispatch,
    lines,
    sensors,
    seq,
    outputs,
    counters,
    clock: systemClock,
    log,
    began: () => notify?.reloading(),
    ended: (status) => notify?.ready(status),
    applied: (_before, _after, cleared) => world.cleared.push(...cleared),
  });
  const set = (id: string, word: "ON" | "OFF" | "PULSE", forMs: number | null = null) =>
    send({
      type: "control-received",
      output: dispatch.current.plan.outputIndex.get(id) ?? -1,
      word,
      forMs,
      from: "cli",
      ticket: 0,
      at: systemClock.now(),
    });
  const isOn = (id: string) => dispatch.state.outputs[dispatch.current.plan.outputIndex.get(id) ?? -1]?.written;
  return { folder, log, board, dispatch, lines, sent, told, world, reloader, set, send, isOn, counters, timers };
}
