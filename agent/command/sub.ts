import { isUtf8 } from "node:buffer";
import type { IPublishPacket } from "mqtt";
import { longestText } from "../../tui/publication.ts";
import { exit } from "../exit.ts";
import { maxIncomingBytes } from "../shell/link-client.ts";
import { subscriptionProblem } from "../shell/link-problems.ts";
import { oneLineJson, printable } from "../shell/printable.ts";
import { type Bus, busOptions, busUsage, qosOption, withBus } from "./bus-client.ts";
import { type Command, CommandError, complain, durationOption, localTime, readArgs, usageError } from "./command.ts";

/** `pinbus sub`: what is said on the bus, a line a message, until Ctrl-C. Disturbs nobody. */
export const sub: Command = {
  usage: `<topic filter> … [--json] [--count N] [--for 10s] [--no-retained] ${busUsage}`,
  summary: "what is said on the bus, a line a message, until Ctrl-C; `$SYS/#` is what the broker says of itself",
  async run(args) {
    const own = {
      json: { type: "boolean" },
      count: { type: "string" },
      for: { type: "string" },
      "no-retained": { type: "boolean" },
    } as const;
    const { values, positionals: filters } = readArgs(args, { ...busOptions, ...own }, { min: 1, max: 100 });
    for (const filter of filters) checkFilter(filter);
    const qos = qosOption(values.qos, 0);
    const forMs = durationOption("for", values.for);
    const count = countOption(values.count);

    return withBus(values, "sub", async (bus) => {
      const shown = show(bus, { line: values.json === true ? jsonLine : textLine, count, retained: values["no-retained"] !== true });
      const stop = new Promise<null>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(null));
        if (forMs !== undefined) setTimeout(() => resolve(null), Math.min(forMs, 0x7fffffff)).unref();
      });
      await listen(bus, filters, qos);
      complain(`listening to ${filters.join(", ")} at ${bus.peer.server} with MQTT ${bus.version}`);
      const why = await Promise.race([shown, stop, bus.ended]);
      if (why !== null) throw new CommandError(exit.unreachable, why);
      return exit.ok;
    });
  },
};

interface Shown {
  line(packet: IPublishPacket, at: Date): string;
  /** Undefined: without an end. */
  count: number | undefined;
  retained: boolean;
}

/** Writes what comes; resolves when it was so many. */
function show({ client }: Bus, { line, count, retained }: Shown): Promise<null> {
  return new Promise((resolve) => {
    let left = count;
    client.handleMessage = (packet, done) => {
      if (left === 0 || (packet.retain && !retained)) return done();
      if (left !== undefined) left--;
      // A reader that is slow makes the broker wait, and not this process grow.
      if (process.stdout.write(`${line(packet, new Date())}\n`)) done();
      else process.stdout.once("drain", () => done());
      if (left === 0) resolve(null);
    };
  });
}

/** Resolves when all of them are granted. A message is retained when the broker had kept it, with every version: live ones never are. */
async function listen({ client, peer, ended }: Bus, filters: readonly string[], qos: 0 | 1 | 2): Promise<void> {
  const asked = Object.fromEntries(filters.map((filter) => [filter, { qos, rap: false, rh: 0, nl: false }]));
  const granted = await Promise.race([
    new Promise<readonly unknown[]>((resolve) => {
      client.subscribe(asked, (_error, _subscriptions, packet) => {
        if (packet) resolve(packet.granted);
      });
    }),
    ended,
  ]);
  if (typeof granted === "string") throw new CommandError(exit.unreachable, granted);
  const names = Object.keys(asked);
  const codes = names.map((_, index) => Number(granted[index] ?? 0x80));
  const refused = names.filter((_, index) => (codes[index] ?? 0x80) >= 0x80);
  const code = codes.find((one) => one >= 0x80);
  if (code === undefined) return;
  throw new CommandError(exit.refused, subscriptionProblem(peer, refused, code, "nothing comes from there").sentence);
}

function checkFilter(filter: string): void {
  const wrong =
    filter === "" || filter.includes("\0") || filter.split("/").some((level, at, all) => isWrongLevel(level, at === all.length - 1));
  if (filter.startsWith("$share/")) throw usageError(`${JSON.stringify(filter)} would take messages away from the others of its group`);
  if (Buffer.byteLength(filter) > longestText) throw usageError(`a topic filter has at most ${longestText} bytes`);
  if (wrong) throw usageError(`${JSON.stringify(filter)} is no topic filter: + stands for one whole level, # for all that follow`);
}

function isWrongLevel(level: string, last: boolean): boolean {
  return (level.includes("+") && level !== "+") || (level.includes("#") && (level !== "#" || !last));
}

function countOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usageError(`--count takes a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** More of a text is not shown; as JSON it is. */
const shownText = 4096;
const shownBytes = 32;

/** `10:33:12.120  retained  pinbus/garage/status  online`; nothing of it can move a cursor. */
export function textLine({ topic, payload, retain, length }: IPublishPacket & { length?: number }, at: Date): string {
  const time = `${localTime(at.toISOString(), at)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  const bytes = Buffer.from(payload);
  const cut = isCut(length) ? " … (the rest is left out)" : "";
  return [time, ...(retain ? ["retained"] : []), printable(topic), shown(bytes) + cut].join("  ").trimEnd();
}

function shown(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    const hex = bytes.subarray(0, shownBytes).toString("hex");
    return `(${bytes.length} bytes) ${hex}${bytes.length > shownBytes ? "…" : ""}`;
  }
  const text = bytes.toString();
  return text.length > shownText ? `${printable(text.slice(0, shownText))}… (${bytes.length} bytes)` : printable(text);
}

/** One JSON object: what is no text as base64; of MQTT 5 what stands beside the message. */
export function jsonLine({ topic, payload, retain, qos, dup, properties, length }: IPublishPacket & { length?: number }, at: Date): string {
  const bytes = Buffer.from(payload);
  const content = isUtf8(bytes) ? { payload: bytes.toString() } : { payload_base64: bytes.toString("base64") };
  const { contentType, responseTopic, correlationData, messageExpiryInterval, userProperties } = properties ?? {};
  return oneLineJson({
    at: at.toISOString(),
    topic,
    ...content,
    ...(isCut(length) && { cut: true }),
    qos,
    retained: retain,
    ...(dup && { dup }),
    ...(contentType !== undefined && { content_type: contentType }),
    ...(responseTopic !== undefined && { response_topic: responseTopic }),
    ...(correlationData !== undefined && { correlation_base64: Buffer.from(correlationData).toString("base64") }),
    ...(messageExpiryInterval !== undefined && { expires_in_s: messageExpiryInterval }),
    ...(userProperties !== undefined && { user_properties: { ...userProperties } }),
  });
}

/** Of a packet that is too large only its beginning is read: exactly so much. */
function isCut(length: number | undefined): boolean {
  return length === maxIncomingBytes - 4;
}
