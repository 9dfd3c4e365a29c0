import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openNotify } from "../../systemd/notify.ts";

function listening() {
  const told: string[] = [];
  const notify = openNotify(
    {},
    {
      send: (message, done) => {
        told.push(message.toString());
        done(null);
      },
      monotonicNs: () => 123_456_789n,
    },
  );
  if (notify === undefined) throw new Error("no notify");
  return { told, notify };
}

test("a process that systemd does not listen to tells nothing", () => {
  expect(openNotify({})).toBeUndefined();
  expect(openNotify({ NOTIFY_SOCKET: "" })).toBeUndefined();
});

test("each call is one message with its assignments on lines", () => {
  const { told, notify } = listening();
  notify.ready("12 lines, online");
  notify.watchdog();
  notify.status("offline");
  notify.stopping();
  expect(told).toEqual(["READY=1\nSTATUS=12 lines, online\n", "WATCHDOG=1\n", "STATUS=offline\n", "STOPPING=1\n"]);
});

test("a reload carries the monotonic time in microseconds, so that systemd knows which READY ends it", () => {
  const { told, notify } = listening();
  notify.reloading();
  notify.ready();
  expect(told).toEqual(["RELOADING=1\nMONOTONIC_USEC=123456\n", "READY=1\n"]);
});

test("a status cannot smuggle in another assignment and stays short", () => {
  const { told, notify } = listening();
  notify.status("bad\nREADY=1");
  notify.status("x".repeat(5000));
  expect(told[0]).toBe("STATUS=bad READY=1\n");
  expect(told[1]?.length).toBeLessThan(320);
});

test("a receiver that refuses is reported once, with what to check", () => {
  const problems: string[] = [];
  const notify = openNotify(
    {},
    { send: (_, done) => done(new Error("connection refused")), onProblem: (message) => problems.push(message) },
  );
  notify?.ready();
  notify?.watchdog();
  expect(problems).toEqual([expect.stringMatching(/connection refused.*NotifyAccess/)]);
});

test("without a passed descriptor the program systemd-notify is spawned with the assignments", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pinbus-notify-"));
  try {
    const program = join(dir, "systemd-notify");
    writeFileSync(program, `#!/bin/sh\nprintf '%s|' "$NOTIFY_SOCKET" "$@" >> ${dir}/told\necho >> ${dir}/told\n`);
    chmodSync(program, 0o755);
    const notify = openNotify({ NOTIFY_SOCKET: "/run/somewhere", PATH: `${dir}:/usr/bin:/bin` });
    notify?.ready("up");
    notify?.watchdog();
    await notify?.close();
    expect(readFileSync(join(dir, "told"), "utf8")).toBe("/run/somewhere|READY=1|STATUS=up|\n/run/somewhere|WATCHDOG=1|\n");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("the passed descriptor is not used under a manager with another socket", async () => {
  const problems: string[] = [];
  const env = {
    LISTEN_PID: String(process.pid),
    LISTEN_FDS: "1",
    LISTEN_FDNAMES: "notify",
    NOTIFY_SOCKET: "/run/user/1000/systemd/notify",
  };
  const notify = openNotify({ ...env, PATH: "/nowhere" }, { onProblem: (message) => problems.push(message) });
  notify?.ready();
  await notify?.close();
  expect(problems).toEqual([expect.stringContaining("systemd-notify")]);
});
