// One command in the machine: live output, standard input, its exit code (128+n after a signal).
//   client.mjs <state folder> -- CMD…
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { frame, frameReader, kind } from "./frame.mjs";

const [folder, , ...argv] = process.argv.slice(2);
const passedOn = ["TERM", "CI", "NO_COLOR", "FORCE_COLOR"];

const connection = net.connect(path.join(folder, "run.sock"));
connection.on("error", (error) => {
  console.error(`machine: not running (${error.code}); use: test/machine/machine start`);
  process.exit(125);
});
const env = Object.fromEntries(passedOn.flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : [])));
connection.write(frame(0, kind.start, JSON.stringify({ argv, cwd: process.cwd(), env })));

// 141 is what a shell says for a closed pipe.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(141));
let code = 125;
connection.on(
  "data",
  frameReader((_, type, body) => {
    if (type === kind.stdout) process.stdout.write(body);
    else if (type === kind.stderr) process.stderr.write(body);
    else if (type === kind.exit) code = JSON.parse(body).code;
  }),
);
connection.on("close", () => {
  if (code === 125) console.error(`machine: it ended under the command\n${lastWords()}`);
  process.exitCode = code;
  process.stdin.destroy();
});

if (process.stdin.isTTY) connection.write(frame(0, kind.stdinEnd));
else {
  process.stdin.on("data", (data) => connection.write(frame(0, kind.stdin, data)));
  process.stdin.on("end", () => connection.write(frame(0, kind.stdinEnd)));
}
/** What the keeper saw, and where the processors stood. */
function lastWords() {
  const log = fs.readFileSync(path.join(folder, "keeper.log"), "utf8");
  return log
    .split("\n")
    .filter((line) => /^machine:|CPU#|RIP=/.test(line))
    .join("\n");
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => connection.write(frame(0, kind.signal, name)));
