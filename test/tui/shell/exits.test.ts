import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { hold, modesOf, openPty, type PtyPlace, type PtyShell, signal, until, untouched } from "./pty.ts";

let shell: ReturnType<typeof openPty> | undefined;
let other: ReturnType<typeof openPty> | undefined;
afterEach(() => {
  shell?.dispose();
  other?.dispose();
  shell = undefined;
  other = undefined;
});

/** What a terminal is set to, and whether its descriptors block: both outlive a process. */
const tell = "tell() { stty -a; grep ^flags: /proc/$$/fdinfo/0 /proc/$$/fdinfo/1 /proc/$$/fdinfo/2; }";

interface Ending {
  env?: Record<string, string>;
  /** Which of its ends is on another terminal: the one that `"$(cat tty)"` names in the command. */
  elsewhere?: "input" | "output";
}

/** Starts the fixture between two looks at the terminal, ends it in some way, and returns the exit code that the shell saw. */
async function endBy(
  command: (place: PtyPlace) => string,
  end: (shell: PtyShell) => unknown,
  { env, elsewhere }: Ending = {},
): Promise<number> {
  const script = (place: PtyPlace) => {
    const { folder } = place;
    const watched = `tell > ${folder}/before; ${command(place)} 2> ${folder}/errors; code=$?; tell > ${folder}/after`;
    return `${tell}; mkfifo tty; echo front; ${watched}; echo back; ${hold}; exit $code`;
  };
  shell = openPty(script, { env });
  if (elsewhere) await openOther(shell);
  await ((elsewhere === "output" && other) || shell).shows("keys 0");
  await end(shell);
  await shell.shows("back");
  shell.type("\n");
  return shell.exited;
}
const read = (name: string) => readFileSync(join(shell?.folder ?? "", name), "utf8");

function expectUntouched(): void {
  expect(read("after")).toBe(read("before"));
  if (shell) expect(modesOf(shell)).toEqual(untouched);
}

/** A terminal beside the first one, which can be taken away while that one stays. Made after it, for a pty inherits those that are there. */
async function openOther(from: PtyShell & PtyPlace): Promise<void> {
  other = openPty(({ folder }) => `tty > ${folder}/tty; exec sleep 1000`);
  const file = join(other.folder, "tty");
  await until(() => expect(existsSync(file) && readFileSync(file, "utf8")).toMatch(/^\/dev\/pts\/\d+\n$/));
  writeFileSync(join(from.folder, "tty"), readFileSync(file));
}
const takeAway = (taken: PtyShell | undefined) => (taken?.pty as unknown as { destroy(): void } | undefined)?.destroy();

// Output of ours never blocks; but a descriptor is shared, and another program that has it may turn that off.
describe.each([
  ["that does not block", ""],
  ["that somebody made block", ",blocking"],
])("with an output %s", (_, flag) => {
  const type = (key: string) => (from: PtyShell) => from.type(key);
  const by = (name: NodeJS.Signals) => (from: PtyShell) => signal(from, name);

  it.each<[string, string, (shell: PtyShell) => unknown, number]>([
    ["the key to quit", "still", type("q"), 0],
    ["process.exit", "still", type("x"), 0],
    ["an error that nobody caught", "still", type("t"), 70],
    ["a rejection that nobody handled", "still", type("r"), 70],
    ["SIGTERM", "still", by("SIGTERM"), 143],
    ["SIGINT", "still", by("SIGINT"), 130],
    ["SIGQUIT", "still", by("SIGQUIT"), 131],
    ["SIGHUP", "still", by("SIGHUP"), 129],
    ["an error, with a listener that does not end the process", "still,listeners", type("t"), 70],
    ["a rejection, with a listener that does not end the process", "still,listeners", type("r"), 70],
    ["SIGTERM, with a listener that does not end the process", "still,listeners", by("SIGTERM"), 143],
    ["SIGHUP, with a listener that does not end the process", "still,listeners", by("SIGHUP"), 129],
  ])("%s leaves the terminal as it was", async (_name, mode, end, code) => {
    expect(await endBy(({ run }) => run(mode + flag), end)).toBe(code);
    expectUntouched();
    // Above the UI's place on the first screen nothing was overwritten.
    // The terminal's answer to a question may come too late for the UI; then the shell shows it.
    expect(shell?.screen.text().join(" ").trim()).toMatch(/^front( closed)? (\^\[\[0n)?back( \^\[\[0n)?$/);
  });

  it.each(["linux", "vt100"])("on TERM=%s, which has no second screen, the last frame does not stay", async (TERM) => {
    expect(await endBy(({ run }) => run(`still${flag}`), type("q"), { env: { TERM } })).toBe(0);
    expect(read("after")).toBe(read("before"));
    expect(shell?.screen.text().join("\n")).not.toContain("ready");
  });

  it("the end of the input leaves the terminal as it was, and ends the process by SIGHUP", async () => {
    const code = await endBy(
      ({ run }) => `${run(`still${flag}`)} < "$(cat tty)"`,
      () => takeAway(other),
      { elsewhere: "input" },
    );
    expect(code).toBe(129);
    expectUntouched();
  });

  it("an output that fails ends the process by SIGHUP, with the input as it was", async () => {
    const code = await endBy(
      ({ run }) => `${run(`still${flag}`)} > "$(cat tty)"`,
      (from) => {
        takeAway(other);
        from.type("w");
      },
      { elsewhere: "output" },
    );
    expect(code).toBe(129);
    expectUntouched();
  });

  it("a terminal that goes away ends the process by SIGHUP, not by an abort", async () => {
    const run = (place: PtyPlace) => place.run(`churn${flag}`);
    shell = openPty(
      (place) => `trap : HUP; ${run(place)}; echo $? > ${place.folder}/code.new; mv ${place.folder}/code.new ${place.folder}/code`,
    );
    await shell.shows("ready churn");
    const code = join(shell.folder, "code");
    takeAway(shell);
    await until(() => expect(existsSync(code)).toBe(true));
    expect(readFileSync(code, "utf8")).toBe("129\n");
    expect(shell.report().ended).toBe("gone");
  });

  it.each<[string, (shell: PtyShell) => unknown, number]>([
    ["SIGKILL", by("SIGKILL"), 137],
    ["an abort", type("a"), 134],
  ])("%s leaves modes on, and the next start and end turns them off", async (_name, end, code) => {
    shell = openPty(
      ({ run }) => `ulimit -c 0; ${run(`still${flag}`)}; echo "killed $?"; ${hold}; ${run("churn")}; stty sane; ${hold}; exit 3`,
    );
    await shell.shows("ready still");
    await end(shell);
    await shell.shows(`killed ${code}`);
    expect(modesOf(shell)).toMatchObject({ buffer: "alternate", bracketedPasteMode: true });
    shell.type("\n");
    await shell.shows("ready churn");
    shell.type("q");
    await shell.shows("closed");
    expect(modesOf(shell)).toEqual(untouched);
    shell.type("\n");
    expect(await shell.exited).toBe(3);
  });
});

describe("an error that nobody caught", () => {
  it("is told after the screen is back, without its control characters", async () => {
    await endBy(
      ({ run }) => run("still"),
      (from) => from.type("t"),
    );
    expect(read("errors")).toContain("pinbus: a bug in the terminal UI");
    expect(read("errors")).toContain("thrown ␛]0;owned␇ on purpose");
    expect(read("errors")).not.toContain("\x1b");
    expect(shell?.report().ended).toBe("error");
  });
});
