import type { TraceEntry } from "../agent/protocol.ts";

/** Reason codes of MQTT 5, and the return codes of a CONNACK of 3.1.1. */
const reasons: Readonly<Record<number, string>> = {
  0: "Success",
  1: "Granted QoS 1",
  2: "Granted QoS 2",
  4: "Disconnect with will",
  16: "No matching subscribers",
  17: "No subscription existed",
  128: "Unspecified error",
  129: "Malformed packet",
  130: "Protocol error",
  131: "Implementation specific error",
  132: "Unsupported protocol version",
  133: "Client id not valid",
  134: "Bad user name or password",
  135: "Not authorized",
  136: "Server unavailable",
  137: "Server busy",
  138: "Banned",
  139: "Server shutting down",
  141: "Keep alive timeout",
  142: "Session taken over",
  143: "Topic filter invalid",
  144: "Topic name invalid",
  145: "Packet id in use",
  146: "Packet id not found",
  147: "Receive maximum exceeded",
  148: "Topic alias invalid",
  149: "Packet too large",
  150: "Message rate too high",
  151: "Quota exceeded",
  152: "Administrative action",
  153: "Payload format invalid",
  154: "Retain not supported",
  155: "QoS not supported",
  156: "Use another server",
  157: "Server moved",
  158: "Shared subscriptions not supported",
  159: "Connection rate exceeded",
  160: "Maximum connect time",
  161: "Subscription ids not supported",
  162: "Wildcards not supported",
};
const refusals: Readonly<Record<number, string>> = {
  1: "Unacceptable protocol version",
  2: "Client id rejected",
  3: "Server unavailable",
  4: "Bad user name or password",
  5: "Not authorized",
};
/** What answers what. */
const answers: Readonly<Record<string, readonly string[]>> = {
  CONNECT: ["CONNACK"],
  PUBLISH: ["PUBACK", "PUBREC"],
  PUBREL: ["PUBCOMP"],
  SUBSCRIBE: ["SUBACK"],
  UNSUBSCRIBE: ["UNSUBACK"],
  PINGREQ: ["PINGRESP"],
};

/** `0x87 Not authorized`. */
export function reasonText({ type, reason }: TraceEntry): string {
  if (reason === undefined) return "";
  const name = (type === "CONNACK" ? refusals[reason] : undefined) ?? reasons[reason] ?? "unknown reason";
  return `0x${reason.toString(16).padStart(2, "0")} ${name}`;
}

/** The broker, or the agent, said no. */
export function isRefusal({ type, reason = 0 }: TraceEntry): boolean {
  return reason >= 0x80 || (type === "CONNACK" && reason > 0);
}

/** The topic, or the reason: what a row says behind its columns. */
export function factText(entry: TraceEntry): string {
  return [entry.topic ?? "", reasonText(entry)].filter((part) => part !== "").join("  ");
}

/** `rtt 3 ms`; empty for what is no answer. */
export function rttText({ rtt_ms: rtt }: TraceEntry): string {
  return rtt === undefined ? "" : `rtt ${rtt < 9.95 ? rtt.toFixed(1) : Math.round(rtt)} ms`;
}

/** What came for this packet, or what this one came for; undefined when neither is known. */
export function partner(entries: readonly TraceEntry[], entry: TraceEntry): TraceEntry | undefined {
  const back = entry.direction === "sent" ? "received" : "sent";
  const wanted = answers[entry.type];
  const at = entries.indexOf(entry);
  if (wanted !== undefined) {
    if (entry.type === "PUBLISH" && (entry.qos ?? 0) === 0) return undefined;
    return entries.slice(at + 1).find(({ type, id, direction }) => direction === back && wanted.includes(type) && id === entry.id);
  }
  return entries
    .slice(0, Math.max(0, at))
    .findLast(({ type, id, direction }) => direction === back && answers[type]?.includes(entry.type) === true && id === entry.id);
}
