import { basename } from "node:path";
import type { Action } from "./action.ts";
import { agentEffects } from "./agent-effects.ts";
import { AgentLink } from "./client/agent.ts";
import { BrokerLink } from "./client/broker-link.ts";
import { dialSocket } from "./client/dial.ts";
import { MessageFile } from "./client/message-file.ts";
import { PacketFile } from "./client/packet-file.ts";
import { Recorder } from "./client/recorder.ts";
import { Replay } from "./client/replay.ts";
import { Retained } from "./client/retained.ts";
import { keep, loadSettings } from "./client/settings-file.ts";
import { Ssh } from "./client/ssh.ts";
import { type BrokerTarget, configuredBrokers, parseBroker } from "./client/target.ts";
import { loginName } from "./destination.ts";
import type { Effect, Performers } from "./effect.ts";
import { messageOf } from "./message-of.ts";
import { createState } from "./model.ts";
import { socketsOf, type TuiOptions } from "./options.ts";
import type { KeyEvent, LiveTerminal } from "./shell/terminal.ts";
import { update } from "./update.ts";
import { drawFrame } from "./view/frame.ts";
import { visit } from "./visitor.ts";

/** Of the table in agent/exit.ts. */
const exit = { ok: 0, refused: 1, unreachable: 3, usage: 64 } as const;

/** Runs the terminal UI until the person leaves it; resolves with the exit code. */
export async function runTui(options: TuiOptions): Promise<number> {
  const stderr = options.stderr ?? process.stderr;
  let sources: Sources;
  try {
    sources = await sourcesOf(options);
  } catch (error) {
    stderr.write(`pinbus tui: ${(error as Error).message}\n`);
    return exit.usage;
  }
  const { kept, replay, target, configured, remote } = sources;
  if (remote !== undefined) {
    const problem = await remote.login(stderr);
    if (problem !== null) {
      stderr.write(`pinbus tui: ${problem}\n`);
      return exit.unreachable;
    }
  }
  const [sockets, named] = socketsOf(options);
  const clock = () => replay?.now ?? Date.now();
  // blessed is loaded only here: the agent never pays for it.
  const shell = await import("./shell/terminal.ts");
  const state = createState({
    cols: 80,
    rows: 24,
    now: clock(),
    readOnly: options.readOnly || options.lookOnly || replay !== undefined,
    node: options.host ?? "",
    user: loginName(options.host, options.env),
    agent: replay === undefined,
    replay: options.replay && basename(options.replay),
    settings: kept.settings,
  });

  let { look } = kept;
  let finish: (code: number) => void = () => undefined;
  const done = new Promise<number>((resolve) => {
    finish = resolve;
  });
  let firstFrame: () => void = () => undefined;
  const painted = new Promise<void>((resolve) => {
    firstFrame = () => setImmediate(resolve);
  });
  let terminal: LiveTerminal | undefined;
  /** The broker tells of live messages whether they are retained. */
  let tells = false;

  const act = (action: Action, urgent = false) => {
    for (const effect of update(state, action, clock())) perform(effect);
    terminal?.request(urgent);
  };
  const say = (text: string, ok: boolean) => act({ type: "said", text, ok });
  const failed = (error: unknown) => say(messageOf(error), false);

  const agent = new AgentLink({
    open: () => (remote === undefined ? dialSocket(sockets) : remote.open()),
    on: {
      online: (hello) => act({ type: "agent-online", hello }),
      offline(problem, absent) {
        act({ type: "agent-offline", problem, absent: absent && !named });
        broker.forget();
      },
      status(status) {
        act({ type: "status", status });
        void broker.learn(status).catch(failed);
      },
      push: (push) => act({ type: push.push, data: push.data } as Action),
    },
  });
  const broker = new BrokerLink({
    target,
    configured,
    filters: options.filters ?? kept.filters ?? ["#", "$SYS/#"],
    ask: () => agent.request("broker-login", {}),
    forward: remote && ((host, port) => remote.forward(host, port)),
    painted,
    on: {
      wanted: (server) => act({ type: "mqtt-wanted", server }),
      dialled: loadDecoders,
      online(version) {
        tells = version === "5";
        act({ type: "mqtt-online", version });
      },
      offline: (problem) => act({ type: "mqtt-offline", problem: remote?.explain(problem) ?? problem }),
      granted: (filter) => act({ type: "mqtt-granted", filter }),
      rtt: (ms) => act({ type: "mqtt-rtt", ms }),
      refused: (filter) => act({ type: "mqtt-refused", filter }),
      message(topic, payload, retain, qos) {
        message.topic = topic;
        message.payload = payload;
        message.retain = retain;
        message.qos = qos;
        const at = Date.now();
        update(state, message, at);
        messages.file?.add({ at, topic, payload, qos, retain: retain || tells ? retain : null });
        terminal?.request();
      },
    },
  });
  const asks = agentEffects({ agent, act, say, failed });
  const retained = new Retained({ connect: () => broker.sibling(), on: (event) => act({ type: "retained", event }), env: options.env });
  const ofRecorder = { env: options.env, say };
  const packets = new Recorder({
    ...ofRecorder,
    create: (of) => PacketFile.create(of),
    changed: (path) => act({ type: "recording", path }),
  });
  const messages = new Recorder({
    ...ofRecorder,
    create: (of) => MessageFile.create(of),
    changed: (path) => act({ type: "message-file", path }),
  });

  async function loadDecoders(): Promise<void> {
    if (state.topics.detail.decoders.length === 0) act({ type: "decoders", decoders: (await import("./decoders.ts")).decoders });
  }

  const effects: Performers = {
    ...asks.table,
    publish({ publication }) {
      broker.publish(publication).then(() => say(`published to ${publication.topic}`, true), failed);
    },
    refresh: ({ filters }) => broker.refresh(filters),
    retained: ({ wish }) => retained.perform(wish),
    "record-start": () => packets.turn(true),
    record: ({ entries }) => packets.file?.write(entries),
    "record-stop": () => packets.turn(false),
    "record-messages": ({ on }) => messages.turn(on),
    replay: (effect) => replay?.control(effect),
    keep: ({ change }) => void keep(kept.path, change).catch(failed),
    mouse: ({ on }) => terminal?.mouse(on),
    theme({ theme }) {
      look = { ...look, theme };
      terminal?.look(look);
    },
    copy: ({ text }) => terminal?.copy(text),
    repaint: () => terminal?.repaint(),
    suspend: () => terminal?.suspend(),
    attach: ({ destination, readOnly }) => void goTo(destination, readOnly),
    quit({ all }) {
      if (all) options.from?.quit();
      finish(exit.ok);
    },
  };
  function perform<T extends Effect["type"]>(effect: Effect & { type: T }): void {
    (effects[effect.type] as (effect: Effect & { type: T }) => void)(effect);
  }

  const openTerminal = () =>
    shell.openTerminal({
      ascii: options.ascii,
      utf8: options.utf8,
      look,
      env: options.env,
      stdin: options.stdin,
      stdout: options.stdout,
      draw(canvas) {
        drawFrame(state, canvas, clock());
        firstFrame();
        firstFrame = () => undefined;
      },
      onKey: (key: KeyEvent) => act({ type: "key", key: key.name, ...(key.text !== undefined && { text: key.text }) }, true),
      onPaste: (text) => act({ type: "paste", text }, true),
      onFocus: () => terminal?.request(),
      onResize: () => resized(),
      onEnd: () => leaveAll(),
    });
  const resized = () => terminal !== undefined && act({ type: "resize", cols: terminal.cols, rows: terminal.rows }, true);
  try {
    terminal = openTerminal();
  } catch (error) {
    remote?.close();
    replay?.close();
    if (!(error instanceof shell.TerminalRefused)) throw error;
    stderr.write(`pinbus tui: ${error.message}\n`);
    return exit.refused;
  }
  resized();
  if (kept.problem !== null) say(kept.problem, false);
  if (options.from !== undefined) say(`looking at ${options.host}; q returns to the fleet`, true);
  const ticks = setInterval(() => act({ type: "tick", ...(terminal && { screen: terminal.facts() }) }), 1000);
  function leave(): void {
    clearInterval(ticks);
    asks.close();
    retained.close();
    void packets.close();
    void messages.close();
    broker.close();
    agent.close();
    remote?.close();
    replay?.close();
  }

  function leaveAll(): void {
    leave();
    options.onEnd?.();
    options.from?.leave();
  }

  /** Another terminal UI takes this terminal; this one goes on unseen until the person comes back. */
  async function goTo(destination: string, lookOnly: boolean): Promise<void> {
    terminal?.close();
    terminal = undefined;
    let over = false;
    const from = {
      leave: leaveAll,
      quit() {
        over = true;
      },
    };
    const { text, ok } = await visit({ run: runTui, options, destination, lookOnly, from });
    if (over) {
      options.from?.quit();
      finish(exit.ok);
      return;
    }
    terminal = openTerminal();
    if (state.mouse) terminal.mouse(true);
    resized();
    say(text, ok);
  }

  if (replay === undefined) agent.start();
  else play(replay);
  broker.start();
  const code = await done;
  terminal?.close();
  leave();
  await Promise.all([packets.close(), messages.close()]);
  return code;

  function play(source: Replay): void {
    act({ type: "mqtt-wanted", server: source.path });
    act({ type: "mqtt-online", version: "5" });
    void loadDecoders();
    source.start({
      message({ at, topic, payload, qos, retain }) {
        update(state, { type: "message", topic, payload, qos, retain }, at);
        terminal?.request();
      },
      progress: (progress) => act({ type: "replayed", ...progress }),
      problem: (sentence) => say(sentence, false),
    });
  }
}

/** One record for all messages: `update` copies what it keeps, and thousands come in a second. */
const message: Action & { type: "message" } = { type: "message", topic: "", payload: Buffer.alloc(0), retain: false, qos: 0 };

type Sources = Awaited<ReturnType<typeof sourcesOf>>;

/** Where the options say that things are. Rejects with a sentence. */
async function sourcesOf(options: TuiOptions) {
  const kept = await loadSettings(options);
  const replay = options.replay === undefined ? undefined : await Replay.open(options.replay);
  const target = options.broker === undefined ? undefined : parseBroker(options.broker);
  const remote = options.host === undefined ? undefined : new Ssh({ host: options.host, readOnly: options.readOnly ?? false });
  let configured: readonly BrokerTarget[] = [];
  // With --host the local configuration is about this machine, not about that one.
  if (remote === undefined && replay === undefined && target === undefined && options.config !== undefined)
    configured = configuredBrokers(options.config.mqtt);
  return { kept, replay, target, remote, configured };
}
