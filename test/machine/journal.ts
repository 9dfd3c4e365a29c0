// Inside the box, as root: journal.js <package.tar> <docs/journal.md> <folder for evidence>
// The commands of docs/journal.md, run as they stand there, on the journal of the installed agent.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAgent } from "../../agent/command/client.ts";
import { P, retained, set } from "./bus.ts";
import { type Case, eventually, pause, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configure, dropIn, install, installBroker, program, wipe } from "./install.ts";
import { journalTail, kill, mainPid, restarted } from "./unit.ts";

const [tar = "", page = "", evidence = "build/evidence"] = process.argv.slice(2);
const yaml = `node: machine
gpio: { driver: sim, board: pi5 }
mqtt: { server: 127.0.0.1 }
sys_interval: 1s
inputs:
  porch: { line: 17, bias: pull-up, active: low }
  gate: { line: 22, bias: pull-up, active: low }
outputs:
  lamp: { line: 27 }
  pump: { line: 5 }
rules:
  porch-lamp: { when: { input: porch, gesture: press }, do: [ { output: lamp, set: toggle } ] }
  gate-pump: { when: { input: gate, gesture: press }, do: [ { output: pump, set: toggle } ] }
`;
const version = Number(/^systemd (\d+)/.exec(await run("systemctl", "--version"))?.[1]);
/** Since when own fields reach the journal (OpenFile=). */
const fields = version >= 253;
const began = Math.floor(Date.now() / 1000);
const told: string[] = [];

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** The commands below the heading that begins so: for entries with fields, and for their texts. */
function commandsOf(heading: string): string[] {
  const section = readFileSync(page, "utf8").split(`\n## ${heading}`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/```sh\n(.*?)\n```/gs)].map(([, command = ""]) => command);
}

/** What each form of the answer prints on this systemd, once `enough` is in it: journald reads what it is sent a moment later. */
async function answers(heading: string, enough: RegExp): Promise<string[]> {
  const all = commandsOf(heading);
  must(all.length > 0, `docs/journal.md has no command for "${heading}"`);
  const forms = all.length > 1 && !fields ? all.slice(1) : all;
  const outputs: string[] = [];
  for (const form of forms) {
    // The page is about another day and another broker.
    const command = form
      .replaceAll("'10:33'", `@${began}`)
      .replaceAll("'10:34'", "now")
      .replaceAll("192\\.168\\.1\\.10", "127\\.0\\.0\\.1");
    const output = await eventually(
      `${enough} in what ${command} prints`,
      async () => {
        const { stdout, stderr } = await attempt("bash", "-c", command);
        return enough.test(stdout) && `${stdout}${stderr}`;
      },
      20_000,
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}; it printed ${(await attempt("bash", "-c", command)).stdout}`);
    });
    told.push(`$ ${form}`, output);
    outputs.push(output);
  }
  return outputs;
}

async function pinbus(...args: string[]): Promise<string> {
  return (await run(program[0], program[1], ...args)).trim();
}

async function online(): Promise<void> {
  await eventually("online", async () => (await retained(`${P}/status`)) === "online");
}

const off = "lamp off: rule porch-lamp (porch press)";

const cases: Case[] = [
  {
    name: "1. why the lamp went off",
    run: async () => {
      for (const output of await answers("1.", /lamp off/)) {
        must(output.includes(off), output);
        must(output.includes("lamp on: rule porch-lamp (porch press)"), output);
        must(!output.includes("pump"), output);
      }
    },
  },
  {
    name: "2. who switched the pump",
    run: async () => {
      for (const output of await answers("2.", /pump off/)) {
        must(output.includes("pump on: mqtt (it is dry, id a-1)") && output.includes("pump off: cli"), output);
        must(!output.includes("gate-pump"), output);
      }
    },
  },
  {
    name: "3. when the broker was away, and why",
    run: async () => {
      await run("systemctl", "stop", "mosquitto.service");
      await eventually("the loss", async () => (await pinbus("status").catch(() => "offline")).includes("offline"));
      await run("systemctl", "start", "mosquitto.service");
      await online();
      const story =
        /online at 127\.0\.0\.1:1883.*(nothing listens at 127\.0\.0\.1:1883|closed the connection|is shutting down|was reset).*online at 127\.0\.0\.1:1883/s;
      for (const output of await answers("3.", story)) must(story.test(output), output);
    },
  },
  {
    name: "4. which rule does most",
    run: async () => {
      for (const output of await answers("4.", /porch-lamp/)) {
        const [first = "", second = ""] = output.split("\n").filter((line) => /[a-z]/.test(line));
        must(/^ +4 (rule )?porch-lamp$/.test(first) && /^ +1 (rule )?gate-pump$/.test(second), output);
      }
    },
  },
  {
    name: "7. which commands were refused, and from whom",
    run: async () => {
      await set("lamp", "BLINK");
      await set("lamp", '{"state":"ON","id":"z-9","ts":1000}');
      for (const output of await answers("7.", /z-9/)) {
        must(output.includes("lamp: refused a command from mqtt: not ON, OFF"), output);
        must(output.includes("lamp: refused a command from mqtt (id z-9)"), output);
      }
    },
  },
  {
    name: "9. whether the power was too low",
    run: async () => {
      for (const output of await answers("9.", /too low/)) must(output.includes("the supply voltage is too low"), output);
      writeFileSync(throttled, "0\n");
      for (const output of await answers("9.", /good again/)) must(output.includes("the supply voltage is good again"), output);
    },
  },
  {
    name: "8. whether a button bounces: few entries, and how many more there were",
    run: async () => {
      const client = await connectAgent("/run/pinbus/control.sock");
      for (let count = 0; count < 40; count++) {
        await client.request("sim-press", { input: "porch", for_ms: 60 });
        await pause(60);
      }
      client.close();
      // The minute ends with the agent.
      await run("systemctl", "restart", "pinbus.service");
      const sum = /porch: (press|click) \d+ times, (press|click) \d+ times in the last (minute|\d+ s), not logged one by one/;
      for (const output of await answers("8.", sum)) must(sum.test(output), output);
      const lines = (await run("journalctl", "-u", "pinbus", "-o", "cat", "--no-pager", "-g", "^porch")).trim().split("\n");
      const written = lines.filter((line) => /^porch (press|click)$/.test(line)).length;
      const counted = lines.flatMap((line) => [...line.matchAll(/(?:press|click) (\d+) times/g)].map(([, times]) => Number(times)));
      // Each press is two gestures; the four presses before may have had a minute of their own.
      must(written <= 48, `${written} gestures are written`);
      must(written + counted.reduce((sum, times) => sum + times, 0) === 88, lines.join("\n"));
    },
  },
  {
    name: "10. what happened to the pump",
    run: async () => {
      await pinbus("lock", "pump");
      await set("pump", "ON");
      for (const output of await answers("10.", /refused/)) {
        for (const text of [
          "pump on: mqtt",
          "pump off: cli",
          "pump locked by cli",
          "pump: refused a command from mqtt",
          "pump on: rule gate-pump",
        ])
          must(output.includes(text), `${text}: ${output}`);
        must(!output.includes("lamp"), output);
      }
    },
  },
  {
    name: "5. that the agent crashed, and what was done with the outputs",
    run: async () => {
      const before = await mainPid();
      await kill("SIGKILL");
      await restarted(before);
      const story = /Main process exited, code=killed, status=9\/KILL.*nothing to drive.*starts as pinbus\/machine/s;
      for (const output of await answers("5.", story)) must(story.test(output), output);
    },
  },
  {
    name: "what an entry means and what to do, with its fields",
    run: async () => {
      const [output = ""] = await answers("What does this entry mean?", /refused a command/);
      if (!fields) return;
      must(output.includes("A command was refused") && output.includes("Nothing moved. PINBUS_REASON is the reason"), output);
      const match = ["-o", "json", "--no-pager", "PINBUS_EVENT=output-moved", "PINBUS_RULE=porch-lamp", "PINBUS_STATE=OFF", "-n", "1"];
      const entry = JSON.parse(await run("journalctl", "-S", `@${began}`, ...match)) as Record<string, string>;
      told.push(JSON.stringify(entry, null, 1));
      const wanted = {
        PINBUS_RULE: "porch-lamp",
        PINBUS_INPUT: "porch",
        PINBUS_KIND: "rule",
        PINBUS_CHAIN: "porch press > rule porch-lamp",
      };
      for (const [name, value] of Object.entries(wanted)) must(entry[name] === value, `${name} is ${entry[name]}`);
      must(entry._SYSTEMD_UNIT === "pinbus.service" && entry.PRIORITY === "6", JSON.stringify(entry));
      const sent = ["-o", "json", "--no-pager", "PINBUS_CAUSE_ID=a-1", "PINBUS_TOPIC=pinbus/machine/out/pump/set"];
      must((await run("journalctl", ...sent)).includes("it is dry"), "a command is not found by its id and topic");
    },
  },
  {
    name: "6. what it said before the last boot, with a journal on disk, and that there is none in memory",
    run: async () => {
      await run("systemctl", "stop", "pinbus.service");
      const volatile = await attempt("bash", "-c", commandsOf("6.")[0] ?? "");
      must(!volatile.stdout.includes("lamp"), volatile.stdout);
      told.push(`$ ${commandsOf("6.")[0]}`, volatile.stdout, volatile.stderr);
      await run("systemctl", "start", "pinbus.service");
      await journalOnDisk();
      await pinbus("sim", "press", "porch");
      await eventually("the press", async () => (await run("journalctl", "-u", "pinbus", "-n", "5", "--no-pager")).includes("porch press"));
      await run("systemctl", "stop", "pinbus.service");
      await nextBoot();
      await run("systemctl", "start", "pinbus.service");
      const [output = ""] = await answers("6.", /porch press/);
      must(output.includes("stopped") && !output.includes("starts as"), output);
    },
  },
];

/** As the firmware of a Pi tells that its supply is too low now. */
const throttled = "/run/platform/soc/soc:firmware/get_throttled";

async function journalOnDisk(): Promise<void> {
  mkdirSync("/etc/systemd/journald.conf.d", { recursive: true });
  writeFileSync("/etc/systemd/journald.conf.d/zz-persistent.conf", "[Journal]\nStorage=persistent\n");
  mkdirSync("/var/log/journal", { recursive: true });
  await run("systemctl", "restart", "systemd-journald.service");
  await run("journalctl", "--flush");
}

/** What the journal takes for a boot: the kernel shows another id of it from here on. */
async function nextBoot(): Promise<void> {
  writeFileSync("/run/boot_id", "3c1f0d52-7a1e-4b8e-9d8a-2f6f7c1b9e10\n");
  await run("mount", "--bind", "/run/boot_id", "/proc/sys/kernel/random/boot_id");
  await run("systemctl", "restart", "systemd-journald.service");
}

async function prepare(): Promise<void> {
  await install(tar);
  await installBroker();
  await wipe();
  mkdirSync("/run/platform/soc/soc:firmware", { recursive: true });
  writeFileSync(throttled, "50005\n");
  await run("mount", "--bind", "/run/platform", "/sys/devices/platform");
  await configure(yaml);
  await dropIn();
  await run("systemctl", "start", "mosquitto.service");
  await run("systemctl", "start", "pinbus.service");
  await online();
  for (let count = 0; count < 4; count++) await pinbus("sim", "press", "porch");
  await pinbus("sim", "press", "gate");
  await pinbus("set", "pump", "off");
  await set("pump", '{"state":"ON","id":"a-1","cause":"it is dry"}');
  await eventually("the command", async () => (await pinbus("get", "pump")) === "ON");
  await pinbus("set", "pump", "off");
}

await prepare();
const code = await runCases(`journal on systemd ${version}`, cases, journalTail);
mkdirSync(evidence, { recursive: true });
writeFileSync(join(evidence, `journal-${version}.txt`), `${told.join("\n")}\n`);
await wipe();
process.exit(code);
