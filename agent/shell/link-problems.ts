import { whyUnread } from "../../config/file-words.ts";
import { clockIsSet } from "./clock.ts";
import { codeText, shortened } from "./link-codes.ts";
import { parseServer, serverName, theBroker } from "./link-dial.ts";
import type { LinkOptions, MqttVersion } from "./link-terms.ts";

/** Why a connection ended, and how to go on. The sentence is for people and never holds a password. */
export interface LinkProblem {
  sentence: string;
  retry:
    | "backoff"
    /** What is missing comes without a person, and soon: the time of this machine. */
    | "soon"
    /** Trying again soon cannot help: somebody has to change credentials or rights. */
    | "slow"
    /** The broker said that it does not speak this MQTT version. */
    | "other-version"
    /** It closed before its first answer, which old brokers do with MQTT 5, but restarting ones too. */
    | "maybe-other-version";
  /** What it is in the log; default: `offline`, the broker is simply away. */
  event?: "offline" | "credentials-refused" | "topic-refused" | undefined;
  /** It ended a connection that was in order, and on which nothing waited for it, without a reason or an error. */
  silent?: true;
  /** Nobody was there to speak to. */
  absent?: true;
  /** The servers that the broker names in place of itself, as it wrote them. */
  reference?: string;
}

export interface LinkPeer {
  /** As in `serverName`. */
  server: string;
  /** TLS. */
  secure: boolean;
  /** Where the settings stand that a person has to change: `mqtt`. */
  settings: string;
  /** Whether a certificate of this client is configured. */
  certified: boolean;
  username: string | undefined;
  clientId: string;
  version: MqttVersion;
  /** What this machine takes for the date, as ISO text, when that cannot be right. */
  unsetClock?: string | undefined;
  reference?: string | undefined;
}

/** The broker of `options.server.url` as it is met now. */
export function peerOf(
  { server, settings = "mqtt", clientId, now: wall = Date.now }: Pick<LinkOptions, "server" | "settings" | "clientId" | "now">,
  version: MqttVersion,
): LinkPeer {
  return {
    server: serverName(server.url),
    settings,
    secure: parseServer(server.url).secure,
    certified: server.cert !== undefined,
    username: server.username,
    clientId,
    version,
    unsetClock: clockIsSet({ wall }) ? undefined : new Date(wall()).toISOString().slice(0, 10),
  };
}

/** The connection ended, or never began, without a code. `step` tells how far it had come. */
export function closeProblem(peer: LinkPeer, step: "dialling" | "greeting" | "open", error: Error | undefined): LinkProblem {
  const { server, settings } = peer;
  const code = errorCode(error);
  const cut = code === undefined || code === "ECONNRESET" || code === "EPIPE";
  if (code === "CERT_NOT_YET_VALID") return { sentence: notYetValid(peer), retry: "soon" };
  const sentence = tlsSentence(peer, error) ?? networkSentence(peer, code, error) ?? webSocketSentence(peer, error);
  if (sentence !== undefined && !cut) return { sentence, retry: "backoff" };
  if (step === "dialling" && cut) {
    if (error !== undefined && code === undefined) return { sentence: sentence ?? unreachable(server, error), retry: "backoff" };
    if (peer.secure) {
      return {
        sentence: `${server} closed the connection during the TLS handshake: check ${settings}.port and ${settings}.tls`,
        retry: "backoff",
      };
    }
    if (server.startsWith("ws:")) {
      return { sentence: `${server} closed the connection during the WebSocket handshake: check the port and the path`, retry: "backoff" };
    }
  }
  if (step === "greeting" && cut) {
    const hint = peer.secure ? "" : ": it is restarting, or this port wants TLS (mqtt.tls)";
    return { sentence: `${theBroker(server)} closed the connection without an answer${hint}`, retry: "maybe-other-version" };
  }
  if (sentence !== undefined) return { sentence, retry: "backoff" };
  if (step !== "open") return { sentence: unreachable(server, error), retry: "backoff" };
  return { sentence: `${theBroker(server)} closed the connection${because(error)}`, retry: "backoff" };
}

/** What came first is of another protocol; undefined when it may be MQTT. */
export function strangerProblem({ server, settings, version }: LinkPeer, first: Buffer): LinkProblem | undefined {
  const text = first.toString("latin1", 0, 5);
  if (text === "HTTP/" || text.startsWith("<"))
    return {
      sentence: `what ${server} sent is not MQTT ${version}, but HTTP: is ${settings}.port the port of a broker?`,
      retry: "backoff",
    };
  // An alert record of TLS; to MQTT it would be a CONNECT, which no broker sends.
  if (first[0] === 0x15 && first[1] === 3)
    return { sentence: `${server} speaks TLS: write ${settings}.tls: on, or mqtts:// in ${settings}.server`, retry: "backoff" };
  return undefined;
}

/** What the client library says of itself; undefined for what the end of the connection tells better. `met` = something is there to speak to. */
export function clientProblem(
  { server, settings, version }: LinkPeer,
  error: Error,
  timeout: number,
  met: boolean,
): LinkProblem | undefined {
  const backoff = (sentence: string): LinkProblem => ({ sentence, retry: "backoff" });
  if (error.message === "connack timeout") return backoff(`${theBroker(server)} did not answer within ${timeout / 1_000} s`);
  if (error.message === "Keepalive timeout") return backoff(`${theBroker(server)} stopped answering (keep alive)`);
  if (!met || errorCode(error) !== undefined) return undefined;
  return backoff(`what ${server} sent is not MQTT ${version} (${error.message}): is ${settings}.port the port of a broker?`);
}

/** PUBACK refused the publication of our own status. */
export function statusProblem({ server }: LinkPeer, topic: string, refusal: Error | undefined): LinkProblem {
  const code = codeText(Number((refusal as { code?: unknown } | undefined)?.code ?? 0x80));
  const below = topic.replace(/\/[^/]*$/, "/#");
  return {
    sentence: `${theBroker(server)} refuses the publication of ${topic} (${code}): allow this client to publish below ${below}`,
    retry: "slow",
    event: "topic-refused",
  };
}

/** SUBACK refused these filters. */
export function subscriptionProblem(peer: LinkPeer, filters: readonly string[], code: number, lost: string): LinkProblem {
  const who = peer.username === undefined ? "anonymous clients" : `user ${peer.username}`;
  const what = filters.join(", ");
  return {
    sentence: `${theBroker(peer.server)} refuses the subscription ${what} (${codeText(code)}): ${lost}; allow ${who} to subscribe to it`,
    retry: "slow",
    event: "topic-refused",
  };
}

export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}

function unreachable(server: string, error: Error | undefined): string {
  return `${theBroker(server)} could not be reached${because(error)}`;
}

function because(error: Error | undefined): string {
  return error === undefined ? "" : `: ${shortened(error.message)}`;
}

function notYetValid({ server, unsetClock }: LinkPeer): string {
  const what = `the certificate of ${server} is not valid yet`;
  return unsetClock === undefined
    ? `${what}: check this machine's clock`
    : `${what}, because the clock of this machine is not set (it says ${unsetClock}): it connects when the time has come from the network`;
}

function networkSentence({ server, settings }: LinkPeer, code: string | undefined, error: Error | undefined): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${server}: is the broker running, and are ${settings}.server and ${settings}.port right?`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name in ${server} cannot be resolved (${code}): check ${settings}.server and the network`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
    case "EADDRNOTAVAIL":
      return `no route to ${server} (${code}): check the network`;
    case "ETIMEDOUT":
      return `${server} does not answer: check the network and the firewall`;
    case "ECONNRESET":
    case "EPIPE":
      return `the connection to ${server} was reset`;
    case "EMFILE":
    case "ENFILE":
      return `${server} could not be reached: ${whyUnread(error)}`;
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${server} has expired; if it has not, check this machine's clock`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate of ${server} is for another name: ${shortened(error?.message ?? "")}; set ${settings}.servername if it is the right one`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "CERT_SIGNATURE_FAILURE":
      return `the certificate of ${server} is signed by an authority that is not trusted here (${code}): set ${settings}.ca`;
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return `${server} does not speak TLS: check ${settings}.port and ${settings}.tls`;
    default:
      return undefined;
  }
}

/** What OpenSSL makes of the broker's refusal, or of its hello. */
function tlsSentence({ server, settings, certified }: LinkPeer, error: Error | undefined): string | undefined {
  const code = sslCode(error);
  if (code === undefined || /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code)) return undefined;
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code))
    return `${server} speaks no version of TLS that is allowed here (${code}): check ${settings}.tls_min and the broker`;
  if (code.includes("CERTIFICATE_REQUIRED") || (!certified && /ALERT_(HANDSHAKE_FAILURE|BAD_CERTIFICATE)/.test(code)))
    return `${theBroker(server)} wants a certificate of this client (${code}): set ${settings}.cert and ${settings}.key`;
  if (code.includes("CERTIFICATE_EXPIRED"))
    return `${theBroker(server)} says that the certificate in ${settings}.cert has expired: get a new one`;
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/.test(code))
    return `${theBroker(server)} refuses the certificate in ${settings}.cert (${code}): is it signed by an authority that the broker trusts?`;
  return `TLS with ${server} failed (${code})${because(error)}`;
}

/** OpenSSL's reason; Node hides it in the text when it comes while something is written. */
function sslCode(error: Error | undefined): string | undefined {
  const code = errorCode(error);
  if (code?.startsWith("ERR_SSL_")) return code;
  const reason = code === "EPROTO" ? /:SSL routines:[^:]*:([^:]{1,80}):/.exec(error?.message ?? "")?.[1] : undefined;
  return reason === undefined ? undefined : `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`;
}

function webSocketSentence({ server, settings }: LinkPeer, error: Error | undefined): string | undefined {
  const status = /^Unexpected server response: (\d{3})$/.exec(error?.message ?? "")?.[1];
  if (status !== undefined)
    return `${server} answers with HTTP ${status} instead of WebSocket: check the path and the port in ${settings}.server`;
  if (error?.message.includes("subprotocol")) return `${server} speaks WebSocket, but not MQTT in it: check the path in ${settings}.server`;
  const code = errorCode(error);
  if (code?.startsWith("HPE_")) return `${server} does not speak WebSocket: check the port in ${settings}.server`;
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return `${server} sent a message that is too large for this machine`;
  return code?.startsWith("WS_ERR_") ? `what ${server} sent is not WebSocket (${code}): check ${settings}.server` : undefined;
}
