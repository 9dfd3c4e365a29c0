import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { type BrokerLink, connectBroker } from "../../agent/broker-link.ts";
import type { Link } from "../../agent/shell/link.ts";
import { type Authority, makeAuthority } from "../certificates.ts";
import { configOf } from "../config/loading.ts";
import { keptLog, patience, tempFolder } from "./shell/fixture.ts";

const hour = 3_600_000;
/** As it is built: a thread runs no TypeScript. */
const program = new URL("../../dist/agent/embedded/thread-inside.js", import.meta.url);

let authority: Authority;
let wall: number;
beforeEach(() => {
  authority = makeAuthority();
  wall = Date.now();
});
afterEach(() => authority.clean());

async function start() {
  const folder = tempFolder();
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const place = (name: string, to: number) => {
    const made = authority.issue(name, { to });
    copyFileSync(made.cert, files.cert);
    copyFileSync(made.key, files.key);
  };
  place("first", 60);
  const log = keptLog();
  const problems: (string | null)[] = [];
  const broker = connectBroker({
    config: configOf(
      `state_dir: ${folder}\nbroker: { listeners: [{ protocol: mqtts, port: 0 }], cert: ${files.cert}, key: ${files.key}, persistence: off }\n`,
    ),
    version: "0.0.0-test",
    log,
    clock: { now: () => performance.now(), wall: () => wall },
    problems: () => undefined,
    onProblem: (file, problem) => file === "broker-certificate" && problems.push(problem),
    bridge: { host: { hostname: "box", machineId: "" }, topics: { base: "pinbus/box", commandFilters: [] } as never },
    link: () => ({ start: () => undefined, stop: async () => undefined }) as unknown as Link,
    program,
  });
  // The other timers go on: among them is the one that looks after the thread.
  const set = setInterval;
  const hourly: (() => void)[] = [];
  const spy = vi.spyOn(globalThis, "setInterval").mockImplementation(((work: () => void, every: number) => {
    if (every === hour) hourly.push(work);
    return set(every === hour ? () => undefined : work, every);
  }) as typeof setInterval);
  await broker.start().finally(() => spy.mockRestore());
  onTestFinished(() => broker.stop([]));
  const hourLater = () => {
    wall += hour;
    for (const work of hourly) work();
  };
  return { broker, place, log, problems, hourLater };
}

it("a certificate that was renewed is served to the next connection within an hour", async () => {
  const { broker, place, log, hourLater } = await start();
  expect(await served(broker)).toBe("first");
  place("second", 60);
  hourLater();
  await vi.waitFor(async () => expect(await served(broker)).toBe("second"), patience);
  expect(log.entries).toContain("info: the certificates of the built-in broker have changed: they are used");
});

it("a certificate that expires while the agent runs is a problem within an hour, and told before", async () => {
  const { place, log, problems, hourLater } = await start();
  place("short", 1 / 48);
  hourLater();
  const [problem] = problems;
  expect(problem).toMatch(/has expired .*: clients will refuse it; get a new one, then run `pinbus reload`$/);
  expect(log.entries).toContain(`warn: ${problem}`);
  place("next", 60);
  hourLater();
  expect(problems).toEqual([problem, null]);
});

/** The name in the certificate that a new connection gets. */
function served({ broker }: BrokerLink): Promise<string> {
  const { port } = broker?.addresses.find(({ problem }) => problem === null) ?? { port: 0 };
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }).on("error", reject);
  });
}
