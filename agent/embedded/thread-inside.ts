import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { Bridge, BridgeStart } from "../bridge.ts";
import { type Allowance, newBucket, takeToken } from "../core/token-bucket.ts";
import { systemClock } from "../shell/clock.ts";
import type { LogFields } from "../shell/log.ts";
import { Access, type AccessRules } from "./access.ts";
import { createBroker } from "./broker.ts";
import type { Broker } from "./broker-terms.ts";
import type { PasswordHash } from "./password-file.ts";
import { PortStream } from "./port-stream.ts";
import type { FromThread, Secrets, ThreadStart, ToThread } from "./thread-messages.ts";

// The built-in broker in a thread of its own: what clients make it do takes no time from the relays. `thread.ts` is the other side.

/** Everything else is told seldom when it comes often; this must not keep the agent busy either. */
const debugAllowance: Allowance = { burst: 200, every: 50 };
/** However often clients come and go; milliseconds. */
const tellEvery = 100;

/** How often it is looked whether the bridge is as it was told. */
const bridgeEvery = 500;
/** How often it says that it runs. */
const aliveEvery = 5_000;

const { store, bridge: bridgeStart, ...start } = workerData as ThreadStart;
const bucket = newBucket(debugAllowance);
let toldBridge = "";
let stopping = false;
let secrets = secretsOf(start.secrets);
let telling: NodeJS.Timeout | undefined;

// aedes' own writer of packets: the 65,536 buffers that it would keep take 15 MB.
const { resolve } = createRequire(import.meta.url);
const packets = createRequire(resolve("aedes"))("mqtt-packet") as { writeToStream: { cacheNumbers: boolean } };
packets.writeToStream.cacheNumbers = false;

const tell = (message: FromThread) => parentPort?.postMessage(message);
const say = (level: "debug" | "info" | "warn" | "error") => (message: string, fields?: LogFields) => {
  if (level !== "debug" || takeToken(bucket, debugAllowance, systemClock.now())) tell({ tell: "log", level, message, fields });
};
const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
const access = new Access(rulesOf(start.rules), start.own, start.terminal);
const bridge = bridgeStart && (await bridgeOf(bridgeStart));
const broker: Broker = createBroker({
  ...start,
  ...(bridge && { bridge: bridge.port }),
  access,
  tls: () => secrets.tls,
  origins: () => secrets.origins,
  log,
  now: systemClock.now,
  changed: () => {
    telling ??= setTimeout(tellState, tellEvery).unref();
  },
  ...(store && {
    store: {
      ...store,
      clock: systemClock,
      log,
      onProblem: (problem: string | null) => tell({ tell: "store-problem", problem }),
    },
  }),
});

const started = broker.start();
// Who comes before the broker runs is served then.
parentPort?.on("message", (message: ToThread) => {
  if (message.do === "stop") void take(message);
  else
    started.then(
      () => take(message),
      () => message.do === "connect" && message.port.close(),
    );
});
setInterval(() => tell({ tell: "alive" }), aliveEvery).unref();
try {
  await started;
} catch (error) {
  if (!stopping) throw error;
}
tellState();
if (bridge && !stopping) {
  bridge.start();
  tellBridge();
  setInterval(tellBridge, bridgeEvery).unref();
}
tell({ tell: "started" });

/** Loaded by those who have one: the library of its client is large. Without it when its certificates cannot be used any more. */
async function bridgeOf(known: BridgeStart): Promise<Bridge | undefined> {
  const { createBridge } = await import("../bridge.ts");
  try {
    return createBridge({
      ...known,
      clock: systemClock,
      log,
      retained: () => broker.retained,
      onProblem: (file, problem) => tell({ tell: "bridge-problem", file, problem }),
    });
  } catch (error) {
    const problem = `the bridge is off until the agent is started again: ${(error as Error).message}`;
    log.error(problem);
    tell({ tell: "bridge-problem", file: "bridge-certificate", problem });
    return undefined;
  }
}

function tellState(): void {
  clearTimeout(telling);
  telling = undefined;
  tell({ tell: "state", addresses: broker.addresses, clients: broker.clients });
}

function tellBridge(): void {
  if (!bridge) return;
  const { depth, bytes, age, dropped, lost } = bridge.outbox;
  const state = { view: { ...bridge.view }, outbox: { depth, bytes, age, dropped: { ...dropped }, lost }, leftOut: { ...bridge.leftOut } };
  const text = JSON.stringify(state);
  if (text !== toldBridge) tell({ tell: "bridge", state });
  toldBridge = text;
}

async function take(message: ToThread): Promise<void> {
  switch (message.do) {
    case "connect":
      broker.serve(new PortStream(message.port));
      return;
    case "renew":
      secrets = secretsOf(message.secrets);
      return broker.renew();
    case "sys-interval":
      return broker.setSysInterval(message.ms);
    case "dialogue":
      return broker.setDialogue(message.settings);
    case "expel":
      access.rules = rulesOf(message.rules);
      return broker.expel();
    case "stop":
      stopping = true;
      await bridge?.stop();
      await broker.stop();
      tell({ tell: "stopped" });
      parentPort?.close();
  }
}

/** What came from another thread is no Buffer any more. */
function secretsOf({ tls, origins }: Secrets): Secrets {
  if (!tls) return { tls, origins };
  const { cert, key, ca, minVersion } = tls;
  return { tls: { cert: Buffer.from(cert), key: Buffer.from(key), minVersion, ...(ca && { ca: Buffer.from(ca) }) }, origins };
}

function rulesOf({ users, ...rules }: AccessRules): AccessRules {
  if (!users) return { users, ...rules };
  const hashOf = (hash: PasswordHash) => ({ ...hash, salt: Buffer.from(hash.salt), hash: Buffer.from(hash.hash) });
  return { users: new Map(Array.from(users, ([user, hash]) => [user, hashOf(hash)])), ...rules };
}
