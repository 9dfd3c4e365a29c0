import { basename, join } from "node:path";
import { exposed } from "./exposed.ts";
import { path as pathFormat } from "./formats.ts";
import type { Place, Problem } from "./problem.ts";
import { readBounded } from "./text.ts";
import type { Tree } from "./yaml.ts";

export interface SecretSource {
  env: NodeJS.ProcessEnv;
  /** Absolute path from one that is relative to the configuration. */
  resolve(path: string): string;
  /** True when others than owner and group may read the configuration itself. */
  exposed: boolean;
  /** How long, in ms, all of it may take that comes through a pipe. */
  patience: number;
}

type SecretReading = { value: string | undefined; problem?: Pick<Problem, "message" | "fix" | "severity"> };

const kinds = "{file: PATH}, {env: NAME}, {credential: NAME} or text";
const maxSecretBytes = 16 * 1024;

/** Reads a secret. No message repeats any part of it. */
export function readSecret(tree: Tree, source: SecretSource, hashes = false): SecretReading {
  if (tree.kind === "scalar")
    return readPlain(tree.value === null ? "" : typeof tree.value === "string" ? tree.value : tree.source, source, hashes);
  const entry = tree.kind === "map" && tree.entries.length === 1 ? tree.entries[0] : undefined;
  const given = entry?.value.kind === "scalar" && typeof entry.value.value === "string" ? entry.value.value : "";
  if (given === "" || entry === undefined) return failed("this is not a secret", `write ${kinds}`);
  switch (entry.key) {
    case "file":
      return pathFormat.read(given).ok
        ? readFile(source.resolve(given), source.patience)
        : failed("this is not the path of a file", "write it in one line");
    case "env": {
      const value = source.env[given];
      return value ? { value } : failed(`the environment variable ${given} is not set`, "set it or use {file: PATH}");
    }
    case "credential":
      return readCredential(given, source.env.CREDENTIALS_DIRECTORY);
    default:
      return failed("this is not a secret", `write ${kinds}`);
  }
}

function readPlain(value: string, { exposed }: SecretSource, hashes: boolean): SecretReading {
  if (value === "") return failed("the value is empty", `write ${kinds}`);
  // Nobody logs in with it, but who has it can try passwords in peace.
  const isHash = hashes && looksHashed(value);
  if (isHash && !exposed) return { value };
  const message = exposed
    ? `the ${isHash ? "hash of the " : ""}password stands in a file that everybody may read`
    : "the password stands in the configuration itself";
  const fix = exposed ? "move it to a file of its own with mode 600: {file: PATH}" : "a file of its own is easier to protect: {file: PATH}";
  return { value, problem: { message, fix, severity: exposed ? "warning" : "note" } };
}

function readFile(file: string, patience: number): SecretReading {
  const reading = readBounded(file, maxSecretBytes, patience);
  if (!reading.ok) return failed(`${file}: ${reading.message}`, reading.fix);
  const value = cutNewline(reading.bytes);
  if (value === "") return failed(`${file} is empty`, "write the password into it");
  const problem = exposed(file, reading.stats);
  return problem === undefined ? { value } : { value, problem: { ...problem, severity: "warning" } };
}

/** Whether it begins as the hash of a password does in a password file, such as `$7$`. */
export function looksHashed(value: string): boolean {
  return /^\$[\w-]+\$/.test(value);
}

/** The path of `{file: PATH}`, which is not opened. */
export function secretFile(tree: Tree): string | undefined {
  const entry = tree.kind === "map" && tree.entries.length === 1 ? tree.entries[0] : undefined;
  const given = entry?.key === "file" && entry.value.kind === "scalar" ? entry.value.value : undefined;
  return typeof given === "string" && pathFormat.read(given).ok ? given : undefined;
}

/** systemd puts the files of `LoadCredential=secrets:DIRECTORY` there as `secrets_NAME`. */
function readCredential(name: string, directory: string | undefined): SecretReading {
  if (!directory) return failed("there are no systemd credentials", "start the agent by its unit, or use {file: PATH}");
  if (basename(name) !== name) return failed("this is not the name of a credential", "write the name alone, without a path");
  for (const candidate of [name, `secrets_${name}`]) {
    const reading = readBounded(join(directory, candidate), maxSecretBytes);
    const value = reading.ok ? cutNewline(reading.bytes) : "";
    if (value !== "") return { value };
  }
  return failed(`there is no systemd credential ${name}`, "put a file of that name into /etc/pinbus/credentials");
}

function cutNewline(bytes: Buffer): string {
  return bytes.toString("utf8").replace(/\r?\n$/, "");
}

function failed(message: string, fix: string): SecretReading {
  return { value: undefined, problem: { message, fix, severity: "error" } };
}

/** For an error that has no more to say than that a secret cannot be used. */
export function secretProblem(place: Place, path: string): Problem {
  return { ...place, message: `${path} is not text in one line`, fix: "write 1 to 1024 characters", severity: "error" };
}
