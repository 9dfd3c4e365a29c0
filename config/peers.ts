import type { Found, Report } from "./check.ts";
import { mapFormat } from "./compound.ts";
import { bad, duration, formatDuration, id, ok, oneOf, text } from "./formats.ts";
import { type Format, leaf, optional, required } from "./leaf.ts";
import type { Config } from "./schema.ts";
import { suggest } from "./suggest.ts";

const day = 86_400_000;

export const topicName = text(
  "topic",
  "a topic without wildcards",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^(?!\$)[^+#\u0000-\u001f\u007f-\u009f]{1,256}$/,
  "write one whole topic of at most 256 characters, without + and #",
);
export const peerPayload = text(
  "payload",
  "the text of a message",
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  /^[^\u0000-\u001f\u007f-\u009f]{1,64}$/,
  "write 1 to 64 characters in one line",
);

export const peerSchema = {
  topic: required(topicName, "The topic on which the device, or the broker for it, says whether it is there; retained messages count."),
  online: leaf(peerPayload, "Online", "The message that says that it is there."),
  offline: leaf(peerPayload, "Offline", "The message that says that it is gone."),
  stale_after: optional(
    duration(1000, 7 * day),
    "How long nothing may come on `heard` before the device is stale, which counts as offline too; not while the broker is away.",
    "never",
  ),
  heard: optional(topicName, "The topic of what it publishes again and again; retained messages do not count.", "`topic`"),
};

/** What an output does when a device was offline for so long: one of `peers`, or a message on a topic. */
export interface PeerOffline {
  peer: string | null;
  topic: string | null;
  payload: string | null;
  after: number;
  do: "off" | "on" | "keep";
}

const offlineFix = "write {peer: plug, after: 30s, do: off}, or topic and payload instead of peer";

export const peerOffline: Format<PeerOffline> = mapFormat({
  name: "peer offline",
  shape: "`{peer: plug, after: 30s, do: off}`, or `{topic: tele/plug/LWT, payload: Offline, after: 30s, do: off}`",
  fix: offlineFix,
  fields: { peer: id, topic: topicName, payload: peerPayload, after: duration(0, 7 * day), do: oneOf("off", "on", "keep") },
  value({ peer = null, topic = null, payload = null, after, do: what }) {
    if (peer === null && topic === null) return bad("it has no peer", offlineFix);
    if (peer !== null && (topic !== null || payload !== null)) return bad("it has a peer and a topic or payload", offlineFix);
    if (topic !== null && payload === null) return bad("it has a topic and no payload", offlineFix);
    if (after === undefined || what === undefined) return bad(`it has no ${after === undefined ? "after" : "do"}`, offlineFix);
    return ok({ peer, topic, payload, after, do: what });
  },
  write({ peer, topic, payload, after, do: what }) {
    const who = peer === null ? `topic: ${topic}, payload: ${payload}` : `peer: ${peer}`;
    return `{${who}, after: ${formatDuration(after)}, do: ${what}}`;
  },
});

/** Whether a topic is one of this node itself: what is published there is told by other words in a rule. */
export function isOwnTopic({ prefix, node }: Pick<Config, "prefix" | "node">, topic: string | null): boolean {
  const base = `${prefix}/${node}`;
  return topic === base || topic?.startsWith(`${base}/`) === true;
}

/** Devices whose liveness counts here: what they say must tell there from gone, and be somebody else's. */
export function checkPeers(config: Config, found: Found, report: Report): void {
  const known = found.ids.get("peers") ?? new Set<string>();
  for (const [name, { topic, online, offline, heard, stale_after: staleAfter }] of Object.entries(config.peers)) {
    const path = `peers.${name}`;
    for (const [key, named] of Object.entries({ topic, heard }))
      if (isOwnTopic(config, named)) report(`${path}.${key}`, "it is a topic of this node itself", "name a topic of the other device");
    if (heard !== null && staleAfter === null && !found.unread.has(`${path}.stale_after`))
      report(`${path}.heard`, "there is no stale_after beside it", "add `stale_after: 15m`: how long it may be silent");
    if (online === offline) report(`${path}.offline`, "it is the same text as online", "write what each of them looks like");
  }
  for (const [output, { on_peer_offline: lost, interlock }] of Object.entries(config.outputs)) {
    const path = `outputs.${output}.on_peer_offline`;
    if (lost === null) continue;
    if (isOwnTopic(config, lost.topic)) report(path, "its topic is one of this node itself", "name a topic of the other device");
    if (lost.do === "on" && interlock !== null)
      report(path, "an interlocked output is not switched on by itself", "write do: off or do: keep");
    if (lost.peer === null || known.has(lost.peer)) continue;
    const close = suggest(lost.peer, known);
    const fix = close === undefined ? `add \`${lost.peer}: {topic: tele/${lost.peer}/LWT}\` below peers:` : `did you mean ${close}?`;
    report(path, `there is no peer ${lost.peer}`, fix);
  }
}
