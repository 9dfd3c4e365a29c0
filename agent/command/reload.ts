import { realpathSync } from "node:fs";
import { exit } from "../exit.ts";
import type { ReloadResult } from "../protocol.ts";
import { withAgent } from "./client.ts";
import { type Command, CommandError, complain, print, readArgs, socketOptions, socketPath } from "./command.ts";

const options = { ...socketOptions, json: { type: "boolean" } } as const;

/** `pinbus reload`: the agent reads its configuration again and applies it, or says why not. */
export const reload: Command = {
  usage: "[--json]",
  summary: "apply the changed configuration without a restart; a faulty one changes nothing",
  async run(args) {
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    const result = await ask("reload", values);
    if (values.json) print(JSON.stringify(result));
    else if (result.applied) show(result, "no setting has changed");
    tellProblems(result);
    if (result.applied) return exit.ok;
    for (const change of result.restart) complain(`${change}: restart the agent to apply it`);
    throw new CommandError(exit.refused, `${result.file} was not applied; the configuration before it goes on`);
  },
};

/** `pinbus diff`: what `pinbus reload` would do. Nothing moves. */
export const diff: Command = {
  usage: "[--json]",
  summary: "show what a reload would change",
  async run(args) {
    const { values } = readArgs(args, options, { min: 0, max: 0 });
    const result = await ask("diff", values);
    if (values.json) print(JSON.stringify(result));
    else if (result.problems.length === 0) show(result, `nothing differs from ${result.file}`);
    tellProblems(result);
    if (result.problems.length > 0) throw new CommandError(exit.config, `a reload of ${result.file} would be refused`);
    return exit.ok;
  },
};

async function ask(method: "reload" | "diff", values: { config?: string | undefined; socket?: string | undefined }): Promise<ReloadResult> {
  return withAgent(socketPath(values), async (client) => {
    if (values.config === undefined) return client.request(method, {});
    // Asked first: another file that happens to name this agent's socket must not cause a reload.
    const { file } = await client.request("diff", {});
    if (real(file) !== real(values.config)) {
      throw new CommandError(exit.refused, `the agent reads ${file}, not ${values.config}: change that one, or use \`pinbus check\``);
    }
    return client.request(method, {});
  });
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function show({ changes, restart }: ReloadResult, nothing: string): void {
  for (const change of changes) print(change);
  for (const change of restart) print(`${change}; needs a restart: until then a reload is refused`);
  if (changes.length + restart.length === 0) print(nothing);
}

function tellProblems({ problems }: ReloadResult): void {
  for (const problem of problems) complain(problem);
}
