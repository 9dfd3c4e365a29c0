import type { HostView, PinsView, ServiceView } from "../agent/protocol.ts";
import type { Action } from "./action.ts";
import { sysPrefix, sysReceived, tickBroker } from "./broker.ts";
import { handleKey, handlePaste } from "./commands.ts";
import { type Effect, none } from "./effect.ts";
import { fleetReceived } from "./fleet.ts";
import { instant } from "./format.ts";
import { hostFigures } from "./host.ts";
import type { MqttState, State } from "./model.ts";
import { refuse, say } from "./notice.ts";
import { askBytes, bytesReceived } from "./packet-bytes.ts";
import { pinReceived } from "./pin.ts";
import { retainedEvent } from "./retained.ts";
import { askLogs } from "./service-ask.ts";
import { logReceived, logRefused, newLogAgent } from "./service-log.ts";
import { agentNow, newest, take } from "./snapshot.ts";
import type { Retained } from "./topic.ts";
import { askTrace, countLosses, newAgent, tickTrace, traceReceived } from "./trace.ts";
import { observeSensors } from "./trend.ts";
import { askWhy, watch } from "./visit.ts";
import { end, observe, observeCount, shift, wave } from "./wave.ts";

/** How long a notice stands in the message line. */
const noticeLasts = 10_000;
/** So many lost connections leave a gap in a chart. */
const maxLost = 200;
/** A larger difference between the agent's clock and what was expected of it is no delay. */
const clockStep = 5000;

/**
 * Changes the state in place and says what is to be done outside. `now` is milliseconds since 1970, and the only clock.
 * A message touches its topic only; nothing is allocated per row.
 */
export function update(state: State, action: Action, now: number): readonly Effect[] {
  switch (action.type) {
    case "message": {
      const { store } = state.topics;
      const { topic, payload } = action;
      const node = store.receive(topic, payload, retainedOf(state.mqtt, action.retain, payload), action.qos, now);
      state.topics.detail.stream.heard(node, state.frozen !== null);
      state.broker.talkers.heard(node);
      fleetReceived(state.fleet, topic, payload, store.epoch, now);
      if (state.recording !== null) state.recording.messages += 1;
      if (topic.startsWith(sysPrefix)) sysReceived(state.broker, topic, payload, store.epoch, now);
      return none;
    }
    case "key":
      return [...handleKey(state, action.key, action.text, now), ...watch(state), ...askLogs(state, now), ...askBytes(state, now)];
    case "paste":
      return handlePaste(state, action.text, now);
    case "resize":
      state.cols = action.cols;
      state.rows = action.rows;
      return watch(state);
    case "tick":
      if (action.screen !== undefined) state.screen = action.screen;
      return tick(state, now);
    case "mqtt-wanted":
      if (!state.mqtt.wanted) state.mqtt.since = now;
      state.mqtt.wanted = true;
      state.mqtt.server = action.server;
      return none;
    case "mqtt-online":
      state.mqtt = { ...state.mqtt, up: true, since: now, problem: null, version: action.version, granted: [], refused: [], rtt: null };
      state.topics.store.epoch += 1;
      return none;
    case "mqtt-offline":
      if (state.mqtt.up) {
        state.mqtt.since = now;
        state.topics.lost = [...state.topics.lost.slice(1 - maxLost), now];
      }
      state.mqtt.up = false;
      state.mqtt.problem = action.problem;
      return none;
    case "mqtt-granted":
      state.mqtt.granted.push(action.filter);
      return none;
    case "mqtt-rtt":
      state.mqtt.rtt = action.ms;
      return none;
    case "mqtt-refused":
      state.mqtt.refused.push(action.filter);
      return refuse(state, `the broker refused the topic filter ${action.filter}: its topics are not shown`, now);
    case "agent-online": {
      state.agent = { ...state.agent, wanted: true, up: true, since: now, problem: null, hello: action.hello };
      newAgent(state);
      newLogAgent(state);
      return [...watch(state, true), ...askTrace(state, now), ...askLogs(state, now), ...askBytes(state, now)];
    }
    case "agent-offline":
      return agentOffline(state, action.problem, action.absent ?? false, now);
    case "status":
      state.agent.status = action.status;
      return none;
    case "pins":
      return pins(state, action.data, now);
    case "services":
      return services(state, action.data, now);
    case "service-log":
      logReceived(state, action.answer);
      return askLogs(state, now);
    case "service-log-refused":
      logRefused(state, action.from, action.unit, action.problem, now);
      return none;
    case "host":
      host(state, action.data, now);
      return none;
    case "trace":
      return [...traceReceived(state, action.entries, now), ...askBytes(state, now)];
    case "packet-bytes":
      return bytesReceived(state, action.number, action.bytes, now);
    case "recording":
      return recording(state, action.path, now);
    case "message-file":
      state.recording = action.path === null ? null : { path: action.path, messages: 0 };
      if (action.path !== null) say(state, `messages are recorded to ${action.path}; x ends it`, now, "ok");
      return none;
    case "replayed": {
      const { type: _, ...progress } = action;
      Object.assign(state.replay ?? {}, progress);
      return none;
    }
    case "why":
      state.pins.why = { output: action.output, changes: action.changes, at: now };
      return none;
    case "retained":
      retainedEvent(state, action.event, now);
      return none;
    case "pin":
      pinReceived(state, action.detail, now);
      return none;
    case "lines":
      state.pins.more.chips = action.chips;
      return none;
    case "decoders":
      state.topics.detail.decoders = action.decoders;
      return none;
    case "said":
      return say(state, action.text, now, action.ok ? "ok" : "bad");
  }
}

/** Only MQTT 5 with retain-as-published tells of a live message whether it is retained; 3.1.1 tells it at subscribe time only. */
function retainedOf(mqtt: MqttState, retain: boolean | null, payload: Buffer): Retained {
  // An empty one clears what was kept.
  if (payload.length === 0) return "no";
  if (retain === null) return "unknown";
  if (retain) return "yes";
  return mqtt.version === "5" ? "no" : "unknown";
}

function tick(state: State, now: number): readonly Effect[] {
  const { topics } = state;
  const { store } = topics;
  const passed = now - topics.counted.at;
  if (passed >= 900) {
    topics.rate = ((store.received - topics.counted.received) * 1000) / passed;
    topics.counted = { at: now, received: store.received };
    store.expire(now);
    tickBroker(state.broker, state.mqtt.up, now);
    if (store.filter.live && state.frozen === null) store.touch();
    store.rank(now);
  }
  if (noticeIsOver(state, now)) state.notice = null;
  if (state.armedUntil !== 0 && state.armedUntil <= now) {
    state.armedUntil = 0;
    say(state, "outputs are disarmed again", now);
  }
  return [...askWhy(state, now), ...tickTrace(state, now), ...askLogs(state, now), ...askBytes(state, now)];
}

function noticeIsOver({ notice, replay }: State, now: number): boolean {
  if (notice === null) return false;
  if (replay === null) return now - notice.at > noticeLasts;
  // A recording's clock stands still, or races. A tick comes once a second.
  replay.said = { notice, ticks: replay.said?.notice === notice ? replay.said.ticks + 1 : 0 };
  return replay.said.ticks * 1000 >= noticeLasts;
}

function recording(state: State, path: string | null, now: number): readonly Effect[] {
  const { trace } = state;
  trace.recording = path === null ? null : { path, packets: trace.entries.length };
  if (path === null) return none;
  say(state, `packets are recorded to ${path}; x ends it`, now, "ok");
  // Those that are here already come first.
  return [{ type: "record", entries: trace.entries.slice() }, ...askTrace(state, now)];
}

function agentOffline(state: State, problem: string, absent: boolean, now: number): readonly Effect[] {
  const { agent, pins } = state;
  if (agent.up) {
    agent.since = now;
    for (const each of pins.waves.values()) end(each, agentNow(pins.data, now));
  }
  // Nobody named an agent and none was ever here: that is a terminal without one, not a lost one.
  if (absent && agent.hello === null) agent.wanted = false;
  agent.up = false;
  agent.problem = problem;
  pins.asked = null;
  state.armedUntil = 0;
  const kind = state.overlay?.kind;
  if (kind === "switch" || kind === "service" || kind?.startsWith("inject")) {
    state.overlay = null;
    say(state, "the agent is gone: nothing was sent", now, "bad");
  }
  return [];
}

function pins(state: State, data: PinsView, now: number): readonly Effect[] {
  const tab = state.pins;
  const at = instant(data.at);
  const before = newest(tab);
  if (before !== null && at - before.at >= 900) tab.edgeRate = Math.max(0, ((data.edges - before.data.edges) * 1000) / (at - before.at));
  const snapshot = { data, received: now, at };
  const step = before === null ? 0 : at - agentNow(before, now);
  if (Math.abs(step) > clockStep) for (const each of tab.waves.values()) shift(each, step);
  for (const pin of data.pins) {
    const known = tab.waves.get(pin.id) ?? wave();
    tab.waves.set(pin.id, known);
    if (pin.kind === "input" && pin.counter) observeCount(known, pin.problem === null ? pin.counter.pulses : undefined, at);
    else observe(known, pin.state === "UNKNOWN" ? undefined : pin.state === "ON", instant(pin.since), at);
  }
  if (tab.waves.size > data.pins.length) {
    const ids = new Set(data.pins.map((pin) => pin.id));
    for (const id of tab.waves.keys()) if (!ids.has(id)) tab.waves.delete(id);
  }
  observeSensors(tab.trends, data.sensors ?? [], now);
  take(tab, snapshot, state.frozen !== null);
  tab.list.selected ??= data.pins[0]?.id ?? data.sensors?.[0]?.id ?? null;
  if (tab.asked !== null) tab.asked.at = Math.min(tab.asked.at, now - 2000 + 100);
  return askWhy(state, now);
}

function services(state: State, data: ServiceView[], now: number): readonly Effect[] {
  const tab = state.services;
  for (const unit of data) {
    const { cpu_ns: ns } = unit;
    const before = tab.cpu.get(unit.unit);
    if (ns === null) tab.cpu.delete(unit.unit);
    else if (before === undefined || ns < before.ns) tab.cpu.set(unit.unit, { ns, at: now, share: null });
    // Two snapshots within a second say little about a share.
    else if (now - before.at >= 900) tab.cpu.set(unit.unit, { ns, at: now, share: (ns - before.ns) / 1e6 / (now - before.at) });
  }
  // The pins are told with the agent's time.
  take(tab, { data, received: now, at: agentNow(state.pins.data, now) }, state.frozen !== null);
  tab.list.selected ??= data[0]?.unit ?? null;
  return askLogs(state, now);
}

function host({ host: tab, trace, frozen }: State, data: HostView, now: number): void {
  const at = instant(data.at);
  const before = newest(tab);
  countLosses(trace, before?.data.view, data);
  take(tab, { data: hostFigures(data, before, at), received: now, at }, frozen !== null);
}
