import type { Status } from "../agent/protocol.ts";
import { AgentError, AgentLink } from "./client/agent.ts";
import { dialSocket, type Ssh, ssh } from "./client/dial.ts";
import { PacketFile } from "./client/packet-file.ts";
import {
  agentBroker,
  type BrokerConfig,
  type BrokerTarget,
  configuredBrokers,
  formatBroker,
  parseBroker,
  usedBroker,
} from "./client/target.ts";
import type { Watcher } from "./client/watcher.ts";
import { type Action, createState, type Effect, type Publication } from "./model.ts";
import type { KeyEvent, Terminal, TerminalOptions } from "./shell/terminal.ts";
import { update } from "./update.ts";
import { drawFrame } from "./view/frame.ts";

export interface TuiOptions {
  /** The same configuration as the agent's, when it can be read; flags alone do as well. */
  config?: { mqtt: BrokerConfig; control: { socket: string; view: string } } | undefined;
  /** `--broker`: overrides the configuration and what the agent says. */
  broker?: string | undefined;
  /** `--socket`; else PINBUS_CONTROL_SOCKET, the configuration, /run/pinbus/control.sock. */
  socket?: string | undefined;
  /** `--host user@pi`: looks at another machine over one ssh connection. */
  host?: string | undefined;
  /** Topic filters instead of `#` and `$SYS/#`. */
  filters?: readonly string[] | undefined;
  readOnly?: boolean | undefined;
  ascii?: boolean | undefined;
  utf8?: boolean | undefined;
  env: NodeJS.ProcessEnv;
  stdin?: TerminalOptions["stdin"];
  stdout?: TerminalOptions["stdout"];
  /** Where a refusal is said; standard error unless given. */
  stderr?: { write(text: string): unknown } | undefined;
}

/** Of the table in agent/exit.ts. */
const exit = { ok: 0, refused: 1, usage: 64 } as const;
const defaultSocket = "/run/pinbus/control.sock";

/** Runs the terminal UI until the person leaves it; resolves with the exit code. */
export async function runTui(options: TuiOptions): Promise<number> {
  const stderr = options.stderr ?? process.stderr;
  let target: BrokerTarget | undefined;
  let configured: readonly BrokerTarget[] = [];
  let remote: Ssh | undefined;
  try {
    target = options.broker === undefined ? undefined : parseBroker(options.broker);
    if (options.host !== undefined) remote = ssh(options.host);
    // With --host the local configuration is about this machine, not about that one.
    else if (target === undefined && options.config !== undefined) configured = configuredBrokers(options.config.mqtt);
  } catch (error) {
    stderr.write(`pinbus tui: ${(error as Error).message}\n`);
    return exit.usage;
  }
  const [sockets, named] = socketsOf(options);
  // blessed is loaded only here: the agent never pays for it.
  const shell = await import("./shell/terminal.ts");
  const state = createState({
    cols: 80,
    rows: 24,
    now: Date.now(),
    readOnly: options.readOnly ?? false,
    node: options.host ?? "",
    agent: true,
  });

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
  let file: PacketFile | undefined;
  /** A file is being made. */
  let recording = false;
  /** The broker that is looked at. */
  let known = "";

  const act = (action: Action, urgent = false) => {
    for (const effect of update(state, action, Date.now())) perform(effect);
    terminal?.request(urgent);
  };
  const say = (text: string, ok: boolean) => act({ type: "said", text, ok });
  const isRefused = (error: unknown) => error instanceof AgentError && error.reason !== "unreachable";
  /** What every agent of this version does, one refuses; a lost link is told elsewhere. */
  const refused = (error: unknown) => {
    if (isRefused(error)) say(`is the agent older than this terminal? It says: ${(error as Error).message}`, false);
  };
  const failed = (error: unknown) => say(error instanceof Error ? error.message : String(error), false);

  const agent = new AgentLink({
    open: () => (remote === undefined ? dialSocket(sockets) : remote.open()),
    on: {
      online: (hello) => act({ type: "agent-online", hello }),
      offline(problem, absent) {
        act({ type: "agent-offline", problem, absent: absent && !named });
        // A forwarding of a connection that is gone leads nowhere.
        if (remote !== undefined) known = "";
      },
      status: (status) => void learn(status).catch(failed),
      push: (push) => act({ type: push.push, data: push.data } as Action),
    },
  });

  /** The agent said where its broker is. A flag comes first; of the brokers of the configuration it is the one that the agent uses. */
  async function learn(status: Status): Promise<void> {
    act({ type: "status", status });
    if (target !== undefined) return;
    const found = configured.length > 0 ? usedBroker(configured, status) : agentBroker(status);
    if (found === undefined || known === formatBroker(found)) return;
    known = formatBroker(found);
    try {
      await watch(remote === undefined ? found : { ...found, via: "socket", path: await remote.forward(found.host, found.port) });
    } catch (error) {
      known = "";
      throw error;
    }
  }

  async function watch(found: BrokerTarget): Promise<void> {
    act({ type: "mqtt-wanted", server: formatBroker(found) });
    if (watcher === undefined) {
      // The MQTT library takes longer to load than all the rest: a person shall see something before.
      await painted;
      const { Watcher } = await import("./client/watcher.ts");
      watcher ??= new Watcher({
        filters: options.filters ?? ["#", "$SYS/#"],
        on: {
          online: (version) => act({ type: "mqtt-online", version }),
          offline: (problem) => act({ type: "mqtt-offline", problem }),
          granted: (filter) => act({ type: "mqtt-granted", filter }),
          rtt: (ms) => act({ type: "mqtt-rtt", ms }),
          refused: (filter) => act({ type: "mqtt-refused", filter }),
          message(topic, payload, retain, qos) {
            message.topic = topic;
            message.payload = payload;
            message.retain = retain;
            message.qos = qos;
            update(state, message, Date.now());
            terminal?.request();
          },
        },
      });
    }
    watcher.use(found);
  }

  const effects: { [T in Effect["type"]]: (effect: Effect & { type: T }) => void } = {
    publish: ({ publication }) => publish(publication),
    set({ output, state: word }) {
      agent.request("set", { output, state: word, from: "tui" }).then((result) => {
        say(`${result.output} is ${result.state}${result.changed ? "" : " already"}`, true);
      }, failed);
    },
    press({ input, forMs }) {
      agent.request("sim-press", { input, for_ms: forMs }).then(() => say(`${input} was pressed for ${forMs} ms`, true), failed);
    },
    why({ output }) {
      agent.request("why", { output }).then(
        (changes) => act({ type: "why", output, changes }),
        () => undefined,
      );
    },
    trace({ after, wait }) {
      clearTimeout(asking);
      const ask = () => agent.request("trace", { after }).then((entries) => act({ type: "trace", entries }), refused);
      asking = setTimeout(ask, wait);
    },
    "record-start": () => void record().catch(failed),
    record: ({ entries }) => file?.write(entries),
    "record-stop"() {
      const ended = file;
      file = undefined;
      act({ type: "recording", path: null });
      if (ended !== undefined) ended.close().then(() => say(`recorded to ${ended.path}`, true), failed);
    },
    watch({ views }) {
      agent.request("watch", { views }).catch((error: unknown) => {
        refused(error);
        // The pins at least: every agent tells of them.
        if (views.length > 1 && isRefused(error)) agent.request("watch", { views: ["pins"] }).catch(refused);
      });
    },
    refresh: ({ filters }) => watcher?.refresh(filters),
    copy: ({ text }) => terminal?.copy(text),
    repaint: () => terminal?.repaint(),
    suspend: () => terminal?.suspend(),
    quit: () => finish(exit.ok),
  };
  function perform<T extends Effect["type"]>(effect: Effect & { type: T }): void {
    (effects[effect.type] as (effect: Effect & { type: T }) => void)(effect);
  }
  async function record(): Promise<void> {
    const onEnd = (problem: string) => {
      file = undefined;
      act({ type: "recording", path: null });
      say(problem, false);
    };
    if (recording) return;
    recording = true;
    try {
      file = await PacketFile.create({ env: options.env, now: new Date(), onEnd });
      act({ type: "recording", path: file.path });
    } finally {
      recording = false;
    }
  }
  function publish(publication: Publication): void {
    if (watcher === undefined) say("not connected to a broker: nothing was published", false);
    else watcher.publish(publication).then(() => say(`published to ${publication.topic}`, true), failed);
  }

  try {
    terminal = shell.openTerminal({
      ascii: options.ascii,
      utf8: options.utf8,
      env: options.env,
      stdin: options.stdin,
      stdout: options.stdout,
      draw(canvas) {
        drawFrame(state, canvas, Date.now());
        firstFrame();
        firstFrame = () => undefined;
      },
      onKey: (key: KeyEvent) => act({ type: "key", key: key.name, ...(key.text !== undefined && { text: key.text }) }, true),
      onPaste: (text) => act({ type: "paste", text }, true),
      onFocus: () => terminal?.request(),
      onResize: () => terminal !== undefined && act({ type: "resize", cols: terminal.cols, rows: terminal.rows }, true),
      onEnd: leave,
    });
  } catch (error) {
    remote?.close();
    if (!(error instanceof shell.TerminalRefused)) throw error;
    stderr.write(`pinbus tui: ${error.message}\n`);
    return exit.refused;
  }
  act({ type: "resize", cols: terminal.cols, rows: terminal.rows });
  const clock = setInterval(() => act({ type: "tick" }), 1000);
  function leave(): void {
    clearInterval(clock);
    clearTimeout(asking);
    void file?.close();
    watcher?.close();
    agent.close();
    remote?.close();
  }
  agent.start();
  const first = target ?? configured[0];
  if (first !== undefined) {
    known = formatBroker(first);
    void watch(first);
  }
  const code = await done;
  terminal.close();
  leave();
  await file?.close();
  return code;
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
