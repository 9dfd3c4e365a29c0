import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type IClientPublishOptions } from "mqtt";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Retained } from "../../../tui/client/retained.ts";
import type { RetainedOptions } from "../../../tui/client/retained-job.ts";
import { Watcher } from "../../../tui/client/watcher.ts";
import type { RetainedEvent } from "../../../tui/retained.ts";
import { describeMosquitto, mosquittoDenying, observe, startEmbedded, startMosquitto, type TestBroker } from "../../brokers.ts";

let dir: string;
let events: RetainedEvent[];
let job: Retained;
let watcher: Watcher;
let online: string[];
let broker: Pick<TestBroker, "port" | "url" | "stop">;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-retained-"));
  events = [];
  online = [];
});
afterEach(async () => {
  job.close();
  watcher.close();
  await broker.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Links to the broker as the terminal has them. */
async function link(started: typeof broker, some: Partial<RetainedOptions> = {}): Promise<void> {
  broker = started;
  const ignore = () => undefined;
  watcher = new Watcher({
    filters: [],
    on: { online: (version) => online.push(version), offline: ignore, granted: ignore, refused: ignore, message: ignore, rtt: ignore },
  });
  job = new Retained({
    connect: () => watcher.sibling(),
    on: (event) => events.push(event),
    env: { XDG_STATE_HOME: dir },
    rate: 1000,
    quiet: 50,
    ...some,
  });
  watcher.use({ host: "127.0.0.1", port: broker.port, via: "mqtt" });
  await vi.waitFor(() => expect(online).toHaveLength(1), { timeout: 10_000 });
}

type Given = readonly (readonly [topic: string, payload: string | Buffer, options?: IClientPublishOptions])[];
async function keep(given: Given, username?: string): Promise<void> {
  const client = await mqtt.connectAsync({ host: "127.0.0.1", port: broker.port, protocolVersion: 4, ...(username && { username }) });
  for (const [topic, payload, options] of given) await client.publishAsync(topic, payload, { qos: 1, retain: true, ...options });
  await client.endAsync();
}

/** What a newcomer gets; the built-in broker tells it in its own time. */
async function keeps(check: (kept: Record<string, string>) => void): Promise<void> {
  const observer = await observe(broker, "#");
  const kept = () => check(Object.fromEntries(observer.seen.filter(({ retain }) => retain).map(({ topic, payload }) => [topic, payload])));
  await vi.waitFor(kept, { timeout: 10_000 });
  await keep([["last", "1", { retain: false }]]);
  await vi.waitFor(() => expect(observer.payloads("last")).toHaveLength(1), { timeout: 10_000 });
  kept();
  await observer.stop();
}
const keepsMany = (topics: number) => keeps((kept) => expect(Object.keys(kept)).toHaveLength(topics));

const ended = () => vi.waitFor(() => expect(events.at(-1)).toMatchObject({ kind: "ended" }), { timeout: 10_000 }).then(() => events.at(-1));
const found = () => vi.waitFor(() => expect(events.at(-1)).toMatchObject({ kind: "found" }), { timeout: 10_000 }).then(() => events.at(-1));
function backup(): { topic: string; qos: number; text?: string; base64?: string }[] {
  const [name = ""] = readdirSync(join(dir, "pinbus"));
  expect(name).toMatch(/^retained-\d{8}-\d{6}\.jsonl$/);
  const path = join(dir, "pinbus", name);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const binary = Buffer.from([0xff, 0, 0xc3, 0x28]);
const house: Given = [
  ["house", "itself"],
  ["house/a", "ä\n1", { qos: 0 }],
  ["house/b/c", binary, { qos: 2 }],
  ["house/ d", "blank"],
];
const others: Given = [
  ["housewife/x", "stays"],
  ["other", "stays"],
];

function suite(version: string, start: () => Promise<typeof broker>): void {
  test("finds what is kept below a branch, backs it up, clears it, and nothing else", async () => {
    await link(await start());
    expect(online).toEqual([version]);
    await keep([...house, ...others, ["house/live", "not kept", { retain: false }]]);
    job.perform({ kind: "ask", branch: "house" });
    expect(await found()).toMatchObject({ topics: 4, path: expect.stringMatching(/retained-.*\.jsonl$/) });
    const observer = await observe(broker, "house/#");
    job.perform({ kind: "clear" });
    expect(await ended()).toMatchObject({ ok: true, text: expect.stringMatching(/^cleared 4, backup .*retained-/) });
    expect(events.filter(({ kind }) => kind === "progress").at(-1)).toEqual({ kind: "progress", done: 4 });
    expect(backup().sort((a, b) => (a.topic < b.topic ? -1 : 1))).toEqual([
      { topic: "house", qos: 1, text: "itself" },
      { topic: "house/ d", qos: 1, text: "blank" },
      { topic: "house/a", qos: 0, text: "ä\n1" },
      { topic: "house/b/c", qos: 2, base64: binary.toString("base64") },
    ]);
    // The others see empty messages, as the dialog says.
    expect(
      observer.seen
        .filter(({ payload }) => payload === "")
        .map(({ topic }) => topic)
        .sort(),
    ).toEqual(house.map(([topic]) => topic).sort());
    await observer.stop();
    await keeps((kept) => expect(kept).toEqual({ "housewife/x": "stays", other: "stays" }));
  });

  test("what is set anew while the person reads is in the backup", async () => {
    await link(await start());
    await keep(house);
    job.perform({ kind: "ask", branch: "house" });
    await found();
    await keep([["house/a", "newer"]]);
    job.perform({ kind: "clear" });
    expect(await ended()).toMatchObject({ ok: true });
    expect(backup().filter(({ topic }) => topic === "house/a")).toMatchObject([{ text: "newer" }]);
  });

  test("writes a backup only, and clears nothing", async () => {
    await link(await start());
    await keep(house);
    job.perform({ kind: "ask", branch: "house" });
    await found();
    job.perform({ kind: "backup" });
    expect(await ended()).toMatchObject({ ok: true, text: expect.stringMatching(/^4 retained messages are in .*; nothing was cleared$/) });
    expect(backup()).toHaveLength(4);
    await keepsMany(4);
  });

  test("stops in the middle, and says how far it came", async () => {
    await link(await start(), { rate: 50 });
    await keep(Array.from({ length: 40 }, (_, at) => [`many/${at}`, "x"] as const));
    job.perform({ kind: "ask", branch: "many" });
    await found();
    job.perform({ kind: "clear" });
    await vi.waitFor(() => expect(events.some((event) => event.kind === "progress" && event.done >= 2)).toBe(true), { timeout: 10_000 });
    job.perform({ kind: "stop" });
    const end = await ended();
    const done = Number(/^stopped: (\d+) of 40, backup /.exec(end?.kind === "ended" ? end.text : "")?.[1]);
    expect(done).toBeGreaterThanOrEqual(2);
    await keepsMany(40 - done);
    expect(backup()).toHaveLength(40);
  });

  test("another branch comes after the first one", async () => {
    await link(await start());
    await keep(house);
    for (const left of [4, 0]) {
      job.perform({ kind: "ask", branch: "house" });
      expect(await found()).toMatchObject({ topics: left });
      job.perform({ kind: left > 0 ? "clear" : "stop" });
      if (left > 0) await ended();
    }
  });

  test("says how many there are not, too", async () => {
    await link(await start());
    await keep(others);
    job.perform({ kind: "ask", branch: "house" });
    expect(await found()).toMatchObject({ topics: 0 });
  });

  test("more than it can hold is refused before anything is done", async () => {
    await link(await start(), { most: { topics: 3, bytes: 1000 } });
    await keep(house);
    job.perform({ kind: "ask", branch: "house" });
    expect(await ended()).toMatchObject({ ok: false, text: expect.stringContaining("take a smaller one: nothing was cleared") });
    await keepsMany(4);
  });

  test("1500 are found, all of them", async () => {
    await link(await start());
    await keep(Array.from({ length: 1500 }, (_, at) => [`many/${at}`, `${at}`, { qos: 0 }] as const));
    job.perform({ kind: "ask", branch: "many" });
    expect(await found()).toMatchObject({ topics: 1500 });
  });
}

describe("with the built-in broker", () => suite("3.1.1", () => startEmbedded()));

describeMosquitto("with mosquitto", () => {
  suite("5", () => startMosquitto());

  test("what is set anew between the backup and the empty message is in the backup as well", async () => {
    await link(await startMosquitto(), { rate: 20 });
    await keep(Array.from({ length: 10 }, (_, at) => [`many/${at}`, "old"] as const));
    job.perform({ kind: "ask", branch: "many" });
    await found();
    job.perform({ kind: "clear" });
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ kind: "progress" }), { timeout: 10_000 });
    await keep([["many/9", "new"]]);
    await ended();
    expect(
      backup()
        .filter(({ topic }) => topic === "many/9")
        .map(({ text }) => text),
    ).toEqual(["old", "new"]);
  });

  test("a broker that refuses to tell is said", async () => {
    await link(await startMosquitto(mosquittoDenying([{ acltype: "subscribeLiteral", topic: "house/#" }])));
    job.perform({ kind: "ask", branch: "house" });
    expect(await ended()).toMatchObject({ ok: false, text: expect.stringContaining("house/#") });
  });

  test("a broker that does not allow it is said, with how many are left", async () => {
    const rules = "topic read #\ntopic readwrite house/a\n\nuser keeper\ntopic readwrite #\n";
    await link(await startMosquitto({ config: ["allow_anonymous true", "acl_file {dir}/acl"], files: { acl: rules } }));
    await keep(house, "keeper");
    job.perform({ kind: "ask", branch: "house" });
    await found();
    job.perform({ kind: "clear" });
    expect(await ended()).toMatchObject({
      ok: false,
      text: expect.stringMatching(/^3 of 4 still hold a message, set anew or not allowed to clear, backup /),
    });
  });

  test("a connection that is lost ends it, and says how far it came", async () => {
    await link(await startMosquitto(), { rate: 20 });
    await keep(Array.from({ length: 40 }, (_, at) => [`many/${at}`, "x"] as const));
    job.perform({ kind: "ask", branch: "many" });
    await found();
    job.perform({ kind: "clear" });
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ kind: "progress" }), { timeout: 10_000 });
    await broker.stop();
    expect(await ended()).toMatchObject({ ok: false, text: expect.stringMatching(/: cleared \d+ of 40, backup /) });
  });
});
