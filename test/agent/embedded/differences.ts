import type { Clause } from "./clauses.ts";
import { connectClauses } from "./clauses-connect.ts";
import { packetClauses } from "./clauses-packet.ts";
import { publishClauses } from "./clauses-publish.ts";
import { subscribeClauses } from "./clauses-subscribe.ts";

export const clauses: readonly Clause[] = [...packetClauses, ...connectClauses, ...publishClauses, ...subscribeClauses];

interface Difference {
  id: string;
  /** What mosquitto 2.0.11 does instead. */
  mosquitto?: unknown;
  /** What the built-in broker does instead. */
  pinbus?: unknown;
  /** Of what the built-in broker does. */
  why?: string;
}

/** Where a broker does not do what the clause asks for; `docs/broker.md` shows them. */
export const differences: readonly Difference[] = [
  { id: "MQTT-2.2.2-2 (PINGREQ)", mosquitto: "stays" },
  { id: "MQTT-2.2.2-2 (PUBACK)", mosquitto: "stays" },
  { id: "MQTT-4.8.0-1 (SUBACK)", mosquitto: "stays" },
  { id: "MQTT-4.8.0-1 (UNSUBACK)", mosquitto: "stays" },
  { id: "MQTT-3.3.1-2", mosquitto: "stays", pinbus: "stays", why: "a client that mosquitto serves is served" },
  { id: "MQTT-3.3.5-1", mosquitto: 1 },
  { id: "MQTT-3.3.5-1 (wildcards)", mosquitto: [0] },
  { id: "MQTT-3.2.2-2", pinbus: 0, why: "for aedes a session without a subscription is none" },
];

/** As `docs/broker.md` has it. */
export function differenceTable(): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const shown = (value: unknown, expected: unknown) => (value === undefined || value === expected ? "as required" : String(value));
  const rows = differences.map(({ id, mosquitto, pinbus, why = "" }) => {
    const { must, expected } = clauses.find((clause) => clause.id === id) ?? { must: "", expected: "" };
    return line([id, must, String(expected), shown(mosquitto, expected), shown(pinbus, expected), why]);
  });
  const head = ["clause", "what a server must do", "seen", "mosquitto 2.0.11", "the built-in broker", "why"];
  return [line(head), line(head.map(() => "---")), ...rows].join("\n");
}
