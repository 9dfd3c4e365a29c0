import { type Command, complain } from "./command/command.ts";
import { exit } from "./exit.ts";
import { runCommand, runProgram } from "./program.ts";

/** The subcommands; each is loaded only when it is asked for, so that `get` does not pay for the agent. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./command/run.ts")).run,
  demo: async () => (await import("./command/demo.ts")).demo,
  tui: async () => (await import("./command/tui.ts")).tui,
  doctor: async () => (await import("./command/doctor.ts")).doctor,
  check: async () => (await import("./command/check.ts")).check,
  pins: async () => (await import("./command/pins.ts")).pins,
  sensors: async () => (await import("./command/sensors.ts")).sensors,
  keys: async () => (await import("./command/keys.ts")).keys,
  status: async () => (await import("./command/talk.ts")).status,
  get: async () => (await import("./command/talk.ts")).get,
  watch: async () => (await import("./command/watch.ts")).watch,
  set: async () => (await import("./command/talk.ts")).set,
  lock: async () => (await import("./command/talk.ts")).lock,
  unlock: async () => (await import("./command/talk.ts")).unlock,
  reload: async () => (await import("./command/reload.ts")).reload,
  diff: async () => (await import("./command/reload.ts")).diff,
  resync: async () => (await import("./command/operate.ts")).resync,
  identify: async () => (await import("./command/operate.ts")).identify,
  "log-level": async () => (await import("./command/operate.ts")).logLevel,
  diag: async () => (await import("./command/diag.ts")).diag,
  why: async () => (await import("./command/why.ts")).why,
  sim: async () => (await import("./command/sim.ts")).sim,
  trace: async () => (await import("./command/trace.ts")).trace,
  sub: async () => (await import("./command/sub.ts")).sub,
  pub: async () => (await import("./command/pub.ts")).pub,
  record: async () => (await import("./command/record.ts")).record,
  rules: async () => (await import("./command/rules.ts")).rules,
  controllers: async () => (await import("./command/controllers.ts")).controllers,
  safe: async () => (await import("./command/safe.ts")).safe,
  attach: async () => (await import("./command/talk.ts")).attach,
  passwd: async () => (await import("./command/passwd.ts")).passwd,
  service: async () => (await import("./command/service.ts")).service,
  import: async () => (await import("./command/import.ts")).importConfig,
  init: async () => (await import("./command/init.ts")).init,
};

/** Runs the subcommand that is asked for; resolves with the exit code. Called once. */
export function runCli(args: string[]): Promise<number> {
  return runProgram(() => main(args));
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(await help());
    return name === undefined ? exit.usage : exit.ok;
  }
  if (name === "--version") {
    const { readVersion } = await import("./version.ts");
    process.stdout.write(`pinbus ${readVersion()}\n`);
    return exit.ok;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    const { suggest } = await import("../config/suggest.ts");
    const meant = suggest(name, Object.keys(commands));
    complain(`pinbus: there is no command ${JSON.stringify(name)}${meant ? `; did you mean ${meant}?` : ""}; \`pinbus --help\` lists them`);
    return exit.usage;
  }
  return runCommand(name, await load(), args);
}

async function help(): Promise<string> {
  const lines = ["pinbus puts the pins of a Raspberry Pi on the MQTT bus.", "", "usage: pinbus <command> [options]", ""];
  const width = Math.max(...Object.keys(commands).map(({ length }) => length)) + 2;
  for (const [name, load] of Object.entries(commands)) lines.push(`  ${name.padEnd(width)}${(await load()).summary}`);
  return `${[...lines, "", "`pinbus <command> --help` tells more; --version prints the version."].join("\n")}\n`;
}
