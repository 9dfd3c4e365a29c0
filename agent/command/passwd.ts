import { lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { whyUnread, whyUnwritten } from "../../config/file-words.ts";
import { passwordLine } from "../embedded/password-file.ts";
import { exit } from "../exit.ts";
import { replaceFile } from "../shell/atomic-file.ts";
import { readStateFile } from "../shell/state-file.ts";
import { Asker } from "./asker.ts";
import { type Command, CommandError, print, readArgs, usageError } from "./command.ts";

/** `pinbus passwd FILE USER`: adds or replaces a user of the built-in broker, or takes one away. The password comes from the terminal or from stdin. */
export const passwd: Command = {
  usage: "FILE USER [--delete]",
  summary:
    "add or replace a user of the built-in broker (a file in the format of mosquitto_passwd; broker.users takes what is behind the colon)",
  async run(args) {
    const { values, positionals } = readArgs(args, { delete: { type: "boolean" } }, { min: 2, max: 2 });
    const [file = "", user = ""] = positionals;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
    if (!/^(?!#)[^:\u0000-\u001f\u007f-\u009f]{1,128}$/.test(user))
      throw usageError("a user has 1 to 128 characters, no colon, and no # in front");
    const before = readLines(file);
    const others = before.filter((line) => line.startsWith("#") || !line.startsWith(`${user}:`));
    const known = others.length < before.length;
    if (values.delete && !known) throw new CommandError(exit.refused, `${file} has no user ${JSON.stringify(user)}`);
    const line = values.delete ? [] : [await passwordLine(user, await askPassword())];
    try {
      await replaceFile(file, `${[...others, ...line].join("\n")}\n`, rightsOf(file));
    } catch (error) {
      throw new CommandError(exit.refused, `${file} could not be written: ${whyUnwritten(error)}`);
    }
    const done = values.delete ? "removed from" : known ? "changed in" : "added to";
    print(`${user} is ${done} ${file}; \`pinbus reload\` makes a running agent read it`);
    return exit.ok;
  },
};

/** Those that it has; a new one of root belongs to whom its folder belongs, so that the service may read what is in /etc/pinbus. */
function rightsOf(file: string): { mode: number; uid: number; gid: number } | undefined {
  const old = statSync(file, { throwIfNoEntry: false });
  if (old) return old;
  const { uid, gid } = statSync(dirname(file));
  return process.getuid?.() === 0 ? { mode: 0o640, uid, gid } : undefined;
}

function readLines(file: string): string[] {
  try {
    return readStateFile(file)
      .replace(/\r?\n$/, "")
      .split(/\r?\n/);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return noLines(file);
    throw new CommandError(exit.refused, `${file} could not be read: ${whyUnread(error)}`);
  }
}

/** A link that leads nowhere is left to who made it: a file of its own would take its place. */
function noLines(file: string): string[] {
  if (!lstatSync(file, { throwIfNoEntry: false })) return [];
  const words = `${file} is a link to ${readlinkSync(file)}, which is not there: create that file, or remove the link`;
  throw new CommandError(exit.refused, words);
}

/** Twice from a terminal, where it is not shown; the first line of anything else. */
async function askPassword(): Promise<string> {
  const asker = new Asker(process.stderr);
  try {
    const password = await asker.hidden("Password: ");
    if (!password) throw new CommandError(exit.refused, "the password is empty; nothing was changed");
    if (process.stdin.isTTY && (await asker.hidden("The same again: ")) !== password)
      throw new CommandError(exit.refused, "the two passwords differ; nothing was changed");
    return password;
  } finally {
    asker.close();
  }
}
