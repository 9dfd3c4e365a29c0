import { join } from "node:path";
import { isBridged } from "../config/bridge.ts";
import { protocolOf } from "../config/listeners.ts";
import type { Config } from "../config/schema.ts";
import { serverUrls } from "../config/server.ts";
import type { BridgeOptions } from "./bridge.ts";
import { accessProblems, createAccess, limitsOf, renewAccess } from "./broker-access.ts";
import { Certificates, readBrokerTls, readTls, SettingError } from "./certificate.ts";
import type { KeptFile } from "./core/model.ts";
import type { OwnUser } from "./embedded/access.ts";
import type { DialogueSettings } from "./embedded/dialogue-log.ts";
import { placeOf } from "./embedded/port-holder.ts";
import { type BrokerThread, createBrokerThread } from "./embedded/thread.ts";
import { homieFilters } from "./homie.ts";
import type { OwnBroker } from "./link-options.ts";
import { mqttioFilters } from "./mqttio.ts";
import { createOwnWay } from "./own-way.ts";
import type { Clock } from "./shell/clock.ts";
import type { Link, Publication } from "./shell/link.ts";
import { builtInUrl } from "./shell/link-dial.ts";
import type { Log } from "./shell/log.ts";
import { tasmotaFilters } from "./tasmota-topics.ts";

export interface BrokerLinkOptions {
  config: Config;
  version: string;
  log: Log;
  clock: Clock;
  /** Sentences about listeners that do not listen; empty when all do. */
  problems(problems: string[]): void;
  /** What is wrong with a file of the built-in broker, or with its bridge; null when nothing is any more. */
  onProblem(file: KeptFile, problem: string | null): void;
  /** For the bridge of the built-in broker. */
  bridge: Pick<BridgeOptions, "host" | "topics">;
  /** Makes the link to a broker, not started; `others` are tried when it cannot be used; `own` = the way to the one in this process. */
  link(url: string, more?: { others?: readonly string[]; own?: OwnBroker }): Link;
  /** What the thread of the built-in broker runs, given by tests; default: as it is built. */
  program?: URL;
}

/** Where a broker is, and as whom one comes to the one in this process. */
export interface BrokerWay {
  url: string;
  others: readonly string[];
  own?: OwnBroker;
}

export interface BrokerLink {
  /** For further links to the same broker, once it was started. */
  readonly way: BrokerWay;
  /** Always there; it starts with `start`. */
  readonly link: Link;
  /** The built-in broker, when no server is configured. */
  readonly broker: BrokerThread | undefined;
  /** As whom a terminal logs in there. */
  readonly terminal: OwnUser | undefined;
  start(): Promise<void>;
  /** Why a configuration could not be taken over. */
  problemsOf(config: Config): string[];
  /** After a reload: who may connect to the built-in broker, where those who may no more are disconnected, its certificates, and what it tells. */
  renew(config: Config): void;
  stop(farewell: readonly Publication[]): Promise<void>;
}

/** How often the certificate of the listeners is read again: what renews it need not know of us, and its end comes without anybody's doing. */
const certificateEvery = 3_600_000;

/** Where the link goes: to the configured server, or to the broker in this process, whether or not that one can listen. */
export function connectBroker(options: BrokerLinkOptions): BrokerLink {
  const { config, log } = options;
  const urls = serverUrls(config.mqtt);
  const [first, ...others] = urls;
  if (first !== undefined) {
    const link = options.link(first, { others });
    return {
      way: { url: first, others },
      link,
      broker: undefined,
      terminal: undefined,
      async start() {
        log.info(`the broker is ${urls.join(", else ")}; the built-in one is not started`);
        link.start();
      },
      problemsOf: () => [],
      renew() {},
      stop: (farewell) => link.stop(farewell),
    };
  }
  return builtIn(options);
}

function builtIn({
  config,
  version,
  log,
  clock,
  problems,
  onProblem,
  bridge: { host, topics },
  link: linkTo,
  program,
}: BrokerLinkOptions): BrokerLink {
  const access = createAccess(config.broker, log);
  let current = config;
  const certificates = new Certificates({
    owner: "built-in broker",
    log,
    onProblem: (problem) => onProblem("broker-certificate", problem),
    read() {
      const { options, expired, expiring } = readBrokerTls(current, clock.wall()) ?? { options: undefined, expired: null, expiring: null };
      return { options, problems: expired === null ? [] : [expired], warnings: expiring === null ? [] : [expiring] };
    },
  });
  const renewCertificates = () => {
    certificates.renew();
    broker.renew();
  };
  // What is wrong with its certificates is to be known before the start.
  if (isBridged(config)) readTls(config, clock.wall(), "bridge");
  const broker = createBrokerThread({
    bridge: isBridged(config)
      ? {
          config,
          host,
          onProblem,
          topics: {
            commandFilters: [
              ...topics.commandFilters,
              ...tasmotaFilters(config, host),
              ...mqttioFilters(config),
              ...homieFilters(config, host),
            ],
          },
        }
      : undefined,
    access,
    limits: limitsOf(config.broker),
    listeners: config.broker.listeners.map((listener) => ({ ...listener, protocol: protocolOf(listener) })),
    tls: () => certificates.current,
    origins: () => current.broker.origins,
    sysInterval: config.broker.sys_interval,
    dialogue: dialogueOf(config),
    store: {
      file: config.broker.persistence === "on" ? join(config.state_dir, "broker.jsonl") : null,
      maxQueued: config.broker.max_queued,
      sessionExpiry: config.broker.session_expiry,
      clock,
      log,
      onProblem: (problem) => onProblem("broker", problem),
    },
    version,
    log,
    now: () => clock.now(),
    changed: () => look(),
    ...(program && { program }),
  });
  let certificateTimer: NodeJS.Timeout | undefined;
  let told = "";
  const look = () => {
    const bad = [...new Set(broker.addresses.flatMap(({ problem }) => problem ?? []))];
    if (bad.join() !== told) {
      told = bad.join();
      problems(bad);
    }
  };
  const own = createOwnWay(access, broker);
  const link = linkTo(builtInUrl, { own });
  return {
    way: { url: builtInUrl, others: [], own },
    link,
    broker,
    terminal: access.terminal,
    async start() {
      log.info("no mqtt.server is configured: the built-in broker is started");
      await broker.start();
      for (const { protocol, address, port, problem } of broker.addresses)
        if (problem === null)
          log.info(`the built-in broker listens on ${placeOf(address, port)} (${protocol})`, {
            event: "listener-works",
            protocol,
            address,
            port,
          });
      renewCertificates();
      certificateTimer = setInterval(renewCertificates, certificateEvery).unref();
      link.start();
    },
    problemsOf: (after) => [...accessProblems(after.broker), ...certificateProblems(after, clock.wall())],
    renew(after) {
      current = after;
      renewCertificates();
      renewAccess(access, after.broker, log);
      broker.setSysInterval(after.broker.sys_interval);
      broker.setDialogue(dialogueOf(after));
      broker.expel();
      own.renewed();
    },
    async stop(farewell) {
      clearInterval(certificateTimer);
      await link.stop(farewell);
      // Behind the farewell, which may go out by its bridge.
      await broker.stop();
    },
  };
}

function certificateProblems(config: Config, wall: number): string[] {
  try {
    readBrokerTls(config, wall);
    return [];
  } catch (error) {
    if (error instanceof SettingError) return [error.message];
    throw error;
  }
}

function dialogueOf({ broker: { log } }: Config): DialogueSettings {
  return { connections: log.connections === "on", subscribes: log.subscribes === "on", topics: log.topics === "on" };
}
