import { isDeepStrictEqual } from "node:util";
import type { Host } from "../config/host.ts";
import type { LoadResult } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { writeConfig } from "../config/write.ts";
import { createBus } from "./bus.ts";
import { linkCertificates } from "./certificate.ts";
import type { AgentEvent, CounterVerdict, KeptFile, TimerKey, Verdict } from "./core/model.ts";
import { planOf } from "./core/plan.ts";
import { newState } from "./core/state.ts";
import { eventTtl } from "./event-ttl.ts";
import { Expressions } from "./expression/thread.ts";
import { createHandlers } from "./handlers.ts";
import { createHostView } from "./host-view.ts";
import { createReceiver } from "./incoming.ts";
import { openLines } from "./lines.ts";
import { createNodeCommands } from "./node-commands.ts";
import { createOperations } from "./operations.ts";
import { createOwnConnections } from "./own-connections.ts";
import { createPlugs } from "./plugs.ts";
import { createProfileList } from "./profile-list.ts";
import { eventLoopProgress } from "./progress.ts";
import { protocolVersion, type ReloadResult } from "./protocol.ts";
import { createReadings } from "./readings.ts";
import { createReloader } from "./reload.ts";
import { createRuleClock } from "./rule-clock.ts";
import { createSensors } from "./sensors.ts";
import { createServices } from "./services.ts";
import { systemClock } from "./shell/clock.ts";
import { Control } from "./shell/control.ts";
import { Dispatch } from "./shell/dispatch.ts";
import { EdgeLog } from "./shell/edge-log.ts";
import type { AdjustableLog } from "./shell/log.ts";
import { TemporaryLevel } from "./shell/log-level.ts";
import { createPerformers } from "./shell/performers.ts";
import { PinLog } from "./shell/pin-log.ts";
import { Recorder } from "./shell/recorder.ts";
import { Statistics } from "./shell/statistics.ts";
import { createTelemetry } from "./shell/telemetry.ts";
import { Timers } from "./shell/timers.ts";
import { statusOf } from "./status.ts";
import { openStores } from "./stores.ts";
import { tellFormulas } from "./tell-formulas.ts";
import { Tickets } from "./tickets.ts";
import { TopicValues } from "./topic-values.ts";

export interface AgentOptions {
  config: Config;
  /** What of it the environment and the arguments give: setting → variable or argument. */
  given: ReadonlyMap<string, string>;
  host: Host;
  version: string;
  log: AdjustableLog;
  /** For a reload: reads the configuration again, from where `config` came. */
  load(): LoadResult;
  /** Files and folders of pinbus itself, of which no client is shown anything. */
  ownFiles(): readonly string[];
  /** Before a reload looks at the file, and when it is done or refused: what the service manager is told. */
  reloading: { began(): void; ended(status: string): void };
  /** When systemd's watchdog was fed last, monotonic ms; undefined while it is not. */
  fed?(): number | undefined;
}

export interface Agent {
  /** Grows with each part's real work, for the watchdog. */
  readonly progress: Readonly<Record<"event loop" | "line reader" | "link", () => number>>;
  /** Applies the changed configuration, or leaves everything as it is; `from` is for the log. */
  reload(from: string): Promise<ReloadResult>;
  /** Outputs to their exit states, `offline`, everything closed. */
  stop(): Promise<void>;
}

/**
 * The composition root: everything is made and started here in order, and stopped in reverse order. Rejects with what a person
 * can mend (no driver, another agent runs); from then on only a stop ends it.
 */
export async function startAgent({
  config,
  given,
  host,
  version,
  log,
  load,
  ownFiles,
  reloading,
  fed = () => undefined,
}: AgentOptions): Promise<Agent> {
  const started = new Date(systemClock.wall()).toISOString();
  const clock = systemClock;
  const startedAt = clock.now();
  log.info(`pinbus ${version} starts as ${config.prefix}/${config.node}`, { event: "started" });
  for (const [setting, name] of given) log.info(`${setting} is given by ${name}`);
  tellFormulas(config, log);

  // What decides: plan, state, loop.
  const plan = planOf(config);
  const stores = openStores({
    dir: config.state_dir,
    log,
    counterKept(id, version, kept, problem) {
      const input = current().plan.inputIndex.get(id);
      if (input !== undefined) send({ type: "counter-kept", input, version, kept, problem, at: clock.now() });
    },
    onProblem: (file, problem) => fileProblem(file, problem),
  });
  const { seq, outputs, counters, history, rules, sums, kept } = stores;
  const dispatch = new Dispatch({ config, plan, state: newState(plan, (id) => seq.first(id), kept, counters) });
  // Asked for each time: a reload replaces all of it. What stands in `plan.topics` and is not below `in` and `out` stays.
  const current = () => dispatch.current;
  const send = (event: AgentEvent) => dispatch.dispatch(event);
  const fileProblem = (file: KeptFile, problem: string | null) => send({ type: "file-changed", file, problem, at: clock.now() });
  const timers = new Timers<TimerKey>(clock, (key, at) => send({ type: "timer-due", key, at }));
  const ofRules = createRuleClock({ current, send, clock, log });
  const readClock = () => send(ofRules.reading());

  // What acts: lines, link, control sockets.
  const certificates = linkCertificates({
    config,
    wall: clock.wall,
    log,
    onProblem: (problem) => fileProblem("certificate", problem),
  });
  const ownLines = await openLines({ plan, config, current, clock, log, send });
  const { lines, driver, board } = ownLines;

  const { sensors, simulate, stop: stopSensors } = createSensors({ plan, config, simulated: board !== undefined, clock, send });

  const expressions = new Expressions({ log, now: clock.now });
  const values = new TopicValues({ current, send, expressions, clock, log });

  const level = new TemporaryLevel({ log, configured: () => current().config.log.level });
  const receive = createReceiver({
    current,
    send,
    readClock: ofRules.refresh,
    nodeCommand: (name, message) => nodeCommand(name, message),
    profile: (message) => profiles.take(message),
    plug: (message) => plugs.take(message),
    value: (message) => values.take(message),
    clock,
    log,
  });
  const quantities = (id: string) => {
    const own = sensors.quantities(id);
    const sensor = current().plan.sensors[current().plan.sensorIndex.get(id) ?? -1];
    // What is told or derived has no driver that would say it.
    return own.length > 0 ? own : (sensor?.topic?.values ?? (sensor?.derive ? [sensor.derive] : []));
  };
  const profiles = createProfileList({
    host,
    version,
    quantities,
    bus: () => bus,
    current,
    send,
    readClock: ofRules.refresh,
    tellAll() {
      bus.tellAll();
      statistics.restart();
    },
    store: stores.profiles,
    clock,
    log,
  });
  const observed = (event: AgentEvent) => dispatch.observed(event);
  const plugs = createPlugs({ current, observed, send, link: () => bus.link, store: stores.owed, clock, log });
  const bus = createBus({
    config,
    version,
    started,
    host,
    driver,
    certificates,
    current,
    send,
    receive,
    plugs: () => plugs,
    profiles: () => profiles,
    online: () => statistics.resend(),
    onProblem: fileProblem,
    clock,
    log,
  });
  const { brokerLink, link, retained, trace } = bus;
  const { outbox, ring } = bus.outboxes;

  const { way } = brokerLink;
  const connections = createOwnConnections({
    host,
    version,
    dispatch,
    current,
    send,
    readClock: ofRules.refresh,
    quantities,
    store: stores.profiles,
    way,
    tls: () => certificates.renew(),
    clear: (topic) => bus.clear(topic),
    owned: (topics) => bus.owned(topics),
    onProblem: fileProblem,
    clock,
    log,
  });

  const tickets = new Tickets<Verdict>();
  const counterTickets = new Tickets<CounterVerdict>();
  const reloader = createReloader({
    load,
    problemsOf: (config) => brokerLink.problemsOf(config),
    dispatch,
    lines,
    sensors,
    seq,
    outputs: kept,
    counters,
    clock,
    log,
    ...reloading,
    applied(before, after, cleared) {
      level.end();
      ofRules.restart();
      plugs.leave();
      bus.reloaded(before, after, cleared);
      tellFormulas(after, log, before);
      connections.changed();
      plugs.apply();
      const isSame = before.sys_interval === after.sys_interval && isDeepStrictEqual(before.services, after.services);
      if (!isSame) statistics.reloaded();
    },
  });
  const shown = { current, version, given, started, startedAt, driver, brokerLink, outbox, ring, clock };
  const operations = createOperations({
    current,
    reloader,
    resync() {
      bus.resync();
      connections.tellAll();
      statistics.restart();
    },
    level,
    diagnosis: { config: () => current().config, status: () => statusOf(shown), machine: () => retained.machine, log },
    tickets,
    send,
    clock,
  });
  const nodeCommand = createNodeCommands({ current, link: () => link, operations, clock, log });
  const readings = createReadings({
    version,
    startedAt,
    clock,
    link,
    trace,
    outbox,
    ring,
    bridge: () => brokerLink.broker?.bridge,
    values: () => values.counts,
    lag: () => Math.max(timers.takeLag(), statistics.late),
    current,
    log,
  });
  const services = createServices({ current, clock, log, ownFiles });
  const handlers = createHandlers({
    ...shown,
    services: services.handlers,
    host: createHostView({ current, clock, retained, figures: readings.figures, fed }),
    reloader,
    operations,
    board,
    lines,
    edges: new EdgeLog(dispatch, clock),
    simulate,
    receive,
    trace,
    outputs,
    history,
    rules,
    nextTime: (rule) => ofRules.next(rule),
    tickets,
    counterTickets,
    send,
    readClock,
  });
  const recorder = new Recorder({ dispatch, timers, version, writeConfig, clock, log });
  const control = new Control({
    socket: config.control.socket,
    view: config.control.view,
    hello: (operate) => ({
      protocol: protocolVersion,
      version,
      node: config.node,
      base: plan.topics.base,
      operate,
      simulated: board !== undefined,
    }),
    handlers,
    record: (reader) => recorder.start(reader),
    log,
  });
  const statistics = new Statistics({
    link,
    ...readings,
    afterRound: readClock,
  });

  const pinLog = new PinLog(log, clock.now);
  const perform = createPerformers({
    dispatch,
    lines,
    plugs,
    sensors,
    link,
    outbox,
    telemetry: createTelemetry({ link: () => link, ring, ttl: config.outbox.telemetry_ttl }),
    eventTtl: (topic) => eventTtl(current(), topic),
    timers,
    seq,
    outputs,
    counters,
    history,
    rules,
    sums,
    evaluate: (effect) => values.evaluate(effect),
    clock,
    log: pinLog,
    settle: (ticket, verdict) => tickets.settle(ticket, verdict),
    settleCounter: (ticket, verdict) => counterTickets.settle(ticket, verdict),
  });
  let healthTold = -1;
  dispatch.witnesses.add(profiles.witness);
  dispatch.connect(perform, () => {
    control.changed();
    const { healthVersion } = current().state;
    if (healthVersion === healthTold) return;
    healthTold = healthVersion;
    bus.tellHealth();
  });

  // Start. The control socket comes first: it refuses a second agent before that one touches a line.
  try {
    await control.start();
  } catch (error) {
    driver.close();
    throw error;
  }
  // Behind the socket: a file has one writer.
  bus.outboxes.load();
  stores.reserve(plan);
  plugs.start();
  readClock();
  ownLines.start();
  send({ type: "started", held: plan.listeners.start.length > 0 && (await stores.starts.begin()), at: clock.now() });
  ofRules.restart();
  certificates.renew();

  const agent: Agent = {
    progress: { "event loop": eventLoopProgress(), "line reader": () => lines.probe(), link: () => link.progress },
    reload: (from) => reloader.reload(from),
    async stop() {
      log.info("stops: outputs go to their exit states");
      send({ type: "stop-requested", at: clock.now() });
      ofRules.stop();
      stopSensors();
      values.stop();
      services.stop();
      statistics.stop();
      // Over the link; the connections tell of it, and all of them end behind it.
      await plugs.stop();
      await connections.stop();
      profiles.stop();
      await bus.stop();
      await control.stop();
      ownLines.stop();
      // What was counted while the farewell was said.
      send({ type: "totals-wanted", at: clock.now() });
      timers.close();
      await Promise.all([stores.close(), bus.outboxes.close(), expressions.stop()]);
      // What the core has told comes before it.
      await new Promise((resolve) => setImmediate(resolve));
      pinLog.flush();
      log.info("stopped", { event: "stopped" });
    },
  };
  profiles.start();
  try {
    await bus.start();
  } catch (error) {
    // Outputs may be on by now, and sockets open.
    await agent.stop();
    throw error;
  }
  connections.start();
  statistics.start();
  return agent;
}
