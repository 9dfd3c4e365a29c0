import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ok } from "../../config/formats.ts";
import { readHost } from "../../config/host.ts";
import { configFile, defaultConfigFile, loadConfig } from "../../config/load.ts";
import { formatProblem } from "../../config/problem.ts";
import { type Answers, starterConfig } from "../../config/starter.ts";
import { maxConfigBytes, readBounded } from "../../config/text.ts";
import { exit } from "../exit.ts";
import { Asker } from "./asker.ts";
import { type Command, CommandError, complain, configOptions, print, readArgs, usageError } from "./command.ts";
import { configWiring } from "./config-wiring.ts";
import { asksForExamples, checkExample, exampleLines, readExample } from "./example.ts";
import { createFile, writeConfig } from "./init-files.ts";
import { boardOf, hasShortHeader, modelHere, type Question, questions, unasked } from "./init-questions.ts";
import { bootAdvice, relayAdvice, wiringPicture } from "./wiring.ts";

/** `pinbus init`: a commented configuration to start from, from answers or from an example. Never overwrites one. */
export const init: Command = {
  usage:
    "[--board pi1|pi4|pi5|sim] [--button PIN|none] [--relay PIN|none] [--relay-active low|high] [--relay-max-on TIME|none] [--broker ADDRESS|built-in] [--broker-user NAME] [--broker-password-file FILE] [--example [NAME]] [--config FILE]",
  summary: "write a first configuration and show the wiring; asks on a terminal what no option says; --example alone lists examples",
  async run(args) {
    if (asksForExamples(args)) {
      for (const line of exampleLines()) print(line);
      return exit.ok;
    }
    const flags = Object.fromEntries(questions.map(({ flag }) => [flag, { type: "string" } as const]));
    const { values } = readArgs(args, { ...configOptions, example: { type: "string" }, ...flags }, { min: 0, max: 0 });
    const given = flagsOf(values);
    const file = configFile(process.env, values);
    const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
    if (values.example !== undefined && given.size > 0) throw usageError("an example has its own answers: leave the other options out");
    if (values.example !== undefined || (given.size === 0 && !terminal)) return writeExample(values.example ?? "starter", file);
    const replaces = checkPlace(file);
    const { answers, password } = await answer(given, terminal, dirname(file));
    await write(file, answers, password, replaces);
    print(`${file} is written.`);
    for (const line of wiring(answers)) print(line);
    print("Next:");
    for (const step of nextSteps("starter", file)) print(`  ${step}`);
    return exit.ok;
  },
};

/** The answers that stand in the command line, by the flag. */
function flagsOf(values: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  return new Map(
    questions.flatMap(({ flag }) => {
      const text = values[flag];
      return typeof text === "string" ? [[flag, text] as const] : [];
    }),
  );
}

function writeExample(name: string, file: string): number {
  checkExample(name);
  if (existsSync(file)) throw new CommandError(exit.refused, `${file} exists and is not overwritten; name another with --config`);
  createFile(file, readExample(name));
  const picture = exampleWiring(name);
  print(`${file} is written. Edit it, then:`);
  for (const step of nextSteps(name, file)) print(`  ${step}`);
  for (const line of picture) print(line);
  return exit.ok;
}

function exampleWiring(name: string): string[] {
  const result = loadConfig({ file: `${name}.yaml`, text: readExample(name), env: {}, args: {}, host: readHost(), secrets: "leave" });
  return result.ok ? framed(configWiring(result.config, pictureColumns), Object.keys(result.config.outputs).length > 0) : [];
}

/** Before anything is asked: whether the file may be written. True when it is there as the package has put it there, without a change. */
function checkPlace(file: string): boolean {
  if (!existsSync(file)) {
    let folder = dirname(file);
    while (!existsSync(folder)) folder = dirname(folder);
    mayWrite(folder, file);
    return false;
  }
  mayWrite(dirname(file), file);
  if (isStarter(file)) return true;
  throw new CommandError(exit.refused, `${file} exists and is not overwritten; name another with --config`);
}

/** Whether it is as the package has put it there. */
export function isStarter(file: string): boolean {
  const there = readBounded(file, maxConfigBytes);
  return there.ok && there.bytes.toString("utf8") === readExample("starter");
}

function mayWrite(folder: string, file: string): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new CommandError(
      exit.refused,
      `${file} may not be written by this user; run it with sudo, or name another file with --config`,
      error,
    );
  }
}

/** By the options; on a terminal what they do not say is asked. The password is there when its file has to be written. */
async function answer(
  given: ReadonlyMap<string, string>,
  terminal: boolean,
  folder: string,
): Promise<{ answers: Answers; password?: string }> {
  const model = modelHere();
  if (hasShortHeader(model) && given.get("board") !== "sim")
    throw new CommandError(
      exit.refused,
      "this Pi has 26 pins, which init does not know: it knows the Pi 1 A+ and B+ and all later ones; write the configuration by hand, with GPIO numbers as lines",
    );
  const board = boardOf(model);
  const here: Partial<Answers> = board === undefined ? {} : { board };
  const asks = terminal && questions.some(({ flag }) => !given.has(flag));
  const asker = asks ? new Asker(process.stdout) : undefined;
  try {
    let known: Partial<Answers> = {};
    for (const question of questions) {
      const text = given.get(question.flag);
      if (!question.applies(known)) {
        if (text !== undefined) throw usageError(`--${question.flag} says nothing without a ${question.flag.split("-")[0]}`);
        continue;
      }
      known = {
        ...known,
        ...(text === undefined && asker ? await ask(asker, question, known, here) : readFlag(question, text, known, here)),
      };
    }
    const answers = { ...unasked, ...known };
    if (answers.passwordFile === null) return { answers };
    const file = resolve(folder, answers.passwordFile);
    if (existsSync(file)) return { answers };
    if (dirname(file) !== resolve(folder) && !existsSync(dirname(file)))
      throw new CommandError(exit.refused, `${dirname(file)} is not there: make it, so that the service may enter it, then try again`);
    if (!asker) throw new CommandError(exit.refused, `${file} is not there: write the password into it, in one line, then try again`);
    return { answers, password: await askPassword(asker) };
  } finally {
    asker?.close();
  }
}

function readFlag(question: Question, text: string | undefined, known: Partial<Answers>, here: Partial<Answers>): Partial<Answers> {
  const said = text === undefined ? question.absent(known, here) : ok(text);
  const reading = said.ok ? question.read(said.value, known) : said;
  if (!reading.ok) throw usageError(`--${question.flag}: ${reading.what}: ${reading.fix}`);
  return reading.value;
}

/** Until the answer is one. */
async function ask(asker: Asker, question: Question, known: Partial<Answers>, here: Partial<Answers>): Promise<Partial<Answers>> {
  const enter = question.enter(known, here);
  print(question.about);
  for (;;) {
    const line = await asker.line(`${question.ask} [${enter}]: `);
    if (line === undefined) throw new CommandError(exit.refused, "ended; nothing was changed");
    const reading = question.read(line.trim() || enter, known);
    if (reading.ok) {
      for (const remark of question.remarks?.({ ...known, ...reading.value }) ?? []) print(remark);
      print("");
      return reading.value;
    }
    print(`  ${reading.what}: ${reading.fix}.`);
  }
}

async function askPassword(asker: Asker): Promise<string> {
  for (;;) {
    const password = await asker.hidden("Password at the broker (not shown): ");
    const again = password ? await asker.hidden("The same again: ") : "";
    if (password === undefined || again === undefined) throw new CommandError(exit.refused, "ended; nothing was changed");
    if (password !== "" && password === again) return password;
    print(password === "" ? "  The password is empty: write it." : "  The two passwords differ: write it again.");
  }
}

/** The configuration and, if it has to be made, the file of the password: both or none. */
async function write(file: string, answers: Answers, password: string | undefined, replaces: boolean): Promise<void> {
  const text = starterConfig(answers);
  const result = loadConfig({ file, text, env: {}, args: {}, host: readHost(), secrets: "leave" });
  if (!result.ok) {
    for (const problem of result.problems) complain(formatProblem(problem));
    throw new CommandError(exit.refused, "these answers make no configuration; nothing was changed");
  }
  const { passwordFile } = answers;
  const secret = password === undefined || passwordFile === null ? null : { file: resolve(dirname(file), passwordFile), password };
  await writeConfig(file, text, secret, replaces);
}

/** The width that a terminal has at least. */
const pictureColumns = 78;

function wiring(answers: Answers): string[] {
  const lines = framed(wiringPicture(answers, pictureColumns), answers.relay !== null);
  return lines.length === 0 ? [] : [...lines, ...bootAdvice(answers)];
}

/** A picture of the wiring with what somebody must know beside it. */
function framed(picture: readonly string[], relay: boolean): string[] {
  if (picture.length === 0) return [];
  return [
    "",
    "The wiring, seen with the pins up and pin 1 at the top left.",
    "Switch the board off before you connect anything.",
    ...picture,
    "",
    ...(relay ? relayAdvice : []),
  ];
}

/** What to type next, so that it runs. */
/** Examples whose broker has users: their file, and who is in it. */
const usersOf: Readonly<Record<string, { passwords: string; names: readonly string[] }>> = {
  "owlcms-broker": { passwords: "owlcms.users", names: ["owlcms"] },
  "classroom-broker": { passwords: "class.users", names: ["ev3", "test"] },
};

function nextSteps(name: string, file: string): string[] {
  const { passwords, names } = usersOf[name] ?? { passwords: "", names: [] };
  const users = names.map((user) => `pinbus passwd ${join(dirname(file), passwords)} ${user}`);
  const start = file === defaultConfigFile ? "systemctl restart pinbus" : `pinbus run --config ${file}`;
  return [...users, `pinbus check --config ${file}`, start];
}
