import type { MqttVersion } from "./link.ts";

/** Why a connection ended, and how to go on. The sentence is for people and never holds a password. */
export interface LinkProblem {
  sentence: string;
  retry:
    | "backoff"
    /** Trying again soon cannot help: somebody has to change credentials or rights. */
    | "slow"
    /** The broker said that it does not speak this MQTT version. */
    | "other-version"
    /** It closed before its first answer, which old brokers do with MQTT 5, but restarting ones too. */
    | "maybe-other-version";
}

export interface LinkPeer {
  /** `host:port`. */
  server: string;
  /** TLS. */
  secure: boolean;
  username: string | undefined;
  clientId: string;
  version: MqttVersion;
}

type Describe = (peer: LinkPeer, code: string) => string;

const badPassword: Describe = (peer, code) =>
  `the broker ${peer.server} refused user or password (${code}), user ${peer.username ?? "none"}: check mqtt.username and mqtt.password`;
const notAuthorised: Describe = (peer, code) =>
  peer.username === undefined || peer.username === ""
    ? `the broker ${peer.server} does not allow anonymous clients (${code}, not authorised): set mqtt.username and mqtt.password`
    : `the broker ${peer.server} says user ${peer.username} is not authorised (${code}): check mqtt.username, mqtt.password and the broker's rules`;
const badVersion: Describe = (peer, code) => `the broker ${peer.server} does not speak MQTT ${peer.version} (${code})`;
const badClientId: Describe = (peer, code) => `the broker ${peer.server} refused the client id ${peer.clientId} (${code})`;
const unavailable: Describe = (peer, code) => `the broker ${peer.server} is not available at the moment (${code})`;
const banned: Describe = (peer, code) => `the broker ${peer.server} has banned client ${peer.clientId} (${code}): ask its administrator`;
const moved: Describe = (peer, code) => `the broker ${peer.server} asks to use another server (${code}): change mqtt.server`;
const tooMuch: Describe = (peer, code) => `the broker ${peer.server} limits this client (${code}): too many connections, messages or bytes`;

/** CONNACK codes of MQTT 3.1.1 (section 3.2.2.3) and reason codes of MQTT 5 (section 3.2.2.2), which do not overlap. */
const refusals: Readonly<Record<number, { describe: Describe; retry: LinkProblem["retry"] }>> = {
  1: { describe: badVersion, retry: "other-version" },
  2: { describe: badClientId, retry: "slow" },
  3: { describe: unavailable, retry: "backoff" },
  4: { describe: badPassword, retry: "slow" },
  5: { describe: notAuthorised, retry: "slow" },
  132: { describe: badVersion, retry: "other-version" },
  133: { describe: badClientId, retry: "slow" },
  134: { describe: badPassword, retry: "slow" },
  135: { describe: notAuthorised, retry: "slow" },
  136: { describe: unavailable, retry: "backoff" },
  137: { describe: unavailable, retry: "backoff" },
  138: { describe: banned, retry: "slow" },
  140: { describe: notAuthorised, retry: "slow" },
  149: { describe: tooMuch, retry: "slow" },
  151: { describe: tooMuch, retry: "slow" },
  156: { describe: moved, retry: "slow" },
  157: { describe: moved, retry: "slow" },
  159: { describe: tooMuch, retry: "slow" },
};

/** The broker answered CONNECT with this code, which is not 0. */
export function connackProblem(peer: LinkPeer, code: number): LinkProblem {
  const text = codeText(code);
  const known = refusals[code];
  if (known) return { sentence: known.describe(peer, text), retry: known.retry };
  return { sentence: `the broker ${peer.server} refused the connection (${text})`, retry: "backoff" };
}

/** The connection ended, or never began, without a code. `step` tells how far it had come. */
export function closeProblem(peer: LinkPeer, step: "dialling" | "greeting" | "open", error: Error | undefined): LinkProblem {
  const code = errorCode(error);
  const sentence = networkSentence(peer.server, code, error);
  const cut = code === undefined || code === "ECONNRESET" || code === "EPIPE";
  if (step === "dialling" && peer.secure && cut) {
    return { sentence: `${peer.server} closed the connection during the TLS handshake: check mqtt.port and mqtt.tls`, retry: "backoff" };
  }
  if (step === "greeting" && cut) {
    return { sentence: `the broker ${peer.server} closed the connection without an answer`, retry: "maybe-other-version" };
  }
  if (sentence !== undefined) return { sentence, retry: "backoff" };
  const verb = step === "open" ? "closed the connection" : "could not be reached";
  return { sentence: `the broker ${peer.server} ${verb}${error ? `: ${error.message}` : ""}`, retry: "backoff" };
}

/** The broker said goodbye with an MQTT 5 DISCONNECT. */
export function disconnectProblem(peer: LinkPeer, code: number): LinkProblem {
  const text = codeText(code);
  if (code === 142) {
    const sentence = `another client with the id ${peer.clientId} took over the session at ${peer.server} (${text}): is this node running twice?`;
    return { sentence, retry: "backoff" };
  }
  if (code === 139) return { sentence: `the broker ${peer.server} is shutting down (${text})`, retry: "backoff" };
  if (code === 156 || code === 157) return { sentence: moved(peer, text), retry: "slow" };
  return { sentence: `the broker ${peer.server} ended the connection (${text})`, retry: "backoff" };
}

/** SUBACK refused these filters. */
export function subscriptionProblem(peer: LinkPeer, filters: readonly string[], code: number): LinkProblem {
  const who = peer.username === undefined ? "anonymous clients" : `user ${peer.username}`;
  const what = filters.join(", ");
  return {
    sentence: `the broker ${peer.server} refuses the subscription ${what} (${codeText(code)}): commands are not heard; allow ${who} to subscribe to it`,
    retry: "slow",
  };
}

export function codeText(code: number): string {
  return code < 16 ? `code ${code}` : `code 0x${code.toString(16).padStart(2, "0")}`;
}

export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}

function networkSentence(server: string, code: string | undefined, error: Error | undefined): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${server}: is the broker running, and are mqtt.server and mqtt.port right?`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the name in ${server} cannot be resolved (${code}): check mqtt.server and the network`;
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
      return `no route to ${server} (${code}): check the network`;
    case "ETIMEDOUT":
      return `${server} does not answer: check the network and the firewall`;
    case "ECONNRESET":
    case "EPIPE":
      return `the connection to ${server} was reset`;
    case "CERT_HAS_EXPIRED":
      return `the certificate of ${server} has expired; if it has not, check this machine's clock`;
    case "CERT_NOT_YET_VALID":
      return `the certificate of ${server} is not valid yet: check this machine's clock`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the certificate of ${server} is for another name: ${error?.message ?? ""}`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return `the certificate of ${server} is signed by an authority that is not trusted here (${code}): set mqtt.ca`;
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return `${server} does not speak TLS: check mqtt.port and mqtt.tls`;
    default:
      return undefined;
  }
}
