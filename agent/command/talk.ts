import { exit } from "../exit.ts";
import type { PwmView, SetResult, Status, SwitchWord, WaitingView } from "../protocol.ts";
import { open, withAgent } from "./client.ts";
import { type Command, durationOption, numbered, print, readArgs, socketOptions, socketPath, socketPaths, usageError } from "./command.ts";
import { sensorText } from "./sensor-text.ts";

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
      for (const [setting, name] of Object.entries(answer.given ?? {})) print(`  ${setting} is given by ${name}`);
      print(`  driver ${answer.driver}: ${answer.chips.join(", ") || "no chip"}`);
      print(`  broker ${linkLine(link)}`);
      const bridge = answer.broker?.bridge;
      for (const line of outboxLines(answer.outbox)) print(`  ${line}`);
      for (const { id, state, since } of answer.peers) print(`  peer ${id}: ${state}${since === null ? "" : ` since ${since}`}`);
      for (const { protocol, address, port, problem } of answer.broker?.listeners ?? [])
        print(`  built-in broker ${address} port ${port} (${protocol}): ${problem ?? "listens"}`);
      if (bridge) {
        print(`  bridge to ${linkLine(bridge)}`);
        for (const line of waitingLines("bridge", "message", bridge)) print(`  ${line}`);
      }
      for (const [id, { total, unit, rate, rate_unit, lost }] of Object.entries(answer.counters ?? {})) {
        const speed = rate === null ? "" : `, ${rate} ${rate_unit}`;
        print(`  ${id}: ${total}${unit === null ? "" : ` ${unit}`}${speed}${lost > 0 ? `, ${lost} edges lost` : ""}`);
      }
      for (const [id, sensor] of Object.entries(answer.sensors ?? {})) print(`  ${id}: ${sensorText(sensor)}`);
      print(
        `  ${numbered(counts.inputs, "input")}, ${numbered(counts.outputs, "output")}, ${numbered(counts.rules, "rule")}; ${numbered(counts.edges, "edge")}, ${numbered(counts.commands, "command")}, ${counts.refused} refused`,
      );
    }
    return answer.health === "ok" ? exit.ok : answer.health === "degraded" ? exit.refused : exit.failing;
  },
};

export const get: Command = {
  usage: "<input, output, PWM or sensor> [--json]",
  summary: "print ON or OFF, the level of a PWM, the total of a counter, or what a sensor says and how old that is",
  async run(args) {
    const { values, positionals } = readArgs(args, { ...socketOptions, ...jsonOption }, { min: 1, max: 1 });
    const [id = ""] = positionals;
    const answer = await withAgent(socketPath(values), (client) => client.request("get", { id }));
    const text = answer.kind === "sensor" ? sensorText(answer) : answer.kind === "pwm" ? levelText(answer.pwm) : answer.state;
    print(values.json ? JSON.stringify(answer) : text);
    // A script must not take the last value of a sensor for its present one.
    return answer.kind === "sensor" && answer.quality !== "ok" ? exit.refused : exit.ok;
  },
};

const words: Readonly<Record<string, SwitchWord>> = { on: "ON", off: "OFF", toggle: "TOGGLE", pulse: "PULSE" };

export const set: Command = {
  usage: "<output> on|off|toggle|pulse [--for 500ms] [--json], <PWM> 40% [--fade 2s], or <counter> TOTAL",
  summary: "switch an output, set the level of a PWM, or the total of a counter",
  async run(args) {
    const options = { ...socketOptions, ...jsonOption, for: { type: "string" }, fade: { type: "string" } } as const;
    const { values, positionals } = readArgs(args, options, { min: 2, max: 2 });
    const [output = "", text = ""] = positionals;
    const [forMs, fadeMs] = [durationOption("for", values.for), durationOption("fade", values.fade)];
    const times = { ...(forMs === undefined ? {} : { for_ms: forMs }), ...(fadeMs === undefined ? {} : { fade_ms: fadeMs }) };
    const [, digits, percent] = /^(-?\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
    if (digits !== undefined && (percent === "%" || (await isPwm(socketPath(values), output)))) {
      const params = { output, value: Number(digits), from: "cli" as const, ...times };
      const answer = await withAgent(socketPath(values), (client) => client.request("set", params));
      print(values.json ? JSON.stringify(answer) : resultText(answer));
      return exit.ok;
    }
    if (digits !== undefined) {
      if (values.for !== undefined || values.fade !== undefined) throw usageError("--for and --fade do not go with a counter");
      const params = { counter: output, total: Number(text), from: "cli" as const };
      const answer = await withAgent(socketPath(values), (client) => client.request("set-counter", params));
      print(values.json ? JSON.stringify(answer) : String(answer.total));
      return exit.ok;
    }
    const state = Object.hasOwn(words, text.toLowerCase()) ? words[text.toLowerCase()] : undefined;
    if (!state) throw usageError(`set takes on, off, toggle, pulse or a level like 40%, not ${JSON.stringify(text)}`);
    const params = { output, state, from: "cli" as const, ...times };
    const answer = await withAgent(socketPath(values), (client) => client.request("set", params));
    print(values.json ? JSON.stringify(answer) : resultText(answer));
    return exit.ok;
  },
};

/** A bare number is the level of a PWM, or the total of a counter. */
async function isPwm(socket: string, id: string): Promise<boolean> {
  return (await withAgent(socket, (client) => client.request("get", { id }))).kind === "pwm";
}

/** `40 %`; `0 % -> 100 %` while it fades. */
function levelText({ value, target, unit }: PwmView): string {
  const now = value === null ? "UNKNOWN" : `${value} ${unit}`;
  return target === null ? now : `${now} -> ${target} ${unit}`;
}

function resultText({ state, value, target }: SetResult): string {
  if (value === undefined) return state;
  return target === undefined ? `${state} ${value}` : `${state} ${value} -> ${target}`;
}

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

export const attach: Command = {
  usage: "[--read-only]",
  summary: "bridge the control socket, or the one that may only look, to stdin and stdout (for `tui --host`)",
  async run(args) {
    const { values } = readArgs(args, { ...socketOptions, "read-only": { type: "boolean" } }, { min: 0, max: 0 });
    const paths = socketPaths(values);
    const socket = await open(values["read-only"] ? paths.view : paths.socket);
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

function linkLine({ server, online, version, since, problem }: Status["link"]): string {
  return `${server}: ${online ? `online with MQTT ${version} since ${since}` : `not online: ${problem}`}`;
}

/** Nothing while nothing waits and nothing was lost. */
function outboxLines({ telemetry, ...events }: Status["outbox"]): string[] {
  return [...waitingLines("outbox", "event", events), ...(telemetry ? waitingLines("telemetry", "reading", telemetry) : [])];
}

function waitingLines(name: string, one: string, { waiting, oldest_ms: oldest, dropped }: WaitingView): string[] {
  if (waiting === 0 && dropped === 0) return [];
  const age = oldest === null ? "" : `, the oldest for ${Math.round(oldest / 1000)} s`;
  return [`${name}: ${waiting} ${one}${waiting === 1 ? " waits" : "s wait"} for the broker${age}; ${dropped} lost since the start`];
}
