// Inside the box, as root: documents.js <package.tar>
// The services of documents 002 and 003, by the examples of the installed package.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Case, eventually, runCases } from "./cases.ts";
import { attempt, run } from "./commands.ts";
import { configure, home, install, program, wipe } from "./install.ts";
import { journalTail, mainPid } from "./unit.ts";

const [tar = ""] = process.argv.slice(2);
const example = (name: string) => `gpio: { driver: sim }\n${readFileSync(join(home, `config/examples/${name}.yaml`), "utf8")}`;

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** `2026-11-22T09:42:03+0000 host pinbus[7]: `, as `log_timestamp_format %Y-%m-%dT%H:%M:%S` of mosquitto begins its lines. */
const stamp = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\S* \\S+ pinbus\\[\\d+\\]: ";

const order = /carbot: starting up!.*carbot: subscribing.*carbot: subscribed/s;
const journal = () => run("journalctl", "-u", "pinbus", "-o", "short-iso", "--no-pager");

const cases: Case[] = [
  {
    name: "growbuddy 6j: the unit of the car starts behind the network, and always again",
    run: async () => {
      const shown = await run("systemctl", "show", "pinbus.service", "-p", "Restart", "-p", "After");
      must(/^Restart=always$/m.test(shown) && /^After=.*\bnetwork\.target\b/m.test(shown), shown);
    },
  },
  {
    name: "growbuddy 6j: the car says starting up!, subscribing, subscribed, as `systemctl status` and `journalctl _PID=` show it",
    run: async () => {
      await configure(example("carbot"));
      await run("systemctl", "start", "pinbus.service");
      const story = ["starting up!", "subscribing", "subscribed"].map((word) => `${stamp}carbot: ${word}$`).join("[\\s\\S]*");
      await eventually("the three lines", async () => new RegExp(story, "m").test(await journal()), 20_000);
      const status = await run("systemctl", "status", "pinbus.service", "--no-pager", "-n", "100");
      must(/Active: active \(running\)/.test(status) && order.test(status), status);
      const ofPid = await run("journalctl", `_PID=${await mainPid()}`, "--no-pager");
      must(order.test(ofPid), ofPid);
    },
  },
  {
    name: "growbuddy 6i: the car stands when the service is stopped",
    run: async () => {
      const drive = ["-h", "127.0.0.1", "-t", "carbot/move", "-m", "f", "-q", "1"];
      await run("mosquitto_pub", ...drive);
      await eventually("a wheel that turns", async () => (await run(program[0], program[1], "get", "left")).startsWith("1450"), 20_000);
      await run("mosquitto_pub", ...drive);
      await run("systemctl", "stop", "pinbus.service");
      must(/left off: agent stops.*right off: agent stops/s.test(await journal()), await journal());
    },
  },
  {
    name: "the broker of the class says who comes and goes, each line with its time",
    run: async () => {
      await wipe();
      await configure(example("classroom-broker"));
      for (const user of ["ev3", "test"]) await passwd(user);
      await run("systemctl", "start", "pinbus.service");
      const say = ["-h", "127.0.0.1", "-t", "hello/world", "-m", "hello", "-i", "mosqpub/1405-ev3dev"];
      await eventually("the broker", async () => (await attempt("mosquitto_pub", ...say, "-u", "ev3", "-P", "formosa")).code === 0, 20_000);
      for (const sentence of [
        "broker: New connection from 127\\.0\\.0\\.1:\\d+ on port 1883\\.$",
        "broker: New client connected from 127\\.0\\.0\\.1:\\d+ as mosqpub/1405-ev3dev \\(p2, c1, k60, u'ev3'\\)\\.$",
        "broker: Client mosqpub/1405-ev3dev disconnected\\.$",
      ])
        await eventually(sentence, async () => new RegExp(`${stamp}${sentence}`, "m").test(await journal()), 20_000);
    },
  },
];

/** As the example says, with the password of the document. */
function passwd(user: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program[0], [program[1], "passwd", "/etc/pinbus/class.users", user], { stdio: ["pipe", "inherit", "inherit"] });
    child.stdin.end("formosa\n");
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`passwd ended with ${code}`))));
  });
}

await install(tar);
await wipe();
process.exitCode = await runCases("documents", cases, () => journalTail());
await wipe();
