import { createRequire } from "node:module";
import { release } from "node:os";
import { readHost } from "../../config/host.ts";
import type { Config } from "../../config/schema.ts";
import { serverUrls } from "../../config/server.ts";
import { readTls, SettingError } from "../certificate.ts";
import { type Client, connectAgent } from "../command/client.ts";
import { CommandError } from "../command/command.ts";
import { topicsOf } from "../core/topics.ts";
import { nodeFilters } from "../link-options.ts";
import { serverOf } from "../login-server.ts";
import type { BrokerLogin, Status } from "../protocol.ts";
import { subscriptionsOf } from "../subscriptions.ts";
import type { BrokerFacts, ChipFacts, Facts } from "./facts.ts";
import type { Fact } from "./finding.ts";
import { callerOf, readNames } from "./gather/accounts.ts";
import { probeBroker } from "./gather/broker.ts";
import { credentials, type GatheredConfig, gatherConfig } from "./gather/config.ts";
import { asRoot, deadline, within } from "./gather/deadline.ts";
import { chipsOfAgent, chipsOfKernel, gatherBoot, gatherPinmux, gatherPrograms } from "./gather/lines.ts";
import { gatherCertificates, gatherFiles, gatherSockets, gatherUnit } from "./gather/service.ts";
import { gatherClock, gatherDisk, gatherJournal, gatherMachine, gatherSupply } from "./gather/system.ts";
import { kept, say } from "./sentence.ts";

export interface GatherOptions {
  /** As on the command line: `config`, `socket`. */
  args: Readonly<Record<string, unknown>>;
  env: NodeJS.ProcessEnv;
  /** Where /proc, /sys, /etc and /boot are: the root, but in a test. */
  root?: string;
}

/** What is known without a configuration. */
const standard = { socket: "/run/pinbus/control.sock", view: "/run/pinbus/view.sock" };

/** Everything that `pinbus doctor` looks at, gathered at the same time, each with a deadline; changes nothing and requests no line. */
export async function gatherFacts({ args, env, root = "/" }: GatherOptions): Promise<Facts & { status: Status | undefined }> {
  const gathered = gatherConfig(args, env);
  const config = "value" in gathered.fact ? gathered.fact.value.config : undefined;
  const names = await readNames(root);
  const control = controlOf(args, env, config);
  const agent = askAgent(control.socket);
  const needed = <T>(look: (config: Config) => Promise<Fact<T>>, ms?: number): Promise<Fact<T>> =>
    within(async () => ("value" in gathered.fact ? look(gathered.fact.value.config) : gathered.fact), ms);
  const [machine, chips, boot, pinmux, programs, supply, clock, disk, journal, files, certificates, sockets, unit] = await Promise.all([
    within((signal) => gatherMachine(signal)),
    within(async (): Promise<Fact<ChipFacts>> => (await agent)?.chips ?? chipsOfKernel(config?.gpio.driver ?? "auto")),
    within(() => gatherBoot(root)),
    within(() => gatherPinmux(root)),
    within(() => gatherPrograms(root)),
    within((signal) => gatherSupply(root, signal)),
    within((signal) => gatherClock(signal)),
    needed((known) => gatherDisk(known.state_dir, root)),
    within(() => gatherJournal(root)),
    within(async () => ("value" in gathered.fact ? gatherFiles(gathered.fact.value, credentials, names) : gathered.fact)),
    needed(async (known) => ({ value: gatherCertificates(known) })),
    within((signal) => gatherSockets({ control }, names, signal)),
    within((signal) => gatherUnit(root, signal)),
  ]);
  // Last, so that its times are those of the network and not of what this process does besides.
  const brokers = await gatherBrokers(gathered, agent);
  return {
    now: Date.now(),
    node: { version: process.version, oldest: oldestNode() },
    kernel: release(),
    caller: callerOf(names),
    config: gathered.fact,
    configErrors: gathered.errors,
    accounts: names.accounts,
    agent: statusFact((await agent)?.status),
    ...{ machine, chips, boot, pinmux, programs, supply, clock, disk, journal, files, certificates, sockets, unit, brokers },
    status: (await agent)?.status,
  };
}

function statusFact(status: Status | undefined): Facts["agent"] {
  if (status === undefined) return { unknown: say`no agent answers here` };
  return { value: { health: status.health, problems: status.problems.map((sentence) => kept("problem", sentence)) } };
}

/** `>=20.19` in package.json. */
function oldestNode(): string {
  const { engines } = createRequire(import.meta.url)("pinbus/package.json") as { engines: { node: string } };
  return engines.node.replace(/^>=\s*/, "");
}

function controlOf({ socket }: GatherOptions["args"], env: NodeJS.ProcessEnv, config: Config | undefined): Config["control"] {
  const given = typeof socket === "string" ? socket : env.PINBUS_CONTROL_SOCKET;
  return given ? { socket: given, view: given.replace(/[^/]*$/, "view.sock") } : (config?.control ?? standard);
}

interface AgentAnswers {
  status: Status;
  chips: Fact<ChipFacts>;
  /** Undefined = it is told on the socket to operate only. */
  login: BrokerLogin | undefined;
  base: string;
}

/** What a running agent tells; undefined when none answers in time. */
async function askAgent(path: string): Promise<AgentAnswers | undefined> {
  const ending = new AbortController();
  const callOff = deadline(3000, () => ending.abort());
  let client: Client | undefined;
  try {
    client = await connectAgent(path, undefined, ending.signal);
    const [status, chips, login] = await Promise.all([
      client.request("status", {}),
      client.request("lines", {}),
      client.request("broker-login", {}).catch(() => undefined),
    ]);
    return { status, chips: { value: chipsOfAgent(status.driver, chips) }, login, base: client.hello.base };
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  } finally {
    callOff();
    client?.close();
  }
}

/** The brokers of the configuration; the built-in one, and one whose password this user may not read, as the agent tells. */
async function gatherBrokers({ fact, secrets }: GatheredConfig, asked: Promise<AgentAnswers | undefined>): Promise<Fact<BrokerFacts[]>> {
  const config = "value" in fact ? fact.value.config : undefined;
  if (config && secrets && config.mqtt.server.length > 0) return probeConfigured(config);
  const agent = await asked;
  if (!agent) {
    const unknown =
      config?.mqtt.server.length === 0
        ? say`the built-in broker runs in the agent, and no agent answers here`
        : say`how to reach the broker is not known`;
    return { unknown, mend: asRoot };
  }
  const { status, login, base } = agent;
  const deaf = (status.broker?.listeners ?? []).flatMap(({ address, port, problem }): BrokerFacts[] =>
    problem === null ? [] : [{ ...untouched(`${address}:${port}`), failed: { step: "tcp", why: kept("reason", problem) } }],
  );
  if (!login?.url)
    return deaf.length > 0
      ? { value: deaf }
      : { unknown: say`the agent tells how to reach its broker to those who may operate it`, mend: asRoot };
  const slash = base.lastIndexOf("/");
  const topics = topicsOf(base.slice(0, slash), base.slice(slash + 1));
  // Of an agent whose configuration this user may not read, what every one has.
  const isOwn = config && `${config.prefix}/${config.node}` === base;
  const filters = isOwn ? subscriptionsOf(config, readHost()) : [...nodeFilters(topics), topics.status];
  const found = await probeBroker({ server: serverOf(login, login.url), protocol: "auto", topics, filters });
  return { value: [...deaf, found] };
}

function untouched(server: string): Omit<BrokerFacts, "failed"> {
  return { server, steps: [], refused: [], certificate: null, version: null };
}

async function probeConfigured(config: Config): Promise<Fact<BrokerFacts[]>> {
  const { username, password, protocol } = config.mqtt;
  try {
    const { options } = readTls(config, Date.now());
    const topics = topicsOf(config.prefix, config.node);
    const who = { ...(username !== null && { username }), ...(password !== null && { password }) };
    const filters = subscriptionsOf(config, readHost());
    const all = serverUrls(config.mqtt).map((url) => probeBroker({ server: { url, ...who, ...options }, protocol, topics, filters }));
    return { value: await Promise.all(all) };
  } catch (error) {
    if (error instanceof SettingError) return { unknown: say`the files for TLS cannot be used, see configuration` };
    throw error;
  }
}
