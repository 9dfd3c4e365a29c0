import type { BrokerConfig } from "./client/target.ts";
import type { TerminalOptions } from "./shell/terminal.ts";

/** What the person asked for. */
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
  /** The process is about to end while the UI is open: by a signal, a bug, or a terminal that went away. Only synchronous work is done. */
  onEnd?: (() => void) | undefined;
}

const defaultSocket = "/run/pinbus/control.sock";

/** Which sockets to try, and whether the person named one: an agent that nobody named may be absent. */
export function socketsOf(options: TuiOptions): [sockets: string[], named: boolean] {
  const named = options.socket ?? options.env.PINBUS_CONTROL_SOCKET;
  if (named !== undefined && named !== "") return [[named], true];
  const { socket, view } = options.config?.control ?? { socket: defaultSocket, view: defaultSocket.replace("control.sock", "view.sock") };
  return [options.readOnly ? [view, socket] : [socket, view], options.host !== undefined];
}
