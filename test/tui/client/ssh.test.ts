import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Ssh, ssh } from "../../../tui/client/dial.ts";

let dir: string;
let remote: Ssh | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-fake-ssh-"));
});

afterEach(() => {
  remote?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A program in the place of ssh that notes its arguments. */
function fake(script: string): string[] {
  const file = join(dir, "ssh");
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$@" >> '${join(dir, "args")}'\n${script}\n`);
  chmodSync(file, 0o755);
  return [file];
}

test("the link is the stdio of `pinbus attach` on the other machine", async () => {
  remote = ssh("pi@garden", fake("cat"));
  const stream = await remote.open();
  const heard = new Promise<string>((resolve) => stream.once("data", (chunk: Buffer) => resolve(chunk.toString())));
  stream.on("error", () => undefined);
  stream.write("hello\n");
  expect(await heard).toBe("hello\n");
  const args = readFileSync(join(dir, "args"), "utf8").trim().split("\n");
  expect(args.slice(-4)).toEqual(["--", "pi@garden", "pinbus", "attach"]);
  expect(args).toContain("BatchMode=yes");
});

test("what ssh says when it fails is the problem", async () => {
  remote = ssh("pi@garden", fake("echo 'banner' >&2; echo 'Permission denied (publickey).' >&2; exit 255"));
  const stream = await remote.open();
  const problem = await new Promise<Error>((resolve) => stream.once("error", resolve));
  expect(problem.message).toBe("ssh pi@garden: Permission denied (publickey).");
});

test("the broker's port is forwarded over the same connection to a socket of our own", async () => {
  remote = ssh("pi@garden", fake("exit 0"));
  const path = await remote.forward("::1", 1883);
  const args = readFileSync(join(dir, "args"), "utf8");
  expect(args).toContain(`-O\nforward\n-L\n${path}:[::1]:1883\n--\npi@garden\n`);
});

test("a refused forwarding says why", async () => {
  remote = ssh("pi@garden", fake("echo 'forwarding refused' >&2; exit 1"));
  await expect(remote.forward("127.0.0.1", 1883)).rejects.toThrow("ssh could not forward the broker's port 1883: forwarding refused");
});

test("closing leaves neither a process nor a file", async () => {
  remote = ssh("pi@garden", fake('case "$*" in *forward*) exit 0 ;; *) exec sleep 600 ;; esac'));
  const stream = await remote.open();
  const own = dirname(await remote.forward("127.0.0.1", 1883));
  expect(existsSync(own)).toBe(true);
  const ended = new Promise<Error>((resolve) => stream.once("error", resolve));
  remote.close();
  expect((await ended).message).toContain("ssh pi@garden: ended");
  expect(existsSync(own)).toBe(false);
});

test.each(["-oProxyCommand=evil", "", "a b"])("%j is no machine", (host) => {
  expect(() => ssh(host)).toThrow("expected user@machine");
});
