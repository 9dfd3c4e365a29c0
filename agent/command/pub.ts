import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { IClientPublishOptions, Packet } from "mqtt";
import { longestText, payloadBytes, publishProblem, publishWarning } from "../../tui/publication.ts";
import { exit } from "../exit.ts";
import { codeText } from "../shell/link-codes.ts";
import { type Bus, busOptions, busUsage, qosOption, withBus } from "./bus-client.ts";
import { type Command, CommandError, complain, durationOption, print, readArgs, usageError } from "./command.ts";

const own = {
  retain: { type: "boolean", short: "r" },
  hex: { type: "boolean" },
  stdin: { type: "boolean" },
  lines: { type: "boolean" },
  within: { type: "string" },
  "response-topic": { type: "string" },
  correlation: { type: "string" },
  expiry: { type: "string" },
  "content-type": { type: "string" },
  "user-property": { type: "string", multiple: true },
} as const;

/** Of these the broker must speak MQTT 5. */
const ofMqtt5 = ["response-topic", "correlation", "expiry", "content-type", "user-property"] as const;
const maxPayload = 256 * 1024;
/** How long the broker may take for a message, unless it is said. */
const usualWithin = 10_000;
/** Of a timer of Node. */
const longestWithin = 0x7fff_ffff;
/** As MQTT counts it, in ms. */
const longestExpiry = 0xffff_ffff * 1000;

/** `pinbus pub`: says something on the bus, as whoever is not there yet would. */
export const pub: Command = {
  usage: `<topic> [<payload>] [--retain] [--hex] [--stdin] [--lines] [--within 10s] [--response-topic TOPIC] [--correlation TEXT] [--expiry 30s] [--content-type TYPE] [--user-property NAME=TEXT] ${busUsage}`,
  summary: "publish a message, or with --lines one for each line of the standard input; without a payload an empty one",
  async run(args) {
    const { values, positionals } = readArgs(args, { ...busOptions, ...own }, { min: 1, max: 2 });
    const [topic = "", given] = positionals;
    const problem = publishProblem(topic);
    if (problem !== null) throw usageError(problem);
    const fromInput = values.stdin === true || values.lines === true;
    if (given !== undefined && fromInput) throw usageError("the payload stands on the command line, or comes from the standard input");
    const qos = qosOption(values.qos, 1);
    const properties = propertiesOf(values);
    const within = Math.min(durationOption("within", values.within) ?? usualWithin, longestWithin);
    if (within === 0) throw usageError("--within takes a time of 1ms and more");
    const [hex, retain] = [values.hex === true, values.retain === true];
    const one = values.lines ? undefined : checked(values.stdin ? wholeInput() : Buffer.from(given ?? ""), hex);
    const warning = publishWarning({ topic, retain, payload: one?.toString() ?? "a line" });
    if (warning !== null) complain(`pinbus: ${warning}`);

    const asked = ofMqtt5.find((name) => values[name] !== undefined);
    return withBus(values, "pub", async (bus) => {
      const { server } = bus.peer;
      if (asked !== undefined && bus.version !== "5")
        throw new CommandError(exit.refused, `the broker ${server} does not speak MQTT 5, which --${asked} needs: nothing was published`);
      let [count, alone] = [0, 0];
      for await (const message of one === undefined ? linesOfInput(hex, bus.ended) : [one]) {
        const options = { qos, retain, ...(asked !== undefined && { properties }) };
        if ((await publish(bus, topic, message, options, { within, before: count++ })) === nobody) alone++;
      }
      const cleared = retain && one?.length === 0;
      const what = count === 1 ? "published" : `${count} messages published`;
      const how = cleared ? "cleared what the broker kept there" : `QoS ${qos}${retain ? ", retained" : ""}`;
      const heard = !cleared && alone > 0 && alone === count ? "; nobody has subscribed to it" : "";
      print(`${what} to ${topic} at ${server} (${how})${heard}`);
      return exit.ok;
    });
  },
};

/** The broker has it, and nobody has subscribed to it. */
const nobody = 0x10;

/** Resolves with the broker's code, when it has the message; of QoS 0, when it is sent. */
async function publish(
  { client, ended, peer }: Bus,
  topic: string,
  message: Buffer,
  options: IClientPublishOptions,
  { within, before }: { within: number; before: number },
): Promise<number> {
  let code = 0;
  const answered = (packet: Packet) => {
    if (packet.cmd === "puback" || packet.cmd === "pubrec") code = packet.reasonCode ?? 0;
  };
  client.on("packetreceive", answered);
  const sent = new Promise<number | Error>((resolve) => {
    client.publish(topic, message, options, (error) => resolve(error ?? code));
  });
  let late: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    late = setTimeout(resolve, within, silenceOf(peer.server, within));
  });
  const result = await Promise.race([sent, ended, timeout]);
  clearTimeout(late);
  client.off("packetreceive", answered);
  if (typeof result === "number") return result;
  const done = before === 0 ? "" : `; ${before} messages before it were taken`;
  if (typeof result === "string") throw new CommandError(exit.unreachable, `${result}${done}`);
  if (code < 0x80) throw new CommandError(exit.unreachable, `${result.message}${done}`);
  const who = peer.username === undefined ? "anonymous clients" : `user ${peer.username}`;
  throw new CommandError(exit.refused, `the broker refuses the message (${codeText(code)}): allow ${who} to publish to ${topic}${done}`);
}

function silenceOf(server: string, within: number): string {
  return `the broker ${server} did not acknowledge the message within ${within / 1000} s: it may have it all the same; --within 1m waits longer`;
}

function propertiesOf(values: {
  "response-topic"?: string;
  correlation?: string;
  expiry?: string;
  "content-type"?: string;
  "user-property"?: string[];
}): NonNullable<IClientPublishOptions["properties"]> {
  const { "response-topic": responseTopic, correlation, "content-type": contentType, "user-property": pairs } = values;
  const expiry = durationOption("expiry", values.expiry);
  if (responseTopic !== undefined && publishProblem(responseTopic) !== null) throw usageError("--response-topic takes one whole topic");
  if (expiry !== undefined && expiry > longestExpiry) throw usageError("--expiry takes at most 136 years");
  for (const [name, text] of Object.entries({ "response-topic": responseTopic, correlation, "content-type": contentType }))
    if (text !== undefined && Buffer.byteLength(text) > longestText) throw usageError(`--${name} has at most ${longestText} bytes`);
  const userProperties: Record<string, string[]> = Object.create(null);
  for (const pair of pairs ?? []) {
    if (Buffer.byteLength(pair) > longestText) throw usageError(`--user-property has at most ${longestText} bytes`);
    const at = pair.indexOf("=");
    if (at < 1) throw usageError("--user-property takes NAME=TEXT");
    const name = pair.slice(0, at);
    userProperties[name] = [...(userProperties[name] ?? []), pair.slice(at + 1)];
  }
  return {
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlation !== undefined && { correlationData: Buffer.from(correlation) }),
    ...(contentType !== undefined && { contentType }),
    ...(expiry !== undefined && { messageExpiryInterval: Math.max(1, Math.round(expiry / 1000)) }),
    ...(pairs !== undefined && { userProperties }),
  };
}

function wholeInput(): Buffer {
  try {
    return readFileSync(0);
  } catch (error) {
    throw new CommandError(exit.refused, `the standard input cannot be read: ${(error as Error).message}`, error);
  }
}

/** Each line as it comes, until the input or the connection has ended. */
async function* linesOfInput(hex: boolean, ended: Promise<string>): AsyncGenerator<Buffer> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  let problem: string | undefined;
  void ended.then((why) => {
    problem = why;
    lines.close();
  });
  for await (const line of lines) yield checked(Buffer.from(line), hex);
  if (problem !== undefined) throw new CommandError(exit.unreachable, problem);
}

function checked(payload: Buffer, hex: boolean): Buffer {
  const bytes = hex ? payloadBytes({ payload: payload.toString(), format: "hex" }) : payload;
  if (bytes === undefined) throw usageError("the payload is no hex: two digits a byte");
  if (bytes.length > maxPayload) throw usageError(`the payload has ${bytes.length} bytes; at most ${maxPayload} are published`);
  return bytes;
}
