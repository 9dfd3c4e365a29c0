import { describe, expect, it } from "vitest";
import { connackProblem, disconnectProblem } from "../../../agent/shell/link-codes.ts";
import type { LinkPeer, LinkProblem } from "../../../agent/shell/link-problems.ts";

/** Somebody has to change who this client is, or what it may. */
const credentials: ReadonlySet<number> = new Set([2, 4, 5, 0x85, 0x86, 0x87, 0x8a]);

const peer: LinkPeer = {
  server: "pi:1883",
  settings: "mqtt",
  secure: false,
  certified: false,
  username: "pi",
  clientId: "box",
  version: "5",
};

type Row = readonly [code: number, retry: LinkProblem["retry"], words: string];

/** MQTT 3.1.1, table 3.1. */
const codes3: readonly Row[] = [
  [1, "other-version", "does not speak MQTT"],
  [2, "slow", "refused the client id box"],
  [3, "backoff", "is not available at the moment"],
  [4, "slow", "refused user or password"],
  [5, "slow", "says user pi is not authorised"],
];
/** MQTT 5, section 3.2.2.2: what a CONNACK may carry. */
const connack5: readonly Row[] = [
  [0x80, "backoff", "failed without saying why"],
  [0x81, "backoff", "could not read what pinbus sent"],
  [0x82, "backoff", "says that pinbus broke the protocol"],
  [0x83, "backoff", "has a reason of its own"],
  [0x84, "other-version", "does not speak MQTT 5"],
  [0x85, "slow", "refused the client id box"],
  [0x86, "slow", "refused user or password"],
  [0x87, "slow", "says user pi is not authorised"],
  [0x88, "backoff", "is not available at the moment"],
  [0x89, "backoff", "it is busy"],
  [0x8a, "slow", "has banned client box"],
  [0x8c, "slow", "wants another way of authentication"],
  [0x90, "slow", "does not take the topic of this node's status"],
  [0x95, "slow", "a packet is larger than it takes"],
  [0x97, "slow", "its quota is used up"],
  [0x99, "slow", "does not take the format of a payload"],
  [0x9a, "slow", "keeps no retained messages"],
  [0x9b, "slow", "takes no QoS 1"],
  [0x9c, "slow", "asks to use another server"],
  [0x9d, "slow", "asks to use another server"],
  [0x9f, "slow", "it connects too often"],
];
/** MQTT 5, section 3.14.2.1: what only a DISCONNECT of a server carries. */
const disconnect5: readonly Row[] = [
  [0x8b, "backoff", "is shutting down"],
  [0x8d, "backoff", "longer than the keep alive"],
  [0x8e, "slow", "is this node running twice?"],
  [0x8f, "slow", "takes none of these topic filters"],
  [0x93, "backoff", "receive maximum"],
  [0x94, "backoff", "topic alias"],
  [0x96, "slow", "messages come too often"],
  [0x98, "slow", "by order of its administrator"],
  [0x9e, "slow", "shared subscriptions"],
  [0xa0, "backoff", "maximum connect time"],
  [0xa1, "slow", "subscription identifiers"],
  [0xa2, "slow", "wildcards"],
];

const textOf = (code: number) => (code < 16 ? `code ${code}` : `code 0x${code.toString(16)}`);

describe("a code of the broker", () => {
  it.each([...codes3, ...connack5])("%i in a CONNACK has a sentence of its own, and %s (owlcms 6, brokers 2)", (code, retry, words) => {
    const problem = connackProblem(peer, code);
    expect(problem.retry).toBe(retry);
    expect(problem.event).toBe(credentials.has(code) ? "credentials-refused" : undefined);
    expect(problem.sentence).toMatch(/^the broker pi:1883 /);
    expect(problem.sentence).toContain(words);
    expect(problem.sentence).toContain(textOf(code));
  });

  // Another version is a matter of CONNECT.
  it.each([...connack5, ...disconnect5])("%i in a DISCONNECT has a sentence of its own, and %s", (code, retry, words) => {
    const problem = disconnectProblem(peer, code);
    expect(problem.retry).toBe(retry === "other-version" ? "slow" : retry);
    expect(problem.sentence).toContain(words);
    expect(problem.sentence).toContain(textOf(code));
  });

  it("that nobody knows is shown, and tried again", () => {
    expect(connackProblem(peer, 0xfe)).toEqual({ sentence: "the broker pi:1883 refused the connection (code 0xfe)", retry: "backoff" });
    expect(disconnectProblem(peer, 0)).toEqual({ sentence: "the broker pi:1883 ended the connection (code 0)", retry: "backoff" });
  });

  it("says each thing once", () => {
    const sentences = [...connack5, ...disconnect5].map(([code]) => connackProblem(peer, code).sentence.replace(/code 0x\w\w/, ""));
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  it("that names another server is the only one that hands it on, and shows it short and clean", () => {
    const name = `evil\u001b[2J${"x".repeat(1000)}`;
    const problem = connackProblem(peer, 0x9c, name);
    expect(problem).toMatchObject({ reference: name, retry: "slow" });
    expect(problem.sentence).toContain('"evil\ufffd[2Jxxx');
    expect(problem.sentence.length).toBeLessThan(400);
    expect(connackProblem(peer, 0x97, name).reference).toBeUndefined();
    expect(disconnectProblem(peer, 0x9d).sentence).toContain("without naming one: change mqtt.server");
  });

  it("says what a broker from before 2014 needs", () => {
    expect(connackProblem({ ...peer, version: "3.1.1" }, 1).sentence).toContain("needs mqtt.protocol: 3.1");
    expect(connackProblem({ ...peer, username: undefined }, 5).sentence).toContain(
      "does not allow anonymous clients (code 5, not authorised)",
    );
  });
});
