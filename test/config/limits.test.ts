import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxConfigBytes } from "../../config/text.ts";
import { load, saidAbout } from "./loading.ts";

const room = maxConfigBytes - 16;
const filled = (part: string): string => part.repeat(Math.floor(room / part.length));

/** Of processor time, because the cores are shared. What is quadratic in a file of 512 kB takes minutes. */
const boundMs = 5000;

describe("a file that is meant to hurt", () => {
  it.each([
    ["too large", "#".repeat(1024 * 1024), "pinbus.yaml: the file is larger than 512 kB, name the right file or shorten it"],
    ["a quarter of a million brackets", filled("["), "pinbus.yaml:1:34: more than 32 levels, write it with fewer"],
    ["nested lists in one line", filled("- "), "pinbus.yaml:1:66: more than 32 levels, write it with fewer"],
    [
      "ever deeper maps",
      Array.from({ length: 200 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
      "more than 32 levels, write it with fewer",
    ],
    ["the same key again and again", filled("a:\n"), "the file has too many words, shorten it"],
    ["anchors", filled("&a "), "the file has too many words, shorten it"],
    ["empty lines", filled("\n"), "the file has too many words, shorten it"],
    ["comments", filled("#\n"), "the file has too many words, shorten it"],
    ["directives", filled("%a\n"), "the file has too many words, shorten it"],
    ["many services", `services: [${"a.service,".repeat(300)}]`, "services has more than 256 items, write fewer"],
    [
      "many inputs",
      `inputs:\n${Array.from({ length: 1100 }, (_, n) => ` a${n}: {}`).join("\n")}`,
      "inputs has more than 1024 items, write fewer",
    ],
    ["one long word", `node: ${filled("x")}`, "is not one topic level"],
    ["one long host name", `mqtt: { server: "${"a_".repeat(100_000)}!" }`, "is not a host name or an IP address"],
    ["replacement characters", "\ufffd".repeat(80_000), "the configuration is not a map"],
  ])("is refused soon and with little memory: %s", (_, text, said) => {
    const before = process.memoryUsage().heapUsed;
    const started = process.cpuUsage();
    const result = load(text);
    const used = process.cpuUsage(started);
    expect((used.user + used.system) / 1000).toBeLessThan(boundMs);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
    expect(saidAbout(result)).toHaveLength(1);
    expect(saidAbout(result)[0]).toContain(said);
  });

  it("is not what a large house is: a thousand inputs, outputs and rules", () => {
    const thousand = (item: (n: number) => string) => Array.from({ length: 1000 }, (_, n) => `  ${item(n)}\n`).join("");
    const text = [
      `inputs:\n${thousand((n) => `in-${n}: { line: { chip: a, offset: ${n} }, bias: pull-up, active: low }`)}`,
      `outputs:\n${thousand((n) => `out-${n}: { line: { chip: b, offset: ${n} }, active: low, max_on: 2h }`)}`,
      `rules:\n${thousand((n) => `rule-${n}: { when: { input: in-${n}, gesture: press }, do: [{ output: out-${n}, set: toggle }] }`)}`,
    ].join("");
    const result = load(text);
    expect(saidAbout(result)).toEqual([]);
    expect(result.ok && Object.keys(result.config.rules)).toHaveLength(1000);
    // A second and a half on a quiet machine; the test of a loaded one is not about time.
  });

  it("does not fill the screen: a hundred problems and how many more there are", () => {
    const said = saidAbout(load(Array.from({ length: 250 }, (_, n) => `unknown-${n}:`).join("\n")));
    expect(said).toHaveLength(101);
    expect(said.at(-1)).toBe("pinbus.yaml: 150 more problems, solve these first");
  });

  it("finds the first byte that is not UTF-8, also behind characters of several bytes", () => {
    const text = Buffer.concat([Buffer.from("# ü € 😀 \ufffd\nnode: x"), Buffer.from([0xe2, 0x82]), Buffer.from("y\n")]);
    expect(saidAbout(load(text))).toEqual(["pinbus.yaml:2:8: byte 25 (0xE2) is not UTF-8, save the file as UTF-8"]);
    expect(saidAbout(load(Buffer.from([0x61, 0xc3])))).toEqual(["pinbus.yaml:1:2: byte 1 (0xC3) is not UTF-8, save the file as UTF-8"]);
  });
});

describe("a message", () => {
  it("holds nothing that a terminal would obey", () => {
    const said = saidAbout(load('node: "a\\e[31m\\x9b\\u202e\\u2028 b"\n"k\\e\\x9bey": 1\n'));
    expect(said).toHaveLength(2);
    for (const line of said) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(said[0]).toContain('node: "a\\u001b[31m\\u009b\\u202e\\u2028 b" is not one topic level');
  });
});

describe("whatever the file holds", () => {
  /** Every outcome is a configuration or at least one problem with a place and a text in one line. */
  const survives = (text: string | Buffer): void => {
    const result = load(text);
    if (!result.ok) expect(result.problems.some(({ severity }) => severity === "error")).toBe(true);
    for (const line of saidAbout(result)) expect(line).toMatch(/^pinbus\.yaml(:\d+:\d+)?: [^\n]+, [^\n]+$/);
  };

  it("random bytes become problems and never an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(Buffer.from(bytes))),
      { numRuns: 300 },
    );
  });

  it("random YAML becomes problems and never an exception", () => {
    const word = fc.constantFrom(
      "inputs",
      "outputs",
      "rules",
      "a",
      "line",
      "17",
      "mqtt",
      "password",
      "do",
      "when",
      "services",
      "broker",
      "listeners",
      "null",
      "~",
      "__proto__",
      "<<",
      "1e400",
      ".nan",
      "constructor",
    );
    const mark = fc.constantFrom(
      ": ",
      "- ",
      "\n",
      "\n  ",
      "\n    ",
      "[",
      "]",
      "{",
      "}",
      ",",
      "&a ",
      "*a",
      "!!str ",
      "|\n",
      ">-\n",
      '"',
      "'",
      "#",
      "? ",
      "---\n",
      "...\n",
      "%YAML 1.1\n",
      "\t",
      "\r",
      "\u2028",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, mark), { maxLength: 40 }), (parts) => survives(parts.join(""))),
      { numRuns: 500 },
    );
  });

  it("random trees become problems and never an exception", () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, fc.jsonValue({ maxDepth: 1 }), tie("map"), fc.array(tie("tree"), { maxLength: 3 })),
      map: fc.dictionary(
        fc.constantFrom(
          "inputs",
          "outputs",
          "rules",
          "services",
          "mqtt",
          "broker",
          "gpio",
          "control",
          "a",
          "b",
          "line",
          "when",
          "do",
          "input",
          "output",
          "set",
          "for",
          "gesture",
          "clicks",
          "events",
          "kind",
          "listeners",
          "port",
          "address",
          "password",
          "file",
          "username",
          "server",
          "pulse",
          "max_on",
        ),
        tie("tree"),
        { maxKeys: 6 },
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => survives(JSON.stringify(value))),
      { numRuns: 300 },
    );
  });
});
