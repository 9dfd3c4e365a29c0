// Inside the box, as root: restarts.js <package.tar> <how many>
// The agent dies again and again, faster than anybody would mend it: systemd never gives up, every start serves the lines, and nothing
// is left behind by the ones before.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { connectAgent } from "../../agent/command/client.ts";
import { type Case, eventually, runCases } from "./cases.ts";
import { run } from "./commands.ts";
import { configure, dropIn, install, installBroker, wipe } from "./install.ts";
import { journalCursor, journalSince, journalTail, kill, mainPid, show } from "./unit.ts";

const [tar = "", count = "40"] = process.argv.slice(2);
const deaths = Number(count);
const socket = "/run/pinbus/control.sock";

const yaml = `node: machine
gpio: { driver: sim, board: pi5 }
mqtt: { server: 127.0.0.1 }
inputs:
  porch: { line: 17, bias: pull-up, active: low }
outputs:
  lamp: { line: 27, on_start: last }
  valve: { line: 6 }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [ { output: lamp, set: toggle } ] }
`;

/** What the agent may have there, however it ended; the file of a write that was cut short is the next write's. */
const known = /\/(control\.sock|view\.sock|(history|outbox)\.jsonl|(outputs|seq|rules|starts)\.json(\.new)?)$/;

/** What a start could leave behind: names of files, and how much is in them. */
function left(): { names: string; bytes: number; descriptors: number; temporary: number } {
  const files = ["/var/lib/pinbus", "/run/pinbus"].flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)));
  return {
    names: files.toSorted().join(" "),
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
    descriptors: readdirSync("/proc/1/fd").length,
    temporary: ["/tmp", "/var/tmp"].flatMap((dir) => readdirSync(dir)).filter((name) => name.includes("pinbus")).length,
  };
}

/** Waits until another process than this one serves the lines; the groups of its sockets come after that. */
async function served(before: number): Promise<number> {
  return eventually("the lines served again", async () => {
    const { MainPID, ActiveState } = await show("MainPID", "ActiveState");
    return ActiveState === "active" && Number(MainPID) !== before && Number(MainPID);
  });
}

const cases: Case[] = [
  {
    name: `${deaths} deaths by SIGKILL, one right after the other: ${deaths} restarts, the lines served after each, nothing left behind`,
    run: async () => {
      const cursor = await journalCursor();
      await run("systemctl", "start", "pinbus.service");
      const agent = await connectAgent(socket);
      await agent.request("lock", { output: "valve", locked: true });
      agent.close();
      let pid = await mainPid();
      let first: ReturnType<typeof left> | undefined;
      const began = performance.now();
      for (let death = 1; death <= deaths; death++) {
        await kill("SIGKILL");
        pid = await served(pid);
        if (death === 5) first = left();
      }
      console.log(`# ${Math.round((performance.now() - began) / deaths)} ms from death to death`);
      const { NRestarts, Result } = await show("NRestarts", "Result");
      if (NRestarts !== String(deaths)) throw new Error(`${NRestarts} restarts, ${Result}`);
      const now = left();
      console.log(`# after 5: ${JSON.stringify(first)}\n# at the end: ${JSON.stringify(now)}`);
      const strange = now.names.split(" ").filter((file) => !known.test(file));
      if (first === undefined || strange.length > 0 || now.temporary !== first.temporary)
        throw new Error(`left behind: ${strange.join(", ")}`);
      if (now.bytes > first.bytes + 100_000 || now.descriptors > first.descriptors + 5) throw new Error("something grows");
      const text = (await journalSince(cursor)).join("\n");
      if (/start-limit|start request repeated/i.test(text)) throw new Error("systemd gave up");
      const again = await connectAgent(socket);
      const { pins } = await again.request("pins", {});
      again.close();
      if (!pins.some((pin) => pin.id === "valve" && "locked" in pin && pin.locked)) throw new Error("the lock was lost");
    },
  },
  {
    name: "the sockets have their groups before systemd says that the service is there, and a reload keeps them",
    run: async () => {
      let pid = await mainPid();
      const groups = () => ["control.sock", "view.sock"].map((name) => groupOf(join("/run/pinbus", name))).join(" ");
      for (let time = 0; time < 5; time++) {
        await run("systemctl", "restart", "pinbus.service");
        if (groups() !== "pinbus-op pinbus-view") throw new Error(`right after the start: ${groups()}`);
        pid = await mainPid();
      }
      await configure(yaml.replace("line: 6", "line: 7"));
      await run("systemctl", "reload", "pinbus.service");
      await eventually("the end of the reload", async () => /reloaded/.test((await show("StatusText")).StatusText ?? ""));
      if (groups() !== "pinbus-op pinbus-view" || (await mainPid()) !== pid) throw new Error(`after a reload: ${groups()}`);
    },
  },
];

function groupOf(file: string): string {
  const { gid } = statSync(file);
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.split(":")[2] === String(gid));
  return line?.split(":")[0] ?? String(gid);
}

await install(tar);
await installBroker();
await wipe();
await dropIn("RestartSec=50ms");
await configure(yaml);
const code = await runCases("restarts", cases, journalTail);
await wipe();
process.exit(code);
