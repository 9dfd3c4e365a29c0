import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import { agentConfig } from "./agent-config.mjs";
import { freePort } from "./broker.mjs";
import { agentFlags, agentMain, agentVariables, compiled, libmosquittoVersion, packageVersion, root } from "./compiled.mjs";
import { end, unlessEnded } from "./process.mjs";

/**
 * What is compared. Each has a name for the table and `command(world)`: what is executed, with the topics below `base`.
 * All say a retained `online` on `<base>/status` when they hear commands, and answer `<base>/out/<id>/set` on `…/state`.
 */
export const pinbus = (settings = {}) => ({
  name: "pinbus",
  version: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version,
  variables: agentVariables,
  command({ folder, port, node, version }) {
    const file = join(folder, `${node}.yaml`);
    writeFileSync(file, agentConfig({ folder, port, node, protocol: version === 5 ? "5" : "3.1.1", ...settings }));
    return [process.execPath, ...agentFlags, agentMain, "run", "--config", file];
  },
});

export const echoJs = {
  name: "MQTT.js echo",
  version: packageVersion("mqtt"),
  command: ({ port, base, version }) => [process.execPath, join(root, "bench/echo.mjs"), String(port), base, "1", String(version)],
};

export const echoC = {
  name: "C echo",
  version: `libmosquitto ${libmosquittoVersion()}`,
  command: ({ port, base, version }) => [compiled("echo", ["-lmosquitto"]), String(port), base, "1", String(version)],
};

/** Node-RED from the folder in PINBUS_BENCH_NODE_RED (`npm install --prefix DIR node-red`); undefined without it. */
export function nodeRed() {
  const from = process.env.PINBUS_BENCH_NODE_RED;
  if (!from) return undefined;
  return {
    name: "Node-RED",
    version: packageVersion("node-red", from),
    async command({ folder, port, node, base, version }) {
      const user = join(folder, node);
      mkdirSync(user, { recursive: true });
      writeFileSync(join(user, "flows.json"), JSON.stringify(flow(port, base, version)));
      writeFileSync(
        join(user, "settings.js"),
        `module.exports = { uiPort: ${await freePort()}, uiHost: "127.0.0.1", flowFile: "flows.json" };\n`,
      );
      return [process.execPath, join(from, "node_modules/node-red/red.js"), "--userDir", user];
    },
  };
}

/** The echo as a user would draw it: mqtt in → function → mqtt out. */
function flow(port, base, version) {
  const at = { z: "tab", x: 0, y: 0 };
  const birth = { birthTopic: `${base}/status`, birthPayload: "online", birthQos: "1", birthRetain: "true" };
  return [
    { id: "tab", type: "tab", label: "echo" },
    {
      id: "broker",
      type: "mqtt-broker",
      broker: "127.0.0.1",
      port: String(port),
      autoConnect: true,
      usetls: false,
      protocolVersion: String(version),
      keepalive: "60",
      cleansession: true,
      ...birth,
    },
    {
      id: "in",
      type: "mqtt in",
      topic: `${base}/out/+/set`,
      qos: "1",
      datatype: "utf8",
      broker: "broker",
      inputs: 0,
      wires: [["change"]],
      ...at,
    },
    {
      id: "change",
      type: "function",
      func: 'msg.topic = msg.topic.slice(0, -3) + "state"; msg.qos = 1; msg.retain = true; return msg;',
      outputs: 1,
      wires: [["out"]],
      ...at,
    },
    { id: "out", type: "mqtt out", topic: "", qos: "", retain: "", broker: "broker", wires: [], ...at },
  ];
}

/** Sees each live `online`; one observer serves all programs of a broker. */
export async function observe(port) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  const waiting = new Map();
  client.on("message", (topic, payload, packet) => {
    if (!packet.retain && payload.toString() === "online") waiting.get(topic)?.(performance.now());
  });
  await client.subscribeAsync("bench/+/status", { qos: 1 });
  return {
    online: (base) => new Promise((resolve) => waiting.set(`${base}/status`, resolve)),
    close: () => client.endAsync(),
  };
}

/**
 * As systemd gives it: with NODE_EXTRA_CA_CERTS, which a machine behind a proxy has, each Node.js first reads all certificates, and starts
 * in twice the time.
 */
export function plainEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("NODE_")));
}

/** Starts a program and waits until it is online. `ms` = from before the process was made to `online` at an observer. */
export async function start(program, { folder, port, node, observer, version = 5 }) {
  const base = `bench/${node}`;
  const [path, ...args] = await program.command({ folder, port, node, base, version });
  const output = openSync(join(folder, `${node}.log`), "a");
  const online = observer.online(base);
  const began = performance.now();
  const child = spawn(path, args, { stdio: ["ignore", output, output], cwd: folder, env: { ...plainEnvironment(), ...program.variables } });
  closeSync(output);
  const at = await unlessEnded(child, program.name, online);
  return { ms: at - began, pid: child.pid, base, stop: () => end(child) };
}
