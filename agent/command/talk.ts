import { exit } from "../exit.ts";
import type { SwitchWord } from "../protocol.ts";
import { open, withAgent } from "./client.ts";
import { type Command, durationOption, print, readArgs, socketOptions, socketPath, usageError } from "./command.ts";

// The commands that ask a running agent one thing. Results go to stdout, problems to stderr.

const jsonOption = { json: { type: "boolean" } } as const;

export const status: Command = {
  usage: "[--json]",
  summary: "is it well, and if not, why",
  async run(args) {
    const { values } = readArgs(args, { ...socketOptions, ...jsonOption }, { min: 0, max: 0 });
    const answer = await withAgent(socketPath(values), (client) => client.request("status", {}));
    if (values.json) print(JSON.stringify(answer));
    else {
      const { link, counts } = answer;
      print(`${answer.node}: ${answer.health}`);
      for (const problem of answer.problems) print(`  problem: ${problem}`);
      print(`  pinbus ${answer.version}, up ${answer.uptime_s} s, pid ${answer.pid}`);
      print(`  driver ${answer.driver}: ${answer.chips.join(", ") || "no chip"}`);
      print(
        `  broker ${link.server}: ${link.online ? `online with MQTT ${link.version} since ${link.since}` : `not online: ${link.problem}`}`,
      );
      for (const { id, state, since } of answer.peers) print(`  peer ${id}: ${state}${since === null ? "" : ` since ${since}`}`);
      for (const { address, port, problem } of answer.broker?.listeners ?? [])
        print(`  built-in broker ${address} port ${port}: ${problem ?? "listens"}`);
      print(
        `  ${counts.inputs} inputs, ${counts.outputs} outputs, ${counts.rules} rules; ${counts.edges} edges, ${counts.commands} commands, ${counts.refused} refused`,
      );
    }
    return answer.health === "ok" ? exit.ok : answer.health === "degraded" ? exit.refused : exit.failing;
  },
};

export const get: Command = {
  usage: "<input or output> [--json]",
  summary: "print ON or OFF",
  async run(args) {
    const { values, positionals } = readArgs(args, { ...socketOptions, ...jsonOption }, { min: 1, max: 1 });
    const [id = ""] = positionals;
    const answer = await withAgent(socketPath(values), (client) => client.request("get", { id }));
    print(values.json ? JSON.stringify(answer) : answer.state);
    return exit.ok;
  },
};

const words: Readonly<Record<string, SwitchWord>> = { on: "ON", off: "OFF", toggle: "TOGGLE", pulse: "PULSE" };

export const set: Command = {
  usage: "<output> on|off|toggle|pulse [--for 500ms] [--json]",
  summary: "switch an output",
  async run(args) {
    const options = { ...socketOptions, ...jsonOption, for: { type: "string" } } as const;
    const { values, positionals } = readArgs(args, options, { min: 2, max: 2 });
    const [output = "", text = ""] = positionals;
    const state = Object.hasOwn(words, text.toLowerCase()) ? words[text.toLowerCase()] : undefined;
    if (!state) throw usageError(`set takes on, off, toggle or pulse, not ${JSON.stringify(text)}`);
    const forMs = durationOption("for", values.for);
    const params = { output, state, from: "cli" as const, ...(forMs === undefined ? {} : { for_ms: forMs }) };
    const answer = await withAgent(socketPath(values), (client) => client.request("set", params));
    print(values.json ? JSON.stringify(answer) : answer.state);
    return exit.ok;
  },
};

function lockCommand(locked: boolean): Command {
  return {
    usage: "<output>",
    summary: locked ? "keep an output from moving: everything is refused but its safe ends" : "let a locked output move again",
    async run(args) {
      const { values, positionals } = readArgs(args, socketOptions, { min: 1, max: 1 });
      const [output = ""] = positionals;
      await withAgent(socketPath(values), (client) => client.request("lock", { output, locked, from: "cli" }));
      return exit.ok;
    },
  };
}

export const lock = lockCommand(true);
export const unlock = lockCommand(false);

export const why: Command = {
  usage: "<output> [--json]",
  summary: "the last changes of an output with their causes",
  async run(args) {
    const { values, positionals } = readArgs(args, { ...socketOptions, ...jsonOption }, { min: 1, max: 1 });
    const [output = ""] = positionals;
    const changes = await withAgent(socketPath(values), (client) => client.request("why", { output }));
    if (values.json) print(JSON.stringify(changes));
    else for (const { at, text, until } of changes) print(`${at}  ${text}${until === null ? "" : ` at ${until}`}`);
    return exit.ok;
  },
};

export const sim: Command = {
  usage: "press <input> [--for 120ms] [--bounce 5ms]",
  summary: "press a button of the simulated board of a running agent",
  async run(args) {
    const options = { ...socketOptions, for: { type: "string" }, bounce: { type: "string" } } as const;
    const { values, positionals } = readArgs(args, options, { min: 2, max: 2 });
    const [verb, input = ""] = positionals;
    if (verb !== "press") throw usageError(`sim takes press, not ${JSON.stringify(verb)}`);
    const forMs = durationOption("for", values.for);
    const bounceMs = durationOption("bounce", values.bounce);
    const params = { input, ...(forMs === undefined ? {} : { for_ms: forMs }), ...(bounceMs === undefined ? {} : { bounce_ms: bounceMs }) };
    await withAgent(socketPath(values), (client) => client.request("sim-press", params));
    return exit.ok;
  },
};

export const attach: Command = {
  usage: "",
  summary: "bridge the control socket to stdin and stdout (for `tui --host`)",
  async run(args) {
    const { values } = readArgs(args, socketOptions, { min: 0, max: 0 });
    const socket = await open(socketPath(values));
    process.stdin.pipe(socket);
    socket.pipe(process.stdout);
    await new Promise<void>((resolve) => {
      socket.on("close", resolve);
      socket.on("error", () => socket.destroy());
      process.stdout.on("error", () => socket.destroy());
    });
    process.stdin.destroy();
    return exit.ok;
  },
};
