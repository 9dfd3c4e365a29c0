import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Ssh } from "../../../tui/client/ssh.ts";
import { eventually, patience } from "../../agent/shell/fixture.ts";

let dir: string;
let remote: Ssh | undefined;
let said: string;
const stderr = {
  write(text: string) {
    said += text;
  },
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-fake-ssh-"));
  said = "";
});

afterEach(() => {
  remote?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A program in the place of ssh that notes its arguments; `master` is what it does when it is to stay, `more` what else. */
function fake(more: string, master = 'touch "$4"; exec cat'): { host: string; command: string[] } {
  const file = join(dir, "ssh");
  const script = `printf '%s\\n' "$@" >> '${join(dir, "args")}'\ncase "$*" in "-T -M "*) ${master} ;; esac\n${more}`;
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return { host: "pi@garden", command: [file] };
}

const args = () => readFileSync(join(dir, "args"), "utf8").trim().split("\n");

test("the link is the stdio of `pinbus attach`, over a connection that asked its questions before", async () => {
  remote = new Ssh(fake("exec cat", 'echo "Warning: \u001b[31mnew host" >&2; touch "$4"; exec cat'));
  expect(await remote.login(stderr)).toBeNull();
  expect(said).toBe("Warning: ?[31mnew host\n");
  expect(args()).not.toContain("BatchMode=yes");
  expect(args().slice(-3)).toEqual(["--", "pi@garden", "cat"]);
  const control = args()[3];
  const stream = await remote.open();
  stream.on("error", () => undefined);
  stream.write("hello\n");
  expect(String((await once(stream, "data"))[0])).toBe("hello\n");
  expect(args().slice(-4)).toEqual(["--", "pi@garden", "pinbus", "attach"]);
  expect(args().filter((arg) => arg === control)).toHaveLength(2);
  expect(args()).toContain("BatchMode=yes");
});

test("who may only look says so there", async () => {
  remote = new Ssh({ ...fake("exec cat"), readOnly: true });
  (await remote.open()).on("error", () => undefined);
  await eventually(() => args().slice(-3)).toEqual(["pinbus", "attach", "--read-only"]);
});

test("what ssh says when the login fails is the problem, and nothing is left", async () => {
  remote = new Ssh(fake("exit 1", "echo 'banner' >&2; echo 'Permission denied (publickey).' >&2; exit 255"));
  expect(await remote.login(stderr)).toBe("ssh pi@garden: Permission denied (publickey).");
  expect(said).toContain("banner");
  expect(existsSync(dirname(args()[3] ?? ""))).toBe(false);
});

test("without a program ssh it is said so", async () => {
  remote = new Ssh({ host: "garden", command: [join(dir, "nothing")] });
  expect(await remote.login(stderr)).toBe("ssh garden: ssh is not installed here");
});

test.each([
  ["exit 127", "ssh pi@garden: pinbus is not installed there, or not in the PATH"],
  ["echo 'no agent answers' >&2; exit 3", "ssh pi@garden: no agent answers"],
  ["exit 9", "ssh pi@garden: ended with code 9"],
])("when the other end says %j", async (script, sentence) => {
  remote = new Ssh(fake(script));
  const [problem] = await once(await remote.open(), "error");
  expect((problem as Error).message).toBe(sentence);
});

test("a connection that is gone is made anew, without a question; what ssh cannot ask is said", async () => {
  remote = new Ssh(
    // The login is over with the second file.
    fake("exec cat", `touch '${join(dir, "up")}'; touch "$4"; while [ -e '${join(dir, "up")}' ]; do sleep 0.02; done; exit 255`),
  );
  await remote.login(stderr);
  rmSync(join(dir, "up"));
  await vi.waitFor(async () => {
    (await remote?.open())?.on("error", () => undefined);
    expect(args().filter((arg) => arg === "-M")).toHaveLength(2);
  }, patience);
  const [again] = args()
    .slice(args().lastIndexOf("-M"), args().lastIndexOf("cat"))
    .filter((arg) => arg.startsWith("Batch"));
  expect(again).toBe("BatchMode=yes");
  rmSync(join(dir, "up"));
  remote.close();
  remote = new Ssh(fake("exec cat", "echo 'Permission denied (password).' >&2; exit 255"));
  await expect(remote.open()).rejects.toThrow("ssh pi@garden: if ssh has a question, q and start again: Permission denied (password).");
});

test("the broker's port is forwarded over the same connection to a socket of our own, once", async () => {
  remote = new Ssh(fake("exit 0"));
  await expect(remote.forward("::1", 1883)).rejects.toThrow("ssh is not connected");
  await remote.login(stderr);
  const path = await remote.forward("::1", 1883);
  expect(args().join("\n")).toContain(`-O\nforward\n-L\n${path}:[::1]:1883\n--\npi@garden`);
  expect(await remote.forward("::1", 1883)).toBe(path);
  expect(await remote.forward("::1", 1884)).not.toBe(path);
});

test.each(["/run/docker.sock", "a b", "$(reboot)", "%h", ""])("the broker %j of an agent is not forwarded to", async (host) => {
  remote = new Ssh(fake("exit 0"));
  await remote.login(stderr);
  await expect(remote.forward(host, 1883)).rejects.toThrow("ssh cannot forward to");
});

test("a refused forwarding says why", async () => {
  remote = new Ssh(fake("echo 'forwarding refused' >&2; exit 1"));
  await remote.login(stderr);
  await expect(remote.forward("127.0.0.1", 1883)).rejects.toThrow(
    "ssh could not forward to the broker at 127.0.0.1:1883: forwarding refused",
  );
});

test("closing leaves neither a process nor a file", async () => {
  remote = new Ssh(fake("exec sleep 600"));
  const stream = await remote.open();
  const own = dirname(args()[3] ?? "");
  expect(existsSync(own)).toBe(true);
  const ended = once(stream, "error");
  remote.close();
  expect(((await ended)[0] as Error).message).toContain("ssh pi@garden: ended");
  expect(existsSync(own)).toBe(false);
});

test.each(["-oProxyCommand=evil", "", "a b", "pi@-x", "a;b", "pi@`id`", "$(id)@h", "a\u001b[m", "a\nb", `${"a".repeat(400)}`])(
  "%j is no machine",
  (host) => {
    expect(() => new Ssh({ host })).toThrow(/expected user@machine$/);
  },
);

test.each(["garden", "pi@192.168.1.7", "a.b_c@garden.local", "root@fe80::1%eth0", "ssh://pi@garden:2222", "DOM\\me@pi"])(
  "%j is one",
  (host) => {
    remote = new Ssh({ host });
  },
);
