import { wantedHomie } from "./homie.ts";
import { messageOf } from "./message-of.ts";
import { wantedMqttio } from "./mqttio.ts";
import type { Named } from "./profile/quantities.ts";
import type { Connection, ConnectionOptions, Wanted } from "./profile-link.ts";
import { wantedTasmota } from "./tasmota.ts";
import { TasmotaSettings } from "./tasmota-settings.ts";

export interface OwnConnectionsOptions extends Omit<ConnectionOptions, "config"> {
  version: string;
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
  /** Why one of them is not at the broker; null when it is, or is no more. */
  onProblem(name: Wanted["name"], problem: string | null): void;
}

interface Running extends Wanted {
  connection: Connection;
}

/**
 * The conventions of others that have connections of their own: devices of Tasmota and of Homie, and mqtt-io. One whose section has changed ends and
 * begins anew; what it has retained and nobody wants any more is emptied. No output moves by that.
 */
export function createOwnConnections(options: OwnConnectionsOptions): Connection {
  const { onProblem, owned, current, log } = options;
  const running = new Map<string, Running>();
  /** Those that could not be opened. */
  const unopened = new Set<Wanted["name"]>();
  let settings: TasmotaSettings | undefined;
  let stopped = false;
  let work: Promise<void> = Promise.resolve();

  function wantedNow(): ReadonlyMap<string, Wanted> {
    const { config } = current();
    const shared = { ...options, config };
    const ofTasmota = () => {
      settings ??= new TasmotaSettings(config.state_dir, log).load();
      return wantedTasmota({ ...shared, settings, onProblem: (id, problem) => onProblem(`tasmota ${id}`, problem) });
    };
    const all = [
      ...(Object.keys(config.tasmota).length === 0 ? [] : ofTasmota()),
      ...wantedMqttio({ ...shared, onProblem: (problem) => onProblem("mqtt-io", problem) }),
      ...wantedHomie({ ...shared, onProblem: (problem) => onProblem("homie", problem) }),
    ];
    return new Map(all.map((one) => [one.name, one]));
  }

  function begin(wanted: ReadonlyMap<string, Wanted>): void {
    for (const one of wanted.values()) {
      try {
        if (!running.has(one.name)) open(one);
      } catch (error) {
        // Neither the agent nor the others are to end with it.
        const problem = `the connection ${one.name} could not be opened: ${messageOf(error)}; a reload tries it again`;
        log.error(problem);
        unopened.add(one.name);
        onProblem(one.name, problem);
      }
    }
  }

  function open(one: Wanted): void {
    // An earlier reload may have emptied them while the broker was away.
    owned(one.retained);
    const connection = one.open();
    // Until it has started it is no connection that anybody wants: the next reload ends it.
    const begun = { ...one, text: "", connection };
    running.set(one.name, begun);
    connection.start();
    begun.text = one.text;
  }

  async function end({ name, retained, connection }: Running, wanted: ReadonlyMap<string, Wanted>): Promise<void> {
    const kept = new Set([...wanted.values()].flatMap((one) => one.retained));
    await close(name, () => connection.stop(retained.filter((topic) => !kept.has(topic))));
    running.delete(name);
    onProblem(name, null);
  }

  async function close(name: string, stop: () => Promise<void>): Promise<void> {
    try {
      await stop();
    } catch (error) {
      log.error(`the connection ${name} could not be closed: ${messageOf(error)}`);
    }
  }

  /** What runs becomes what the configuration of now wants. */
  async function settle(): Promise<void> {
    const wanted = wantedNow();
    await Promise.all([...running.values()].filter(({ name, text }) => wanted.get(name)?.text !== text).map((one) => end(one, wanted)));
    // What has not run has no end that would say so.
    for (const name of unopened) onProblem(name, null);
    unopened.clear();
    if (!stopped) begin(wanted);
  }

  return {
    start: () => begin(wantedNow()),
    changed() {
      for (const { connection } of running.values()) connection.changed();
      // One after the other: two connections with one client id would end each other.
      work = work.then(settle).catch((error) => log.error(`the connections beside the node's own stay as they are: ${messageOf(error)}`));
    },
    tellAll() {
      for (const { connection } of running.values()) connection.tellAll();
    },
    async stop() {
      stopped = true;
      await work;
      await Promise.all([...running.values()].map(({ name, connection }) => close(name, () => connection.stop())));
      await settings?.flushed();
    },
  };
}
