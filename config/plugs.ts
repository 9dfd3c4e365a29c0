import type { Found, Report } from "./check.ts";
import { isMap, mapFormat } from "./compound.ts";
import { duration, formatDuration, ok, wholeNumber } from "./formats.ts";
import type { Format } from "./leaf.ts";
import type { Config, OutputConfig } from "./schema.ts";
import { deviceTopic } from "./tasmota.ts";

const second = 1000;

/** The longest PulseTime that is written, 64900, is so long. */
const longestFailsafe = 64_800 * second;

/** A real plug of Tasmota instead of a line. */
export interface Plug {
  topic: string;
  /** Null: the plug has one relay, and its commands have no number. */
  relay: number | null;
  /** How long it stays on when nobody says so any more; null: as `max_on` or `pulse` say. */
  failsafe: number | "none" | null;
}

const failsafe: Format<number | "none"> = {
  ...duration(10 * second, longestFailsafe),
  name: "plug failsafe",
  shape: "a time from 10s to 18h, or `none`",
  read(value, source) {
    return value === "none" ? { ok: true, value } : duration(10 * second, longestFailsafe).read(value, source);
  },
  write: (value) => (value === "none" ? value : formatDuration(value)),
};

const settings: Format<Plug> = mapFormat({
  name: "plug",
  shape: "`mister_plug`, or `{topic: power_strip, relay: 2, failsafe: 5m}`; `failsafe: none` leaves it on when this machine dies",
  fix: "write {topic: mister_plug}",
  fields: { topic: deviceTopic, relay: wholeNumber(1, 8), failsafe },
  needs: ["topic"],
  value: ({ topic, relay = null, failsafe: end = null }) => ok({ topic, relay, failsafe: end }),
  write({ topic, relay, failsafe: end }) {
    // What YAML would take for a number or a word of its own stands in quotes.
    const name = /^[a-z][\w/-]{4,}$/i.test(topic) && topic !== "false" ? topic : JSON.stringify(topic);
    if (relay === null && end === null) return name;
    const parts = [`topic: ${name}`];
    if (relay !== null) parts.push(`relay: ${relay}`);
    if (end !== null) parts.push(`failsafe: ${failsafe.write(end)}`);
    return `{${parts.join(", ")}}`;
  },
});

/** `mister_plug`, or a map with the relay of a plug that has several. */
export const plug: Format<Plug> = {
  ...settings,
  read(value, source) {
    if (isMap(value)) return settings.read(value, source);
    const reading = deviceTopic.read(value, source);
    return reading.ok ? ok({ topic: reading.value, relay: null, failsafe: null }) : reading;
  },
};

/** Where a plug says whether it is there. */
function plugLwt(topic: string): string {
  return `tele/${topic}/LWT`;
}

/** Outputs that are plugs: one way to drive each, no plug twice, and an end when this machine dies. */
export function checkPlugs(config: Config, found: Found, report: Report): void {
  const relays = new Map<string, string>();
  for (const [id, output] of Object.entries(config.outputs)) {
    const path = `outputs.${id}`;
    checkWay(path, output, found, report);
    if (output.plug === null) continue;
    const { topic, relay } = output.plug;
    const key = `${topic} ${relay ?? 1}`;
    const before = relays.get(key);
    if (before !== undefined) report(`${path}.plug`, `${before} is this plug already`, "one relay is one output: remove one of the two");
    relays.set(key, id);
    const [own] = Object.entries(config.tasmota).find(([, device]) => device.topic === topic) ?? [];
    if (own !== undefined) report(`${path}.plug`, `this machine itself plays it, as tasmota.${own}`, "write `line:` of its relay");
    checkEnd(path, output, found, report);
    const peer = Object.hasOwn(config.peers, id) ? config.peers[id] : undefined;
    if (peer !== undefined && peer.topic !== plugLwt(topic))
      report(`peers.${id}`, `the plug of the output ${id} is a peer of this name already`, "take another name, or remove it");
  }
}

function checkWay(path: string, output: OutputConfig, { place, unread }: Found, report: Report): void {
  const { line, plug } = output;
  if (plug === null) {
    if (line === null && !unread.has(`${path}.line`) && !unread.has(`${path}.plug`))
      report(path, "it has neither line nor plug", "add `line: 17`, or `plug: mister_plug`");
    return;
  }
  if (line !== null) report(`${path}.line`, "it stands beside plug", "write one of them");
  for (const key of ["active", "on_crash"])
    if (place(`${path}.${key}`).line > 0)
      report(`${path}.${key}`, "it says nothing of a plug", key === "active" ? "remove it" : "remove it: after a crash PulseTime ends it");
}

/** When this machine dies the plug ends by its PulseTime, or never. */
function checkEnd(path: string, { plug, max_on, pulse }: OutputConfig, { unread }: Found, report: Report): void {
  if (plug?.failsafe !== null || max_on !== null || pulse !== null) return;
  if (unread.has(`${path}.max_on`) || unread.has(`${path}.pulse`)) return;
  const fix = "add max_on or a pulse, or write `failsafe: 5m` in the plug; `failsafe: none` if it may";
  report(`${path}.plug`, "it would stay on for ever when this machine dies", fix);
}

/** Every plug is one of `peers`, too: by the id of its output, unless its topic stands there already. */
export function expandPlugs(config: Config): void {
  for (const [id, topic] of newPeers(config))
    config.peers[id] = { topic, online: "Online", offline: "Offline", stale_after: null, heard: null };
}

/** The ids of all peers, of plugs too. */
export function peerIds(config: Pick<Config, "outputs" | "peers">, { ids }: Pick<Found, "ids">): ReadonlySet<string> {
  return new Set([...(ids.get("peers") ?? []), ...newPeers(config).keys()]);
}

/** By their ids, the topics of plugs that are no peers by themselves. */
function newPeers({ outputs, peers }: Pick<Config, "outputs" | "peers">): ReadonlyMap<string, string> {
  const known = new Set(Object.values(peers).map(({ topic }) => topic));
  const added = new Map<string, string>();
  for (const [id, { plug }] of Object.entries(outputs)) {
    const topic = plug && plugLwt(plug.topic);
    if (topic === null || known.has(topic)) continue;
    known.add(topic);
    added.set(id, topic);
  }
  return added;
}
