import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type Case, eventually } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { wipe } from "./install.ts";
import { mustNotHaveSaid, prepared, pressUntil, said, start, stillRuns, switchTo, withAgent, yaml } from "./ordeal-world.ts";
import { mainPid, show } from "./unit.ts";

const stateDir = "/var/lib/pinbus";
const ballast = `${stateDir}/ballast`;

/** Health and its sentences about this error of the file system, if there is one. */
async function troubleWith(error: "ENOSPC" | "EROFS"): Promise<string | false> {
  const { health, problems } = await withAgent((agent) => agent.request("status", {}));
  const about = problems.filter((problem) => problem.includes(error));
  return about.length > 0 && `${health}: ${about.join(" | ")}`;
}

async function unmounted(folder: string): Promise<void> {
  await wipe().catch(() => undefined);
  await attempt("umount", "-l", folder);
  rmSync(stateDir, { recursive: true, force: true });
}

/** Takes every block that is left, and the last bytes of what is in files already. */
function fill(): void {
  for (const size of [65536, 4096, 64])
    for (;;) {
      try {
        writeFileSync(ballast, Buffer.alloc(size), { flag: "a" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        break;
      }
    }
}

export const diskCases: Case[] = [
  {
    name: "the disk fills up: lines work, a lock says that it would not last, health is degraded; with room again all is well",
    run: async () => {
      await prepared(yaml());
      mkdirSync(stateDir, { recursive: true });
      await run("mount", "-t", "tmpfs", "-o", "size=256k", "small", stateDir);
      try {
        await run("systemctl", "start", "pinbus.service");
        const pid = await mainPid();
        fill();
        await withAgent(async (agent) => {
          await pressUntil(agent, 1);
          await switchTo(agent, "alarm", "ON");
          const refused = await agent.request("lock", { output: "lamp", locked: true }).then(
            () => "it was said to be locked",
            (error: Error) => error.message,
          );
          if (!/failed/.test(refused) || !/ENOSPC|space/.test(refused)) throw new Error(refused);
          console.log(`# lock: ${refused}`);
          await agent.request("lock", { output: "lamp", locked: false }).catch(() => undefined);
        });
        await said(/ENOSPC[^\n]*/);
        const degraded = await eventually("health degraded by the disk", () => troubleWith("ENOSPC"));
        console.log(`# ${degraded}`);
        if (!degraded.startsWith("degraded")) throw new Error(degraded);
        await run("systemctl", "restart", "pinbus.service");
        const again = await mainPid();
        await withAgent((agent) => pressUntil(agent, 1));
        if (again === pid) throw new Error("it was not restarted");
        rmSync(ballast);
        await withAgent((agent) => pressUntil(agent, 0));
        await eventually("no problem with the disk", async () => !(await troubleWith("ENOSPC")));
        await stillRuns(again);
        await said(/can be written again/);
      } finally {
        await unmounted(stateDir);
      }
    },
  },
  {
    name: "/var/lib is read-only: the agent starts, lines work, health is degraded and says so",
    run: async () => {
      await start(yaml());
      await run("systemctl", "stop", "pinbus.service");
      await run("mount", "--bind", stateDir, stateDir);
      await run("mount", "-o", "remount,ro,bind", stateDir);
      try {
        await run("systemctl", "start", "pinbus.service");
        const pid = await mainPid();
        await withAgent((agent) => pressUntil(agent, 1));
        const degraded = await eventually("health degraded by the file system", () => troubleWith("EROFS"));
        console.log(`# ${degraded}`);
        await said(/EROFS|read-only/);
        await stillRuns(pid);
      } finally {
        await unmounted(stateDir);
      }
    },
  },
  {
    name: "/var/lib is read-only before the first start: systemd cannot make the folder, says so, and tries until it can",
    run: async () => {
      await prepared(yaml());
      await run("mount", "-t", "tmpfs", "-o", "ro", "none", "/var/lib");
      try {
        if ((await attempt("systemctl", "start", "pinbus.service")).code === 0) throw new Error("it started");
        await said(/Failed to set up [^\n]*state director[^\n]*|status=238\/STATE_DIRECTORY/);
        await run("umount", "/var/lib");
        await eventually("ready", async () => (await show("ActiveState")).ActiveState === "active");
        await withAgent((agent) => pressUntil(agent, 1));
        await mustNotHaveSaid(/start-limit/);
      } finally {
        if (!existsSync("/var/lib/systemd") || readdirSync("/var/lib").length === 0) await attempt("umount", "-l", "/var/lib");
        await wipe();
      }
    },
  },
];
