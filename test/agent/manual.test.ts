import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { commands } from "../../agent/cli.ts";
import { commandCompletion, commandManual } from "../../agent/manual.ts";
import { describeConfig } from "../../config/describe.ts";
import { configManual } from "../../config/manual.ts";

const names = Object.keys(commands);

/** What a page says, without its requests and fonts. */
const words = (page: string) => page.replaceAll("\\-", "-").replaceAll(/\\f[BIR]/g, "");

/** What bash offers after these words. */
async function offered(...typed: string[]): Promise<string[]> {
  const script = `${await commandCompletion()}\nCOMP_WORDS=(pinbus "$@")\nCOMP_CWORD=$#\n_pinbus\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script, "bash", ...typed], { encoding: "utf8" })
    .split("\n")
    .slice(0, -1);
}

describe("the manual page pinbus(1)", () => {
  it.each(names)("tells how %s is used, and what it does", async (name) => {
    const page = words(await commandManual());
    const { usage, summary } = await (commands[name] ?? expect.fail())();
    expect(page).toContain(`\npinbus ${name}${usage && ` ${usage}`}\n`);
    expect(page).toContain(summary.replaceAll("`", ""));
  });
});

describe("the manual page pinbus.yaml(5)", () => {
  it("has every setting of the configuration", () => {
    const page = words(configManual());
    const settings = [...describeConfig().matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);
    expect(settings.length).toBeGreaterThan(50);
    expect(settings.filter((name) => !page.includes(`.TP\n${name}\n`))).toEqual([]);
  });

  it("has no line that begins like a request by accident", () => {
    expect(configManual().match(/^[.'](?!TH |SH |TP$|IP |PP$|br$|nh$|ad l$).*/gm)).toBeNull();
  });
});

describe("the completion for bash", () => {
  it("offers the commands", async () => {
    expect(await offered("")).toEqual([...names, "--help", "--version"]);
    expect(await offered("relo")).toEqual(["reload"]);
  });

  it("offers the words and options of a command", async () => {
    expect(await offered("set", "lamp", "t")).toEqual(["toggle"]);
    expect(await offered("rules", "")).toEqual(expect.arrayContaining(["enable", "disable", "test", "--json", "--config"]));
    expect(await offered("check", "--mqtt-serv")).toEqual(["--mqtt-server", "--mqtt-servername"]);
  });

  it("offers files after --config", async () => {
    expect(await offered("check", "--config", "package.j")).toEqual(["package.json"]);
  });
});
