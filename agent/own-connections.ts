import { createHomie } from "./homie.ts";
import { createMqttioLink } from "./mqttio.ts";
import type { Named } from "./profile/quantities.ts";
import type { Connection, ConnectionOptions } from "./profile-link.ts";
import { createTasmota } from "./tasmota.ts";

export interface OwnConnectionsOptions extends ConnectionOptions {
  version: string;
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
  /** Why one of them is not at the broker; null when it is. */
  onProblem(name: "mqtt-io" | "homie" | `tasmota ${string}`, problem: string | null): void;
}

/** The conventions of others that have connections of their own: devices of Tasmota and of Homie, and mqtt-io. */
export function createOwnConnections(options: OwnConnectionsOptions): Connection {
  const { onProblem } = options;
  const all = [
    createTasmota({ ...options, onProblem: (id, problem) => onProblem(`tasmota ${id}`, problem) }),
    createMqttioLink({ ...options, onProblem: (problem) => onProblem("mqtt-io", problem) }),
    createHomie({ ...options, onProblem: (problem) => onProblem("homie", problem) }),
  ].filter((connection) => connection !== undefined);
  return {
    start() {
      for (const connection of all) connection.start();
    },
    changed() {
      for (const connection of all) connection.changed();
    },
    tellAll() {
      for (const connection of all) connection.tellAll();
    },
    async stop() {
      await Promise.all(all.map((connection) => connection.stop()));
    },
  };
}
