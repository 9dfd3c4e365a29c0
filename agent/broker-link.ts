import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { serverUrl, serverUrls } from "../config/server.ts";
import { accessProblems, createAccess, renewAccess } from "./broker-access.ts";
import { type Broker, createBroker } from "./embedded/broker.ts";
import type { Clock } from "./shell/clock.ts";
import type { Link, Publication } from "./shell/link.ts";
import type { Log } from "./shell/log.ts";

export interface Credentials {
  username: string;
  password: string;
}

export interface BrokerLinkOptions {
  config: Config;
  version: string;
  log: Log;
  clock: Clock;
  /** Told when what the built-in broker keeps can no longer be written, and with null when it can again. */
  storeProblem(problem: string | null): void;
  /** Sentences about listeners that do not listen; empty when all do. */
  problems(problems: string[]): void;
  /** Makes the link to a broker, not started; `others` are tried when it cannot be used; `own` = who we are at the broker in this process. */
  link(url: string, more?: { others?: readonly string[]; own?: Credentials }): Link;
}

export interface BrokerLink {
  /** Always there; it starts when there is a broker to connect to. */
  readonly link: Link;
  /** The built-in broker, when no server is configured. */
  readonly broker: Broker | undefined;
  start(): Promise<void>;
  /** How often the built-in broker says what is new below `$SYS`. */
  setSysInterval(ms: number): void;
  /** Why a configuration could not be taken over. */
  problemsOf(config: Config): string[];
  /** After a reload: who may connect to the built-in broker; those who may no more are disconnected. */
  renewAccess(config: Config): void;
  stop(farewell: readonly Publication[]): Promise<void>;
}

/** How often a listener that could not be opened is looked at again; the broker itself retries. */
const lookEvery = 1000;

/** Where the link goes: to the configured server, or to the broker in this process, once that one really listens. */
export function connectBroker(options: BrokerLinkOptions): BrokerLink {
  const { config, log } = options;
  const urls = serverUrls(config.mqtt);
  const [first, ...others] = urls;
  if (first !== undefined) {
    const link = options.link(first, { others });
    return {
      link,
      broker: undefined,
      async start() {
        log.info(`the broker is ${urls.join(", else ")}; the built-in one is not started`);
        link.start();
      },
      setSysInterval() {},
      problemsOf: () => [],
      renewAccess() {},
      stop: (farewell) => link.stop(farewell),
    };
  }
  return builtIn(options);
}

function builtIn({ config, version, log, clock, problems, storeProblem, link: linkTo }: BrokerLinkOptions): BrokerLink {
  const access = createAccess(config.broker, log);
  const broker = createBroker({
    access,
    listeners: config.broker.listeners,
    sysInterval: config.sys_interval,
    store: {
      file: config.broker.persistence === "on" ? join(config.state_dir, "broker.jsonl") : null,
      maxQueued: config.broker.max_queued,
      sessionExpiry: config.broker.session_expiry,
      clock,
      log,
      onProblem: storeProblem,
    },
    version,
    log,
    now: () => clock.now(),
  });
  let timer: NodeJS.Timeout | undefined;
  let told = "";
  let linked = false;
  const look = () => {
    const bad = broker.addresses.flatMap(({ problem }) => problem ?? []);
    if (bad.join() !== told) {
      told = bad.join();
      problems(bad);
    }
    const good = broker.addresses.find(({ problem }) => problem === null);
    if (good && !linked) {
      linked = true;
      deferred.connect(linkTo(serverUrl(reached(good.address), { port: good.port, tls: "off" }), { own: access.own }));
    }
    timer = bad.length > 0 || !linked ? setTimeout(look, lookEvery) : undefined;
  };
  const deferred = deferredLink("the built-in broker does not listen yet");
  return {
    link: deferred.link,
    broker,
    async start() {
      log.info("no mqtt.server is configured: the built-in broker is started");
      await broker.start();
      look();
    },
    setSysInterval: (ms) => broker.setSysInterval(ms),
    problemsOf: (after) => accessProblems(after.broker),
    renewAccess(after) {
      renewAccess(access, after.broker, log);
      broker.expel();
    },
    async stop(farewell) {
      clearTimeout(timer);
      await deferred.link.stop(farewell);
      await broker.stop();
    },
  };
}

/** How this process reaches its own listener. */
function reached(address: string): string {
  return { "0.0.0.0": "127.0.0.1", "::": "::1" }[address] ?? address;
}

/** A link whose address is not known before the built-in broker listens; until then it is offline and says why. */
function deferredLink(problem: string): { link: Link; connect(link: Link): void } {
  let inner: Link | undefined;
  let looks = 0;
  return {
    connect(link) {
      inner = link;
      link.start();
    },
    link: {
      start: () => {},
      publish: (publication, settled) => inner?.publish(publication, settled) ?? false,
      relisten: () => inner?.relisten(),
      stop: async (farewell) => inner?.stop(farewell),
      get view() {
        return (
          inner?.view ?? {
            server: "built-in broker",
            online: false,
            version: null,
            since: null,
            problem,
            reconnects: 0,
            sent: 0,
            received: 0,
          }
        );
      },
      get bytes() {
        return inner?.bytes ?? { sent: 0, received: 0 };
      },
      get dropped() {
        return inner?.dropped ?? 0;
      },
      get refused() {
        return inner?.refused ?? 0;
      },
      get progress() {
        return inner?.progress ?? looks++;
      },
    },
  };
}
