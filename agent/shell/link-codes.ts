import { theBroker } from "./link-dial.ts";
import type { LinkPeer, LinkProblem } from "./link-problems.ts";
import { printable } from "./printable.ts";

type Words = (peer: LinkPeer, code: string) => string;

const badPassword: Words = ({ username, settings }, code) =>
  `refused user or password (${code}), user ${username ?? "none"}: check ${settings}.username and ${settings}.password`;
const notAuthorised: Words = ({ username, settings }, code) =>
  username === undefined || username === ""
    ? `does not allow anonymous clients (${code}, not authorised): set ${settings}.username and ${settings}.password`
    : `says user ${username} is not authorised (${code}): check ${settings}.username, ${settings}.password and the broker's rules`;
const badVersion: Words = ({ version, settings }, code) =>
  `does not speak MQTT ${version} (${code})${version === "3.1.1" ? `: one from before 2014 needs ${settings}.protocol: 3.1` : ""}`;
const badClientId: Words = ({ clientId, settings }, code) =>
  `refused the client id ${clientId} (${code}): set another ${settings}.client_id`;
const unavailable: Words = (_, code) => `is not available at the moment (${code})`;
const moved =
  (howLong: string): Words =>
  ({ reference, settings }, code) =>
    reference === undefined
      ? `asks to use another server (${code})${howLong} without naming one: change ${settings}.server`
      : `asks to use another server (${code})${howLong}, "${shortened(reference)}": that is done only if ${settings}.server names it`;

interface Meaning {
  words: Words;
  retry: LinkProblem["retry"];
  event?: LinkProblem["event"];
}
const refused = (words: Words): Meaning => ({ words, retry: "slow", event: "credentials-refused" });
const soon = (text: string): Meaning => ({ words: (_, code) => text.replace("%", code), retry: "backoff" });
const slow = (text: string): Meaning => ({ words: (_, code) => text.replace("%", code), retry: "slow" });

/** CONNACK codes of MQTT 3.1.1 (section 3.2.2.3) and the reason codes of MQTT 5 in CONNACK and DISCONNECT (section 2.4), which do not overlap. */
const meanings: Readonly<Record<number, Meaning>> = {
  1: { words: badVersion, retry: "other-version" },
  2: refused(badClientId),
  3: { words: unavailable, retry: "backoff" },
  4: refused(badPassword),
  5: refused(notAuthorised),
  128: soon("failed without saying why (%): look into its log"),
  129: soon("could not read what pinbus sent (%, malformed packet): look into its log"),
  130: soon("says that pinbus broke the protocol (%): look into its log"),
  131: soon("has a reason of its own against this client (%): look into its log"),
  132: { words: badVersion, retry: "other-version" },
  133: refused(badClientId),
  134: refused(badPassword),
  135: refused(notAuthorised),
  136: { words: unavailable, retry: "backoff" },
  137: soon("is not available at the moment (%): it is busy"),
  138: refused(({ clientId }, code) => `has banned client ${clientId} (${code}): ask its administrator`),
  139: soon("is shutting down (%)"),
  140: slow("wants another way of authentication (%): pinbus knows user and password, and certificates"),
  141: soon("heard nothing from here for longer than the keep alive (%): check the network"),
  142: {
    words: ({ clientId }, code) =>
      `ended the session (${code}): another client with the id ${clientId} took over the session; is this node running twice?`,
    // Each of them ends the other's connection: somebody has to stop one.
    retry: "slow",
  },
  143: slow("takes none of these topic filters (%): check its rules for topics"),
  144: slow("does not take the topic of this node's status or states (%): check its rules for topics"),
  147: soon("says that too many publications were on their way at once (%, receive maximum)"),
  148: soon("got a topic alias that it did not allow (%)"),
  149: slow("says that a packet is larger than it takes (%): raise its limit, or publish less in one payload"),
  150: slow("says that messages come too often (%): raise its limit"),
  151: slow("limits this client (%): its quota is used up"),
  152: slow("ended the connection by order of its administrator (%)"),
  153: slow("does not take the format of a payload (%): look into its log"),
  154: slow("keeps no retained messages (%), which pinbus needs for its states"),
  155: slow("takes no QoS 1 (%), which pinbus needs for its states"),
  156: { words: moved(""), retry: "slow" },
  157: { words: moved(" for good"), retry: "slow" },
  158: slow("knows no shared subscriptions (%)"),
  159: slow("limits this client (%): it connects too often"),
  160: soon("ends each connection after some time (%, maximum connect time)"),
  161: slow("knows no subscription identifiers (%)"),
  162: slow("takes no wildcards in subscriptions (%), which pinbus needs for its commands"),
};

/** The broker answered CONNECT with this code, which is not 0. `reference` is what MQTT 5 calls Server Reference. */
export function connackProblem(peer: LinkPeer, code: number, reference?: string): LinkProblem {
  return problemOf({ ...peer, reference }, code, "refused the connection");
}

/** The broker said goodbye with an MQTT 5 DISCONNECT. */
export function disconnectProblem(peer: LinkPeer, code: number, reference?: string): LinkProblem {
  const problem = problemOf({ ...peer, reference }, code, "ended the connection");
  // Too late for another version, which is a matter of CONNECT.
  return problem.retry === "other-version" ? { ...problem, retry: "slow" } : problem;
}

function problemOf(peer: LinkPeer, code: number, otherwise: string): LinkProblem {
  const { words, retry, event } = meanings[code] ?? soon(`${otherwise} (%)`);
  return {
    sentence: `${theBroker(peer.server)} ${words(peer, codeText(code))}`,
    retry,
    ...(event !== undefined && { event }),
    ...(peer.reference !== undefined && (code === 156 || code === 157) && { reference: peer.reference }),
  };
}

export function codeText(code: number): string {
  return code < 16 ? `code ${code}` : `code 0x${code.toString(16).padStart(2, "0")}`;
}

/** What a stranger wrote, for a sentence of ours. */
export function shortened(text: string): string {
  const safe = printable(text);
  return safe.length > 200 ? `${safe.slice(0, 200)}…` : safe;
}
