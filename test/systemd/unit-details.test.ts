import { expect, test } from "vitest";
import { parseTimespan, readUnits } from "../../systemd/units.ts";
import { tempFolder } from "../agent/shell/fixture.ts";
import { script } from "./scripts.ts";

const show = async (properties: string, user = false) => {
  const folder = tempFolder();
  const systemctl = script(folder, "systemctl", `cat <<E\nLoadState=loaded\n${properties}\nE`);
  const [state] = await readUnits(["a.service"], { systemctl, user });
  return state;
};

test("a unit that runs has a main process and no end", async () => {
  const state = await show("ActiveState=active\nSubState=running\nMainPID=812\nExecMainCode=0\nExecMainStatus=0\nResult=success");
  expect(state).toMatchObject({ pid: 812 });
  for (const absent of ["exit", "result", "restart_at"]) expect(state).not.toHaveProperty(absent);
});

test("a unit that failed says how its process ended and what systemd calls it", async () => {
  const failed = "ActiveState=failed\nSubState=failed\nMainPID=0\n";
  expect(await show(`${failed}ExecMainCode=1\nExecMainStatus=78\nResult=exit-code`)).toMatchObject({
    exit: "exited with 78",
    result: "exit-code",
  });
  expect(await show(`${failed}ExecMainCode=2\nExecMainStatus=9\nResult=signal`)).toMatchObject({ exit: "killed by SIGKILL" });
  expect(await show(`${failed}ExecMainCode=3\nExecMainStatus=6\nResult=watchdog`)).toMatchObject({
    exit: "killed by SIGABRT, with a core dump",
    result: "watchdog",
  });
});

test("a unit that waits to be started again says when", async () => {
  const waits = "ActiveState=activating\nSubState=auto-restart\nStateChangeTimestamp=@1700000000\nRestartUSec=1min 30s\n";
  expect(await show(waits)).toMatchObject({ restart_at: "2023-11-14T22:14:50.000Z" });
  expect(await show(`${waits}RestartUSecNext=5s`)).toMatchObject({ restart_at: "2023-11-14T22:13:25.000Z" });
  expect(await show(waits.replace("1min 30s", "infinity"))).not.toHaveProperty("restart_at");
});

test("without a service manager of the user it says so", async () => {
  const folder = tempFolder();
  const systemctl = script(folder, "systemctl", '[ "$1" = --user ] && echo "Failed to connect to bus: No medium found" >&2\nexit 1');
  expect(await readUnits(["a.service"], { systemctl, user: true })).toMatchObject([
    { problem: "no service manager of this user runs here" },
  ]);
});

test("systemd's times are read", () => {
  expect(["100ms", "2s", "1min 30s", "1h", "1.5s", "500us"].map(parseTimespan)).toEqual([100, 2000, 90_000, 3_600_000, 1500, 1]);
  for (const text of ["", "infinity", "5", "5parsec", "5 s"]) expect(parseTimespan(text)).toBeUndefined();
});
