import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runUnitJob } from "../../systemd/unit-job.ts";
import { tempFolder } from "../agent/shell/fixture.ts";
import { script } from "./scripts.ts";

function systemctl(text: string) {
  const folder = tempFolder();
  return { asked: join(folder, "asked"), systemctl: script(folder, "systemctl", `echo "$@" > ${join(folder, "asked")}\n${text}`) };
}

test("a unit is restarted without a password being asked for", async () => {
  const { systemctl: program, asked } = systemctl("exit 0");
  expect(await runUnitJob("a.service", "restart", { systemctl: program })).toEqual({ ok: true });
  expect(readFileSync(asked, "utf8").trim()).toBe("--no-ask-password --no-pager --quiet restart -- a.service");
});

test("a unit that does not run is started by a restart, which needs no rule that lets anybody start what is not installed", async () => {
  const stopped = systemctl('case "$*" in *is-active*) exit 3 ;; esac');
  expect(await runUnitJob("a.service", "start", { ...stopped, user: true, wait: false })).toEqual({ ok: true });
  expect(readFileSync(stopped.asked, "utf8").trim()).toBe("--user --no-ask-password --no-pager --quiet --no-block restart -- a.service");
  const runs = systemctl("exit 0");
  expect(await runUnitJob("a.service", "start", runs)).toEqual({ ok: true });
  expect(readFileSync(runs.asked, "utf8").trim()).toBe("--no-ask-password --no-pager --quiet is-active -- a.service");
});

test("a wait is ended, whatever systemd still does", async () => {
  const end = new AbortController();
  const job = runUnitJob("a.service", "stop", { ...systemctl("exec sleep 60"), signal: end.signal });
  end.abort();
  expect(await job).toMatchObject({ ok: false, message: "the agent ended before systemd was done" });
});

test("a refusal is told apart from a failure", async () => {
  const refused = systemctl('echo "Failed to restart a.service: Interactive authentication required." >&2; exit 1');
  expect(await runUnitJob("a.service", "restart", refused)).toMatchObject({ ok: false, denied: true });
  const failed = systemctl('echo "Job for a.service failed because the control process exited with error code." >&2; exit 1');
  expect(await runUnitJob("a.service", "start", failed)).toEqual({
    ok: false,
    denied: false,
    message: "Job for a.service failed because the control process exited with error code.",
  });
  expect(await runUnitJob("a.service", "start", systemctl("exit 3"))).toMatchObject({ denied: false, message: "systemctl ended with 3" });
});

test("neither a missing systemctl nor one that hangs is waited for", async () => {
  expect(await runUnitJob("a.service", "stop", { systemctl: "/nowhere/systemctl" })).toMatchObject({
    message: "there is no systemctl here",
  });
  const hangs = systemctl("exec sleep 60");
  expect(await runUnitJob("a.service", "stop", { ...hangs, timeout: 50 })).toMatchObject({
    message: expect.stringMatching(/not done after/),
  });
});
