import { describe, expect, it } from "vitest";
import { parseAcl, Rights } from "../../../agent/embedded/acl.ts";

function rights(text: string, user: string, client = "c"): Rights {
  const reading = parseAcl(text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return new Rights(reading.acl, user, client);
}

describe("the file", () => {
  it("is read with comments, blank lines, Windows line ends, and blanks around words and in topics", () => {
    const text = "# ours\r\n\r\n  topic   news \r\nuser  the teacher \r\ntopic  read   a b/# \r\npattern deny x/%c\r\n";
    expect(parseAcl(text)).toEqual({
      ok: true,
      acl: {
        sections: new Map([
          ["", [{ access: "readwrite", filter: "news" }]],
          ["the teacher", [{ access: "read", filter: "a b/#" }]],
        ]),
        patterns: [{ access: "deny", filter: "x/%c" }],
      },
    });
  });

  const bad: [line: string, part: string][] = [
    ["topic", "it names no topic"],
    ["pattern  ", "it names no topic"],
    ["user ", "it names no user"],
    ["topic reed a", '"reed" is not one of read, write, readwrite and deny'],
    ["topic a b", '"a" is not one of read'],
    ["topic\tread\ta", "with a blank behind it"],
    ["Topic read a", '"Topic" is not one of user, topic and pattern'],
    [" # a", "a comment starts at the beginning of its line"],
    ["topic read a/#/b", '"a/#/b" is no topic filter'],
    ["topic read a#", "is no topic filter"],
    ["pattern read %u+/x", "is no topic filter"],
  ];
  it.each(bad)("is refused as a whole for the line %j", (line, part) => {
    const reading = parseAcl(`topic a\n${line}\ntopic b`);
    expect(reading).toMatchObject({ ok: false, problems: [{ line: 2, message: expect.stringContaining(part) }] });
  });

  it("names every bad line", () => {
    expect(parseAcl("x\ntopic a\ny\n")).toMatchObject({ problems: [{ line: 1 }, { line: 3 }] });
  });
});

describe("what a client may", () => {
  it("is nothing without a rule", () => {
    expect(rights("# nothing", "").may("read", "a")).toBe(false);
    expect(rights("user alice\ntopic #", "bob").may("write", "a")).toBe(false);
  });

  it("is nothing for a user with no more than a name, but the patterns", () => {
    const alice = rights("user alice\nuser bob\ntopic b\npattern of/%u", "alice");
    expect([alice.may("read", "b"), alice.may("read", "of/alice")]).toEqual([false, true]);
  });

  it("is denied first, whatever stands before it", () => {
    const alice = rights("user alice\ntopic read a/#\ntopic deny a/b\npattern readwrite a/b", "alice");
    expect([alice.may("read", "a/c"), alice.may("read", "a/b"), alice.may("write", "a/b")]).toEqual([true, false, false]);
  });

  it("follows the rules of the user before the patterns", () => {
    const alice = rights("user alice\ntopic write a\npattern deny a\npattern deny b", "alice");
    // The rule of the user says nothing about reading, so the pattern does.
    expect([alice.may("write", "a"), alice.may("read", "a")]).toEqual([true, false]);
  });

  it("matches as a subscription does", () => {
    const anyone = rights("topic a/+/c\ntopic b/#\ntopic +/\ntopic $x/#", "");
    const allowed = ["a/b/c", "a//c", "b", "b/", "b/c/d", "q/", "$x", "$x/y"];
    const refused = ["a/b", "a/b/c/d", "a/b/d", "bb", "c", "$y", "$y/"];
    expect([...allowed, ...refused].filter((topic) => anyone.may("read", topic))).toEqual(allowed);
    expect(rights("topic #\ntopic +/broker", "").may("read", "$SYS/broker")).toBe(false);
  });

  it("is not widened by the names of a user or a client", () => {
    const text = "pattern readwrite robots/%u/#\npattern read %c/x\npattern deny robots/+/off\npattern deny gone/%c";
    expect(rights(text, "alice").may("write", "robots/alice/1")).toBe(true);
    for (const user of ["+", "#", "a+", "alice/on", "alice/"]) {
      const wide = rights(text, user);
      expect(["robots/alice/1", "robots/alice/on/1", `robots/${user}/1`].filter((topic) => wide.may("write", topic))).toEqual([]);
    }
    expect(rights(text, "alice", "$SYS").may("read", "$SYS/x")).toBe(false);
    expect(rights(text, "%c", "alice").may("read", "robots/alice/1")).toBe(false);
    // Without a user there is no rule with one.
    expect(rights(text, "").may("read", "robots//1")).toBe(false);
  });

  it("is still denied by a name that spans levels", () => {
    const text = "pattern deny gone/%c\npattern readwrite gone/#";
    expect(rights(text, "", "a/b").may("read", "gone/a/b")).toBe(false);
    expect(rights(text, "", "a/b").may("read", "gone/a/c")).toBe(true);
  });
});

describe("a subscription", () => {
  const file =
    "user ada\ntopic write w/#\ntopic read r/+/x\ntopic r/open/#\ntopic deny r/open/+\npattern read of/%u/#\npattern deny of/+/secret";
  it.each([
    ["r/+/x", true],
    ["r/a/+", true],
    ["r/+/+", true],
    ["#", true],
    ["r/open/a", false],
    ["r/open/+", false],
    ["r/open/+/b", true],
    ["w/a", false],
    ["of/ada/+", true],
    ["of/bob/#", false],
    ["of/+/secret", false],
    ["$SYS/#", false],
  ])("to %s could bring something: %j", (filter, some) => {
    expect(rights(file, "ada").mayHear(filter)).toBe(some);
  });
});
