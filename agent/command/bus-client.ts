import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { MqttClient } from "mqtt";
import { serverUrls } from "../../config/server.ts";
import { parseBroker } from "../../tui/client/target.ts";
import { readTls, SettingError } from "../certificate.ts";
import { exit } from "../exit.ts";
import { serverOf } from "../login-server.ts";
import { clientOptions, maxIncomingBytes } from "../shell/link-client.ts";
import { connackProblem } from "../shell/link-codes.ts";
import { cutIncoming } from "../shell/link-cut.ts";
import { dial, type LinkServer, serverName } from "../shell/link-dial.ts";
import { closeProblem, type LinkPeer, type LinkProblem, peerOf } from "../shell/link-problems.ts";
import { ProtocolChoice } from "../shell/link-protocol.ts";
import type { MqttVersion } from "../shell/link-terms.ts";
import { withAgent } from "./client.ts";
import { CommandError, load, socketOptions, socketPath, usageError } from "./command.ts";

// `pinbus sub` and `pinbus pub` as clients of the broker: of its own id, without a session, and without a will.

/** Of both commands. */
export const busOptions = { ...socketOptions, broker: { type: "string" }, qos: { type: "string", short: "q" } } as const;
export const busUsage = "[--qos 0|1|2] [--broker mqtt://USER:PASSWORD@HOST:PORT] [--config FILE] [--socket PATH]";

interface BusArgs {
  broker?: string | undefined;
  config?: string | undefined;
  socket?: string | undefined;
}

export interface Bus {
  client: MqttClient;
  version: MqttVersion;
  peer: LinkPeer;
  /** Why the connection has ended. */
  ended: Promise<string>;
}

const answerWithin = 10_000;
const goodbyeWithin = 2000;

/** Connects, and says goodbye behind everything that was sent, however it ends. */
export async function withBus<T>(args: BusArgs, name: "sub" | "pub", talk: (bus: Bus) => Promise<T>): Promise<T> {
  const bus = await joinBus(args, name);
  try {
    return await talk(bus);
  } finally {
    // A broker that hangs does not answer a goodbye.
    const late = setTimeout(() => bus.client.stream.destroy(), goodbyeWithin);
    await Promise.race([bus.client.endAsync(), bus.ended]);
    clearTimeout(late);
  }
}

/** With MQTT 5, or 3.1.1 where the broker does not speak it. Throws a CommandError. */
async function joinBus(args: BusArgs, name: "sub" | "pub"): Promise<Bus> {
  const servers = await serversOf(args);
  let problem: LinkProblem | undefined;
  for (const server of servers) {
    const choice = new ProtocolChoice("auto");
    do {
      const tried = await attempt(server, choice.current, name);
      if ("client" in tried) return tried;
      problem = tried;
    } while (choice.failed(problem.retry));
  }
  throw new CommandError(exit.unreachable, problem?.sentence ?? "no broker is named");
}

/** QoS as a person wrote it. */
export function qosOption(text: string | undefined, usual: 0 | 1 | 2): 0 | 1 | 2 {
  if (text === undefined) return usual;
  if (text === "0" || text === "1" || text === "2") return Number(text) as 0 | 1 | 2;
  throw usageError(`--qos takes 0, 1 or 2, not ${JSON.stringify(text)}`);
}

/** `--broker`, else the one that the running agent uses, else those of the configuration. */
async function serversOf(args: BusArgs): Promise<LinkServer[]> {
  if (args.broker !== undefined) return [named(args.broker)];
  let unheard: CommandError;
  try {
    const login = await withAgent(socketPath(args), (agent) => agent.request("broker-login", {}));
    if (login.url !== null) return [serverOf(login, login.url)];
    throw new CommandError(exit.unreachable, "the built-in broker of the agent listens nowhere now; `pinbus status` says why");
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    unheard = error;
  }
  const loaded = load({ ...args }, "read");
  if (!loaded.ok || loaded.config.mqtt.server.length === 0)
    throw new CommandError(unheard.code, `${unheard.message}; or name a broker: --broker mqtt://HOST`, unheard);
  const { username, password } = loaded.config.mqtt;
  try {
    const { options } = readTls(loaded.config, Date.now());
    const who = { ...(username !== null && { username }), ...(password !== null && { password }) };
    return serverUrls(loaded.config.mqtt).map((url) => ({ url, ...who, ...options }));
  } catch (error) {
    if (error instanceof SettingError) throw new CommandError(exit.config, error.message, error);
    throw error;
  }
}

function named(text: string): LinkServer {
  try {
    const { host, port, via, path = "", username, password } = parseBroker(text);
    const url = `${via}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
    return { url, ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  } catch (error) {
    if (error instanceof RangeError) throw usageError(error.message);
    throw error;
  }
}

/** One try; the problem when it fails. */
function attempt(server: LinkServer, version: MqttVersion, name: string): Promise<Bus | LinkProblem> {
  const options = {
    server,
    will: null,
    clientId: `pinbus-${name}-${randomBytes(4).toString("hex")}`,
    keepalive: 60_000,
    sessionExpiryS: 0,
  };
  const peer = peerOf(options, version);
  return new Promise((resolve) => {
    let step: "dialling" | "greeting" | "open" = "dialling";
    let last: Error | undefined;
    let refused: LinkProblem | undefined;
    let end: (why: string) => void = () => {};
    const ended = new Promise<string>((done) => {
      end = done;
    });
    const stream: Duplex = dial(server, () => {
      step = "greeting";
      client.connect();
    });
    cutIncoming(stream, { maxBytes: maxIncomingBytes });
    const { properties: _, ...plain } = clientOptions(options, version, 2 * answerWithin);
    // Without the largest packet that the agent takes: a broker would leave out what is larger, here it is cut and said to be.
    const client = new MqttClient(() => stream, { ...plain, ...(version === "5" && { properties: { sessionExpiryInterval: 0 } }) });
    const late = setTimeout(() => {
      refused ??= { sentence: `the broker ${serverName(server.url)} did not answer within ${answerWithin / 1000} s`, retry: "backoff" };
      stream.destroy();
    }, answerWithin);
    stream.on("error", (error) => {
      last = error;
    });
    client.on("error", (error) => {
      last ??= error;
    });
    client.on("packetreceive", (packet) => {
      if (packet.cmd !== "connack") return;
      const code = packet.reasonCode ?? packet.returnCode ?? 0;
      if (code > 0) refused = connackProblem(peer, code, packet.properties?.serverReference);
    });
    stream.once("close", () => {
      clearTimeout(late);
      const problem = refused ?? closeProblem(peer, step, last);
      // Before, it has no stream to end.
      if (step !== "dialling") client.end(true);
      end(problem.sentence);
      resolve(problem);
    });
    client.once("connect", () => {
      clearTimeout(late);
      step = "open";
      resolve({ client, version, peer, ended });
    });
  });
}
