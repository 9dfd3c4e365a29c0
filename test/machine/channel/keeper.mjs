// The end on the host: owns QEMU and lets any number of clients share the one port into the machine.
//   keeper.mjs <state folder> -- QEMU ARGS…
// Environment: SHARE and SHARE_CACHE (the folder to mount and its 9p cache mode), or SNAPSHOT_TO (write a snapshot and end);
// SILENCE (seconds without a sign of life after which the machine hangs and is ended).
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { frame, frameReader, kind } from "./frame.mjs";
import { qmp } from "./qmp.mjs";

const [folder, , ...qemuArgv] = process.argv.slice(2);
const { SHARE, SHARE_CACHE, SNAPSHOT_TO, SILENCE = "120" } = process.env;
const at = (name) => path.join(folder, name);
for (const name of ["guest.sock", "run.sock", "qmp.sock", "ready"]) fs.rmSync(at(name), { force: true });

/** Per command id: what to do with a frame that comes back for it. */
const clients = new Map();
let nextId = 1;
let guest;
let silentFor = 0;

const guestServer = net.createServer((connection) => {
  guest = connection;
  guestServer.close();
  connection.on(
    "data",
    frameReader((id, type, body) => {
      silentFor = 0;
      clients.get(id)?.(type, body);
    }),
  );
  connection.on("error", () => {});
  onGuest().catch((error) => {
    console.error(`machine: ${error.message}`);
    qemu.kill();
  });
});
await new Promise((ok) => guestServer.listen(at("guest.sock"), ok));

const qemu = spawn(qemuArgv[0], qemuArgv.slice(1), { stdio: ["ignore", "inherit", "inherit"] });
qemu.on("exit", (code) => {
  for (const name of ["run.sock", "ready"]) fs.rmSync(at(name), { force: true });
  process.exit(code ?? 1);
});
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => qemu.kill());

async function onGuest() {
  await new Promise((ok) => {
    clients.set(0, ok);
    guest.write(frame(0, kind.ping)); // waits in the port until the other end opens it
  });
  if (SNAPSHOT_TO) {
    await snapshot();
    qemu.kill();
    return;
  }
  await settleIn();
  fs.writeFileSync(at("ready"), "");
  setInterval(watch, 1000);
}

/**
 * Ends a machine that hangs: an emulated one does so once in many hours, without a word on its console. Counted in beats of our own,
 * so that a host that stood still is not taken for it.
 */
function watch() {
  guest.write(frame(0, kind.ping));
  if (++silentFor !== Number(SILENCE)) return;
  console.error(`machine: no sign of life for ${SILENCE} s`);
  const registers = qmp(folder, { execute: "human-monitor-command", arguments: { "command-line": "info registers -a" } });
  const tooLong = new Promise((ok) => setTimeout(ok, 5000, "QEMU's monitor does not answer either"));
  Promise.race([registers, tooLong])
    .then(console.error, console.error)
    .finally(() => qemu.kill("SIGKILL"));
}

/** Runs one script inside; resolves with its exit code and output. */
function inside(script) {
  return new Promise((ok) => {
    const id = nextId++;
    let out = "";
    clients.set(id, (type, body) => {
      if (type !== kind.exit) {
        out += body;
        return;
      }
      clients.delete(id);
      ok({ code: JSON.parse(body).code, out });
    });
    guest.write(frame(id, kind.start, JSON.stringify({ argv: ["sh", "-ec", script], cwd: "/", env: {} })));
  });
}

async function snapshot() {
  // systemd quiet, Node's pages warm, everything else dropped: the snapshot stays small.
  await inside(
    "systemctl is-system-running --wait || systemctl --failed; sync; echo 3 > /proc/sys/vm/drop_caches; node -e 0; mosquitto -h >/dev/null || true",
  );
  // The guest is not stopped first: the run state travels too, and a stopped machine would resume stopped.
  await qmp(
    folder,
    { execute: "migrate-set-parameters", arguments: { "max-bandwidth": 2 ** 34 } },
    { execute: "migrate", arguments: { uri: `exec:cat > ${SNAPSHOT_TO}` } },
  );
  for (;;) {
    const { status } = await qmp(folder, { execute: "query-migrate" });
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled") throw new Error(`the snapshot ${status}`);
    await new Promise((ok) => setTimeout(ok, 50));
  }
}

/** A resumed machine has the snapshot's clock and random state, and no share: a mounted 9p share forbids a snapshot. */
async function settleIn() {
  const { code, out } = await inside(`date -s @${(Date.now() / 1000).toFixed(3)} >/dev/null
    echo ${randomBytes(64).toString("hex")} > /dev/urandom
    mkdir -p '${SHARE}'; mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=${SHARE_CACHE} share '${SHARE}'`);
  if (code !== 0) throw new Error(`cannot mount the share: ${out}`);
}

net
  .createServer((connection) => {
    const id = nextId++;
    clients.set(id, (type, body) => {
      connection.write(frame(id, type, body));
      if (type !== kind.exit) return;
      clients.delete(id);
      connection.end();
    });
    connection.on(
      "data",
      frameReader((_, type, body) => guest.write(frame(id, type, body))),
    );
    connection.on("error", () => {});
    connection.on("close", () => {
      // The client died first: its command goes with it.
      if (clients.delete(id)) guest.write(frame(id, kind.signal, "SIGKILL"));
    });
  })
  .listen(at("run.sock"));
