import { readFileSync } from "node:fs";
import type { Host } from "../config/host.ts";
import type { LoadResult } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { findLine } from "../gpio/board.ts";
import { openDriver } from "../gpio/registry.ts";
import { SimBoard } from "../gpio/sim-board.ts";
import { readUnits } from "../systemd/units.ts";
import { connectBroker } from "./broker-link.ts";
import { defaultBackoff } from "./core/backoff.ts";
import { birthOf, healthPublication } from "./core/birth.ts";
import { healthOf } from "./core/health.ts";
import type { AgentEvent, TimerKey, Verdict } from "./core/model.ts";
import { newEventQueue } from "./core/outbox.ts";
import { planOf } from "./core/plan.ts";
import { newState, seqBlock } from "./core/state.ts";
import { parseTopic } from "./core/topics.ts";
import { createHandlers } from "./handlers.ts";
import { clientIdOf } from "./identity.ts";
import { createNodeCommands } from "./node-commands.ts";
import { protocolVersion, type ReloadResult } from "./protocol.ts";
import { createReloader } from "./reload.ts";
import { clockIsSet, systemClock } from "./shell/clock.ts";
import { Control } from "./shell/control.ts";
import { Dispatch } from "./shell/dispatch.ts";
import { readHost } from "./shell/host.ts";
import { Lines } from "./shell/lines.ts";
import { createLink, type Incoming, type Publication } from "./shell/link.ts";
import type { AdjustableLog } from "./shell/log.ts";
import { createPerformers, sendHeld } from "./shell/performers.ts";
import { SeqStore } from "./shell/seq-store.ts";
import { type Reading, Statistics } from "./shell/statistics.ts";
import { Timers } from "./shell/timers.ts";

export interface AgentOptions {
  config: Config;
  host: Host;
  version: string;
  log: AdjustableLog;
  /** For a reload: reads the configuration again, from where `config` came. */
  load(): LoadResult;
  /** Before a reload looks at the file, and when it is done or refused: what the service manager is told. */
  reloading: { began(): void; ended(status: string): void };
}

export interface Agent {
  /** Grows with each part's real work, for the watchdog. */
  readonly progress: Readonly<Record<"event loop" | "line reader" | "link", () => number>>;
  /** Applies the changed configuration, or leaves everything as it is; `from` is for the log. */
  reload(from: string): Promise<ReloadResult>;
  /** Outputs to their exit states, `offline`, everything closed. */
  stop(): Promise<void>;
}

/** A setting that cannot be served on this machine: starting again does not help before a person has changed it. */
export class SettingError extends Error {}

/** More of a command payload is not even decoded; the core refuses what is longer than it accepts. */
const decodedBytes = 4096;
/** Events that wait for the broker. */
const eventsHeld = 256;

/**
 * The composition root: everything is made and started here in order, and stopped in reverse order. Rejects with what a person
 * can mend (no driver, another agent runs); from then on only a stop ends it.
 */
export async function startAgent({ config, host, version, log, load, reloading }: AgentOptions): Promise<Agent> {
  const started = new Date(systemClock.wall()).toISOString();
  const clock = systemClock;
  const startedAt = clock.now();
  log.info(`pinbus ${version} starts as ${config.prefix}/${config.node}`);

  // What decides: plan, state, loop.
  const plan = planOf(config);
  const seq = new SeqStore(config.state_dir, log);
  seq.load();
  const dispatch = new Dispatch({ config, plan, state: newState(plan, (id) => seq.first(id)) });
  // Asked for each time: a reload replaces all of it. What stands in `plan.topics` and is not below `in` and `out` stays.
  const current = () => dispatch.current;
  const send = (event: AgentEvent) => dispatch.dispatch(event);
  const timers = new Timers<TimerKey>(clock, (key, at) => send({ type: "timer-due", key, at }));
  const readClock = () => send({ type: "clock-read", offset: clock.wall() - clock.now(), set: clockIsSet(clock), at: clock.now() });

  // What acts: lines, link, control sockets.
  const board = config.gpio.driver === "sim" ? new SimBoard(config.gpio.board) : undefined;
  const driver = await openDriver(config.gpio.driver, board ? { board } : {});
  log.info(
    `driver ${driver.name}: ${
      driver
        .chips()
        .map(({ label, lines }) => `${label} (${lines} lines)`)
        .join(", ") || "no GPIO chip is here"
    }`,
  );
  const lines = new Lines({ plan, config, driver, resolve: (line) => findLine(line, driver), clock, log, dispatch: send });

  const outbox = newEventQueue<Publication>(eventsHeld);
  const receive = (message: Incoming) => {
    const topic = parseTopic(plan.topics, message.topic);
    if (topic?.kind === "node-command") {
      readClock();
      nodeCommand(topic.name, message);
      return;
    }
    const output = topic?.kind === "output-set" ? current().plan.outputIndex.get(topic.id) : undefined;
    if (output === undefined) {
      if (topic?.kind === "output-set") log.warn("a command for an output that is not configured was ignored", { topic: message.topic });
      return;
    }
    // Ages are judged by the wall clock as it is now, not as it was at the last round.
    readClock();
    send({
      type: "command-received",
      output,
      payload: message.payload.toString("utf8", 0, decodedBytes),
      retain: message.retain,
      responseTopic: message.responseTopic ?? null,
      correlationData: message.correlationData ?? null,
      at: clock.now(),
    });
  };
  const info = (): Publication => ({
    kind: "state",
    topic: plan.topics.info,
    qos: 1,
    retain: true,
    payload: JSON.stringify({
      version,
      started,
      driver: driver.name,
      chips: driver.chips().map(({ label }) => label),
      inputs: current().plan.inputs.map(({ id }) => id),
      outputs: current().plan.outputs.map(({ id }) => id),
    }),
  });
  const status = (payload: "online" | "offline"): Publication => ({
    kind: "state",
    topic: plan.topics.status,
    payload,
    qos: 1,
    retain: true,
  });
  const health = () => healthPublication(plan, healthOf(current().plan, current().state));
  /** Retained topics that a reload has cleared, until the broker has taken it: it may be away. */
  const cleared = new Set<string>();
  const empty = (topic: string): Publication => ({ kind: "state", topic, payload: "", qos: 1, retain: true });
  const birth = () => [info(), ...[...cleared].map(empty), ...birthOf(current().plan, current().state), health()];
  const brokerLink = connectBroker({
    config,
    version,
    log,
    clock,
    problems: (problems) => send({ type: "broker-changed", problems, at: clock.now() }),
    link: (url) =>
      createLink({
        server: {
          url,
          ...(config.mqtt.username === null ? {} : { username: config.mqtt.username }),
          ...(config.mqtt.password === null ? {} : { password: config.mqtt.password }),
          ...(config.mqtt.ca === null ? {} : { ca: readCa(config.mqtt.ca) }),
        },
        protocol: config.mqtt.protocol,
        clientId: config.mqtt.client_id ?? clientIdOf(host, config.node),
        keepalive: config.mqtt.keepalive,
        will: { topic: plan.topics.status, payload: "offline", qos: 1, retain: true, delayS: 5 },
        sessionExpiryS: 60,
        subscriptions: [
          { filter: plan.topics.commandFilter, qos: 1 },
          { filter: plan.topics.nodeFilter, qos: 1 },
        ],
        birth,
        online: status("online"),
        backoff: defaultBackoff,
        random: Math.random,
        log,
        on: {
          online: () => {
            cleared.clear();
            send({ type: "link-changed", online: true, problem: null, at: clock.now() });
            sendHeld(outbox, brokerLink.link, clock.now());
            statistics.resend();
          },
          offline: (problem) => send({ type: "link-changed", online: false, problem, at: clock.now() }),
          message: receive,
        },
      }),
  });
  const { link } = brokerLink;

  const tickets = new Map<number, (verdict: Verdict) => void>();
  const reloader = createReloader({
    load,
    dispatch,
    lines,
    seq,
    clock,
    log,
    ...reloading,
    applied(before, after, topics) {
      log.setLevel(after.log.level);
      const services = before.services.filter((unit) => !after.services.includes(unit)).map((unit) => plan.topics.service(unit));
      for (const topic of [...topics, ...services]) cleared.add(topic);
      for (const { topic } of birthOf(current().plan, current().state)) cleared.delete(topic);
      for (const unit of after.services) cleared.delete(plan.topics.service(unit));
      for (const topic of services) link.publish(empty(topic));
      link.publish(info());
      if (before.sys_interval === after.sys_interval && before.services.join() === after.services.join()) return;
      brokerLink.setSysInterval(after.sys_interval);
      statistics.restart();
    },
  });
  const nodeCommand = createNodeCommands({
    current,
    link: () => link,
    reloader,
    resync() {
      for (const publication of [...birth(), status("online")]) link.publish(publication);
      statistics.restart();
    },
    clock,
    log,
  });
  const handlers = createHandlers({
    current,
    reloader,
    version,
    started,
    startedAt,
    driver,
    board,
    lines,
    brokerLink,
    tickets,
    send,
    clock,
  });
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
    log,
  });
  const sys = (values: Record<string, string>): Reading[] =>
    Object.entries(values).map(([name, payload]) => ({ topic: plan.topics.sys(name), payload, qos: 0 }));
  const services = async (): Promise<Reading[]> => {
    const units = current().config.services;
    return units.length === 0
      ? []
      : (await readUnits(units)).map(({ unit, active }) => ({ topic: plan.topics.service(unit), payload: active, qos: 1 }));
  };
  const statistics = new Statistics({
    link,
    every: () => current().config.sys_interval,
    own: () =>
      sys({
        version: `pinbus ${version}`,
        uptime: `${Math.round((clock.now() - startedAt) / 1000)} seconds`,
        "messages/sent": String(link.view.sent),
        "messages/received": String(link.view.received),
        reconnects: String(link.view.reconnects),
        "outbox/depth": String(outbox.items.length),
        "outbox/dropped": String(outbox.dropped + link.dropped),
        "events/edges": String(current().state.edges),
        "events/commands": String(current().state.commands),
        "events/refused": String(current().state.refused),
      }),
    sources: [async () => sys(await readHost()), services],
    afterRound: readClock,
  });

  const perform = createPerformers({
    dispatch,
    lines,
    link,
    outbox,
    eventTtl(topic) {
      const parsed = parseTopic(plan.topics, topic);
      return parsed?.kind === "input-event" ? (current().config.inputs[parsed.id]?.event_ttl ?? 0) : 0;
    },
    timers,
    seq,
    clock,
    log,
    settle: (ticket, verdict) => {
      tickets.get(ticket)?.(verdict);
      tickets.delete(ticket);
    },
  });
  let healthTold = -1;
  dispatch.connect(perform, () => {
    control.changed();
    const { healthVersion } = current().state;
    if (healthVersion === healthTold) return;
    healthTold = healthVersion;
    link.publish(health());
  });

  // Start. The control socket comes first: it refuses a second agent before that one touches a line.
  try {
    await control.start();
  } catch (error) {
    driver.close();
    throw error;
  }
  for (const { id } of plan.inputs) seq.reserve(id, seq.first(id) + seqBlock);
  await seq.flushed();
  readClock();
  lines.start();
  for (const { id } of [...plan.outputs, ...plan.inputs]) {
    const address = lines.address(id);
    if (address) log.info(`${id} is line ${address.offset} of ${address.chip}`);
  }
  await brokerLink.start();
  statistics.start();

  return {
    progress: { "event loop": eventLoopProgress(), "line reader": () => probe(lines), link: () => link.progress },
    reload: (from) => reloader.reload(from),
    async stop() {
      log.info("stops: outputs go to their exit states");
      send({ type: "stop-requested", at: clock.now() });
      statistics.stop();
      await brokerLink.stop([status("offline")]);
      await control.stop();
      lines.stop();
      driver.close();
      timers.close();
      await seq.flushed();
      log.info("stopped");
    },
  };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new SettingError(`mqtt.ca: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}): name a readable PEM file`);
  }
}

/** A turn of the loop since the last question: asked from a timer, so it proves that timers and immediates run. */
function eventLoopProgress(): () => number {
  let turns = 0;
  return () => {
    setImmediate(() => turns++);
    return turns;
  };
}

function probe(lines: Lines): number {
  lines.probe();
  return lines.progress;
}
