import { exit } from "../exit.ts";
import { type Command, CommandError, load, readArgs, socketOptions, usageError } from "./command.ts";

/** `pinbus tui`: the terminal UI, a process of its own. */
export const tui: Command = {
  usage: "[--broker URL] [--host user@pi] [--replay FILE] [--read-only] [--ascii|--utf8] [--theme NAME] [--settings FILE] [--socket PATH]",
  summary: "the terminal UI",
  async run(args) {
    const options = {
      ...socketOptions,
      broker: { type: "string" },
      host: { type: "string" },
      replay: { type: "string" },
      "read-only": { type: "boolean" },
      theme: { type: "string" },
      settings: { type: "string" },
      ascii: { type: "boolean" },
      utf8: { type: "boolean" },
    } as const;
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    if (values.replay !== undefined && (values.broker ?? values.host ?? values.socket) !== undefined)
      throw usageError("--replay plays a recording in place of a broker and an agent: leave the others out");
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new CommandError(exit.usage, "tui needs a terminal; in a script use `pinbus status --json`, `pinbus get` or `mosquitto_sub`");
    }
    // Loaded here, so that no other command pays for blessed.
    const { runTui } = await import("../../tui/main.ts");
    const result = load(values, "read");
    const leave = result.ok ? result : load(values, "leave");
    return runTui({
      ...(leave.ok ? { config: leave.config } : {}),
      ...(values.socket === undefined ? {} : { socket: values.socket }),
      ...(values.host === undefined ? {} : { host: values.host }),
      ...(values.replay === undefined ? {} : { replay: values.replay }),
      ...(values.broker === undefined ? {} : { broker: values.broker }),
      theme: values.theme,
      settings: values.settings,
      readOnly: values["read-only"] === true,
      ascii: values.ascii === true,
      utf8: values.utf8 === true,
      env: process.env,
    });
  },
};
