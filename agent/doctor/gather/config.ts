import { readHost } from "../../../config/host.ts";
import { defaultConfigFile, type LoadResult, loadConfig } from "../../../config/load.ts";
import { formatProblem, type Problem } from "../../../config/problem.ts";
import { fileProblem } from "../../command/check.ts";
import type { ConfigFacts, Mendable } from "../facts.ts";
import type { Fact } from "../finding.ts";
import { kept, keptWord, type Sentence, say } from "../sentence.ts";
import { asRoot } from "./deadline.ts";

export interface GatheredConfig {
  fact: Fact<ConfigFacts>;
  errors: readonly Mendable[];
  /** Whether the passwords were read, too. */
  secrets: boolean;
}

/** The folder of `LoadCredential=` in the unit: what the service gets as a credential, root finds here. */
export const credentials = "/etc/pinbus/credentials";

const needed = say`it needs the configuration`;

/** The configuration as the service reads it, with its passwords if this user may read them. */
export function gatherConfig(args: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): GatheredConfig {
  const options = { env: { CREDENTIALS_DIRECTORY: credentials, ...env }, args, host: readHost() };
  const whole = loadConfig(options);
  if (whole.ok) return known(whole, [], true);
  const errors = whole.problems.filter(({ severity }) => severity === "error");
  const again = [say`pinbus check --config ${keptWord("file", whole.file)}`];
  const said = errors.map((problem) => ({ what: sentenceOf(problem), mend: again }));
  // What is wrong may be the passwords alone.
  const open = loadConfig({ ...options, secrets: "leave" });
  if (open.ok) return known(open, said, false);
  const isDenied = errors.some(({ line, message }) => line === 0 && message === "the file may not be read by this user");
  if (isDenied)
    return { fact: { unknown: say`this user may not read ${kept("file", whole.file)}`, mend: asRoot }, errors: [], secrets: false };
  const isMissing = errors.some(({ line, message }) => line === 0 && message === "there is no such file");
  const missing = {
    what: say`there is no ${kept("file", whole.file)}`,
    mend: [say`sudo pinbus init --config ${keptWord("file", whole.file)}`],
  };
  return { fact: { unknown: needed }, errors: isMissing ? [missing] : said, secrets: false };
}

function known(loaded: LoadResult & { ok: true }, errors: readonly Mendable[], secrets: boolean): GatheredConfig {
  const warnings: Sentence[] = loaded.warnings.map(sentenceOf);
  const problem = fileProblem(loaded.config, (text) => warnings.push(kept("warning", text)));
  const place = problem && loaded.sourceOf(problem.path);
  const own = problem && {
    what: say`${kept("place", `${place}: ${problem.message}`)}`,
    mend: [say`pinbus check --config ${keptWord("file", loaded.file)}`],
  };
  const { config, file, files } = loaded;
  return {
    fact: { value: { file, standard: file === defaultConfigFile, config, files, warnings } },
    errors: own ? [...errors, own] : errors,
    secrets,
  };
}

/** Elsewhere only the place is told: what is wrong may repeat what stands there. */
function sentenceOf(problem: Problem): Sentence {
  return { here: formatProblem(problem), abroad: `${problem.severity} in line ${problem.line}, column ${problem.column}` };
}
