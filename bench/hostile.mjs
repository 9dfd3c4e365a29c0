import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { freePort } from "./broker.mjs";
import { buttonsConfig, connectButtons, now, press, pressEvery } from "./buttons.mjs";
import { agentFlags, agentMain, agentVariables, root } from "./compiled.mjs";
import { goal, mediansOf, short } from "./figures.mjs";
import { attacks } from "./hostile-attacks.mjs";
import { end, pause, rssOf, unlessEnded } from "./process.mjs";

const names = ["p50", "restP50", "p99", "restP99", "ratio", "slowest", "unanswered", "rss", "served"];

/** Button → relay and an ordinary client of the built-in broker, while others attack it. Before each attack the same at rest. */
export async function run({ rounds, folder, log }) {
  const seconds = 6;
  const rows = Object.keys(attacks).map((name) => ({ name, rounds: [] }));
  for (let round = 1; round <= rounds; round++) {
    const agent = await startAgent(join(folder, `${round}`));
    try {
      // The first presses compile what they run.
      await measure(agent, pause(2_000));
      for (const row of rows) {
        const rest = await measure(agent, pause(seconds * 500));
        const { told, ...figures } = await measure(agent, attack(row.name, agent, seconds));
        if (agent.child.exitCode !== null) throw new Error(`the agent ended by itself: ${row.name}`);
        Object.assign(row, { told });
        row.rounds.push({ ...figures, restP50: rest.p50, restP99: rest.p99, ratio: figures.p99 / rest.p99, more: figures.rss - rest.rss });
        log(`round ${round}: ${row.name}: p99 ${short(figures.p99)} ms (at rest ${short(rest.p99)}), ${short(figures.rss)} MB; ${told}`);
      }
    } finally {
      await agent.stop();
    }
  }
  const sides = rows.map((row) => ({ ...row, ...mediansOf(row.rounds, names) }));
  const worst = sides.reduce((one, other) => (other.ratio > one.ratio ? other : one));
  return {
    title: "Hostile: button → relay in the process of the built-in broker, while it is attacked",
    columns: [
      "",
      ...["p50 ms", "at rest", "p99", "at rest", "p99 ÷ at rest", "slowest", "not answered", "RSS MB", "ordinary client, round trips /s"],
      "the attackers",
    ],
    rows: sides.map(({ name, told, ...figures }) => [name, ...names.map((figure) => short(figures[figure])), told]),
    goals: [
      goal(`p99 ÷ at rest, worst (${worst.name})`, worst.ratio, { most: 3 }),
      goal(
        "presses that were not answered",
        sides.reduce((sum, { unanswered }) => sum + unanswered, 0),
        { most: 0 },
      ),
      goal("RSS, MB more than at rest, byte by byte", Math.max(...trickled(rows)), { most: 100 }),
      goal("RSS, MB, highest", Math.max(...sides.map(({ rss }) => rss)), { most: 400 }),
    ],
    notes: [
      `One round: ${seconds / 2} s at rest and ${seconds} s of each attack, one after the other on the same agent, and a press each ${pressEvery} ms. Button = the moment before the press of the ` +
        "simulated board is asked for on the control socket, relay = the observed write, both by CLOCK_MONOTONIC; the highest RSS of each attack. The ordinary client publishes with QoS 1 to itself. " +
        `Attackers and agent share ${availableParallelism()} cores; the attackers have nice 19, since in a house they have processors of their own.`,
    ],
  };
}

/** 90 clients with half of a packet of 200 kB each are 18 MB; it may be there twice while it is put together. */
const trickled = (rows) =>
  rows.filter(({ name }) => name.startsWith("byte by byte")).flatMap(({ rounds }) => rounds.map(({ more }) => more));

/** Presses until `side` is done. */
async function measure(agent, side) {
  let [rss, served] = [0, 0];
  const servedBefore = agent.served();
  const began = now();
  const watched = side.then((told) => {
    served = ((agent.served() - servedBefore) * 1000) / (now() - began);
    return told;
  });
  const look = () => {
    rss = Math.max(rss, rssOf(agent.child.pid));
  };
  return { ...(await press(agent, watched, look)), rss, served };
}

async function attack(name, { port, webSocketPort }, seconds) {
  const program = join(root, "bench/hostile-attacks.mjs");
  const child = spawn("nice", ["-n", "19", process.execPath, program, name, String(port), String(seconds), String(webSocketPort)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "exit")]);
  return text.join("").trim();
}

async function startAgent(folder) {
  const [port, webSocketPort] = [await freePort(), await freePort()];
  const config = configFile(folder, port, webSocketPort);
  const output = openSync(`${config}.log`, "w");
  const child = spawn(process.execPath, [...agentFlags, agentMain, "run", "--config", config], {
    stdio: ["ignore", output, output],
    env: { ...process.env, ...agentVariables },
  });
  let agent;
  try {
    agent = await unlessEnded(child, "the agent", connectButtons(join(folder, "..", `${port}.sock`)));
  } catch (error) {
    await end(child);
    throw new Error(`${error.message}\n${readFileSync(`${config}.log`, "utf8").slice(-2000)}`);
  }
  const ordinary = await ordinaryClient(port);
  return Object.assign(agent, {
    child,
    port,
    webSocketPort,
    served: ordinary.served,
    async stop() {
      await ordinary.stop();
      agent.control.close();
      await end(child);
    },
  });
}

/** Somebody who does nothing wrong; comes back when its connection is ended. */
async function ordinaryClient(port) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, clientId: "ordinary", reconnectPeriod: 200 });
  client.on("error", () => {});
  let served = 0;
  let over = false;
  await client.subscribeAsync("ordinary", { qos: 1 });
  const publish = () => {
    if (!over) client.publish("ordinary", "x", { qos: 1 }, () => setTimeout(publish, 20));
  };
  client.on("message", () => {
    served++;
  });
  publish();
  return {
    served: () => served,
    async stop() {
      over = true;
      await client.endAsync(true);
    },
  };
}

function configFile(folder, port, webSocketPort) {
  const file = `${folder}.yaml`;
  const users = `${folder}.users`;
  // The password nobody guesses: `guess` asks for 101 rounds of PBKDF2, as mosquitto_passwd does.
  writeFileSync(users, `teacher:$7$101$${Buffer.alloc(12, 1).toString("base64")}$${Buffer.alloc(64, 1).toString("base64")}\n`, {
    mode: 0o600,
  });
  writeFileSync(
    file,
    `node: box
prefix: hostile
state_dir: ${folder}
control: { socket: ${join(folder, "..", `${port}.sock`)} }
broker:
  listeners: [{ protocol: mqtt, port: ${port} }, { protocol: ws, port: ${webSocketPort} }]
  password_file: ${users}
  anonymous: true
${buttonsConfig}`,
    { mode: 0o600 },
  );
  return file;
}
