import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import type { Status } from "../agent/protocol.ts";
import type { Action } from "./action.ts";
import { AgentError, AgentLink } from "./client/agent.ts";
import { BrokerFinder } from "./client/broker-finder.ts";
import { dialSocket } from "./client/dial.ts";
import { LogAsker } from "./client/log-asker.ts";
import { MessageFile } from "./client/message-file.ts";
import { PacketFile } from "./client/packet-file.ts";
import { Recorder } from "./client/recorder.ts";
import { Replay } from "./client/replay.ts";
import { Retained } from "./client/retained.ts";
import { keep, type LoadedSettings, loadSettings } from "./client/settings-file.ts";
import { Ssh } from "./client/ssh.ts";
import { type BrokerConfig, type BrokerTarget, configuredBrokers, formatBroker, parseBroker } from "./client/target.ts";
import type { Watcher } from "./client/watcher.ts";
import { loginName } from "./destination.ts";
import type { Effect } from "./effect.ts";
import { createState, type Publication } from "./model.ts";
import type { KeyEvent, Terminal, TerminalOptions } from "./shell/terminal.ts";
import { update } from "./update.ts";
import { drawFrame } from "./view/frame.ts";
import { visit } from "./visitor.ts";

export interface TuiOptions {
  /** The same configuration as the agent's, when it can be read; flags alone do as well. */
  config?: { mqtt: BrokerConfig; control: { socket: string; view: string } } | undefined;
  /** `--broker`: overrides the configuration and what the agent says. */
  broker?: string | undefined;
  /** `--socket`; else PINBUS_CONTROL_SOCKET, the configuration, /run/pinbus/control.sock. */
  socket?: string | undefined;
  /** `--host user@pi`: looks at another machine over one ssh connection. */
  host?: string | undefined;
  /** `--replay FILE`: a recording in place of a broker, and no agent. */
  replay?: string | undefined;
  /** Topic filters instead of `#` and `$SYS/#`. */
  filters?: readonly string[] | undefined;
  readOnly?: boolean | undefined;
  /** Starts as with `readOnly`, but with the socket that may operate: the topics of a broker with users come over that one only. */
  lookOnly?: boolean | undefined;
  /** The terminal that opened this one from its fleet, and waits for it. */
  from?: { leave(): void; quit(): void } | undefined;
  ascii?: boolean | undefined;
  utf8?: boolean | undefined;
  /** `--theme`: comes before the settings file. */
  theme?: string | undefined;
  /** `--settings`: a file in place of `~/.config/pinbus/tui.yaml`. */
  settings?: string | undefined;
  env: NodeJS.ProcessEnv;
  stdin?: TerminalOptions["stdin"];
  stdout?: TerminalOptions["stdout"];
  /** Where a refusal is said; standard error unless given. */
  stderr?: { write(text: string): unknown } | undefined;
}

/** Of the table in agent/exit.ts. */
const exit = { ok: 0, refused: 1, unreachable: 3, usage: 64 } as const;
const defaultSocket = "/run/pinbus/control.sock";

/** Runs the terminal UI until the person leaves it; resolves with the exit code. */
export async function runTui(options: TuiOptions): Promise<number> {
  const stderr = options.stderr ?? process.stderr;
  let target: BrokerTarget | undefined;
  let configured: readonly BrokerTarget[] = [];
  let remote: Ssh | undefined;
  let kept: LoadedSettings;
  let replay: Replay | undefined;
  try {
    kept = loadSettings(options);
    if (options.replay !== undefined) replay = await Replay.open(options.replay);
    target = options.broker === undefined ? undefined : parseBroker(options.broker);
    if (options.host !== undefined) remote = new Ssh({ host: options.host, readOnly: options.readOnly ?? false });
    // With --host the local configuration is about this machine, not about that one.
    else if (replay === undefined && target === undefined && options.config !== undefined)
      configured = configuredBrokers(options.config.mqtt);
  } catch (error) {
    stderr.write(`pinbus tui: ${(error as Error).message}\n`);
    return exit.usage;
  }
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
  let terminal: Terminal | undefined;
  let watcher: Watcher | undefined;
  let asking: NodeJS.Timeout | undefined;
  /** The broker tells of live messages whether they are retained. */
  let tells = false;
  /** The broker that is looked at, and how. */
  let known = "";

  const act = (action: Action, urgent = false) => {
    for (const effect of update(state, action, clock())) perform(effect);
    terminal?.request(urgent);
  };
  const say = (text: string, ok: boolean) => act({ type: "said", text, ok });
  const isRefused = (error: unknown) => error instanceof AgentError && error.reason !== "unreachable";
  /** What every agent of this version does, one refuses; a lost link is told elsewhere. */
  const refused = (error: unknown) => {
    if (isRefused(error)) say(`is the agent older than this terminal? It says: ${(error as Error).message}`, false);
  };
  const failed = (error: unknown) => say(error instanceof Error ? error.message : String(error), false);

  const retained = new Retained({ connect: () => watcher?.sibling(), on: (event) => act({ type: "retained", event }), env: options.env });
  const agent = new AgentLink({
    open: () => (remote === undefined ? dialSocket(sockets) : remote.open()),
    on: {
      online: (hello) => act({ type: "agent-online", hello }),
      offline(problem, absent) {
        act({ type: "agent-offline", problem, absent: absent && !named });
        finder.forget();
      },
      status: (status) => void learn(status).catch(failed),
      push: (push) => act({ type: push.push, data: push.data } as Action),
    },
  });

  const logs = new LogAsker({
    agent,
    answered: (answer) => act({ type: "service-log", answer }),
    refused: (from, unit, problem) => act({ type: "service-log-refused", from, unit, problem }),
  });

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
  const finder = new BrokerFinder({ configured, ask: () => agent.request("broker-login", {}) });

  /** The agent said where its broker is. A flag comes first. */
  async function learn(status: Status): Promise<void> {
    act({ type: "status", status });
    if (target !== undefined) return;
    const found = await finder.find(status, known === "");
    if (found === undefined) return;
    await watch(remote === undefined ? found : { ...found, socket: await remote.forward(found.host, found.port) });
  }

  async function watch(found: BrokerTarget): Promise<void> {
    const wanted = JSON.stringify(found);
    if (known === wanted) return;
    known = wanted;
    act({ type: "mqtt-wanted", server: formatBroker(found) });
    if (watcher === undefined) {
      // The MQTT library takes longer to load than all the rest: a person shall see something before.
      await painted;
      const { Watcher } = await import("./client/watcher.ts");
      watcher ??= new Watcher({
        filters: options.filters ?? kept.filters ?? ["#", "$SYS/#"],
        on: {
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
    }
    watcher.use(found);
    await loadDecoders();
  }

  async function loadDecoders(): Promise<void> {
    if (state.topics.detail.decoders.length === 0) act({ type: "decoders", decoders: (await import("./decoders.ts")).decoders });
  }

  const effects: { [T in Effect["type"]]: (effect: Effect & { type: T }) => void } = {
    publish: ({ publication }) => publish(publication),
    set({ output, state: word }) {
      const sent = performance.now();
      agent.request("set", { output, state: word, from: "tui" }).then((result) => {
        const took = Math.round(performance.now() - sent);
        say(`${result.output} is ${result.state}${result.changed ? "" : " already"}, answered in ${took} ms`, true);
      }, failed);
    },
    press({ input, forMs }) {
      agent.request("sim-press", { input, for_ms: forMs }).then(() => say(`${input} was pressed for ${forMs} ms`, true), failed);
    },
    play({ step, done }) {
      agent.request("sim-play", { steps: [step] }).then(() => say(done, true), failed);
    },
    why({ output }) {
      agent.request("why", { output }).then(
        (changes) => act({ type: "why", output, changes }),
        () => undefined,
      );
    },
    pin({ id }) {
      agent.request("pin", { id }).then(
        (detail) => act({ type: "pin", detail }),
        () => undefined,
      );
    },
    lines() {
      agent.request("lines", {}).then(
        (chips) => act({ type: "lines", chips }),
        () => undefined,
      );
    },
    trace({ after, wait }) {
      clearTimeout(asking);
      const ask = () => agent.request("trace", { after }).then((entries) => act({ type: "trace", entries }), refused);
      asking = setTimeout(ask, wait);
    },
    "service-log": ({ unit, from, run, after, wait }) => logs.ask({ unit, from, run, after }, wait),
    "control-service"({ unit, verb }) {
      agent.request("control-service", { unit, verb, by: person() }).then(({ done }) => {
        say(done ? `${unit}: ${verb} is done` : `${unit}: systemd is at it (${verb})`, true);
      }, failed);
    },
    "record-start": () => packets.turn(true),
    record: ({ entries }) => packets.file?.write(entries),
    "record-stop": () => packets.turn(false),
    "record-messages": ({ on }) => messages.turn(on),
    replay: (effect) => replay?.control(effect),
    watch({ views }) {
      agent.request("watch", { views }).catch((error: unknown) => {
        refused(error);
        // The pins at least: every agent tells of them.
        if (views.length > 1 && isRefused(error)) agent.request("watch", { views: ["pins"] }).catch(refused);
      });
    },
    refresh: ({ filters }) => watcher?.refresh(filters),
    retained: ({ wish }) => retained.perform(wish),
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
  function publish(publication: Publication): void {
    if (watcher === undefined) say("not connected to a broker: nothing was published", false);
    else watcher.publish(publication).then(() => say(`published to ${publication.topic}`, true), failed);
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
  const ticks = setInterval(() => act({ type: "tick" }), 1000);
  function leave(): void {
    clearInterval(ticks);
    clearTimeout(asking);
    logs.close();
    retained.close();
    void packets.close();
    void messages.close();
    watcher?.close();
    agent.close();
    remote?.close();
    replay?.close();
  }

  function leaveAll(): void {
    leave();
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
  const first = target ?? configured[0];
  if (first !== undefined) void watch(first);
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

/** Who sits here, for the log of the agent. */
function person(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return "somebody";
  }
}

/** One record for all messages: `update` copies what it keeps, and thousands come in a second. */
const message: Action & { type: "message" } = { type: "message", topic: "", payload: Buffer.alloc(0), retain: false, qos: 0 };

/** Which sockets to try, and whether the person named one: an agent that nobody named may be absent. */
function socketsOf(options: TuiOptions): [sockets: string[], named: boolean] {
  const named = options.socket ?? options.env.PINBUS_CONTROL_SOCKET;
  if (named !== undefined && named !== "") return [[named], true];
  const { socket, view } = options.config?.control ?? { socket: defaultSocket, view: defaultSocket.replace("control.sock", "view.sock") };
  return [options.readOnly ? [view, socket] : [socket, view], options.host !== undefined];
}
