import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
export const root = dirname(require.resolve("pinbus/package.json"));
export const agentMain = join(root, "dist/agent/main.cjs");
/** With what systemd starts it: the flags of Node.js, and the variables of the unit. */
export const agentFlags = readFileSync(join(root, "systemd/pinbus"), "utf8")
  .match(/exec "\$node"((?: --\S+)+) /)[1]
  .trim()
  .split(" ")
  .filter(Boolean);
export const agentVariables = Object.fromEntries(
  [...readFileSync(join(root, "systemd/pinbus.service"), "utf8").matchAll(/^Environment=(\w+)=(\S+)$/gm)].map(([, ...pair]) => pair),
);

/** Builds one of the C programs beside this file if it changed, and returns its path. */
export function compiled(name, libraries = []) {
  const source = join(root, "bench", `${name}.c`);
  const out = join(root, "build/bench", name);
  if (existsSync(out) && statSync(out).mtimeMs >= statSync(source).mtimeMs) return out;
  mkdirSync(dirname(out), { recursive: true });
  try {
    execFileSync("cc", ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-o", out, source, ...libraries], { stdio: "inherit" });
  } catch (error) {
    throw new Error(`${name}.c could not be compiled: apt-get install gcc libc6-dev libmosquitto-dev`, { cause: error });
  }
  return out;
}

export function requireBuild() {
  if (!existsSync(agentMain)) throw new Error(`${agentMain} is missing: npm run build`);
}

export function packageVersion(name, from = root) {
  return JSON.parse(readFileSync(join(from, "node_modules", name, "package.json"), "utf8")).version;
}

export function libmosquittoVersion() {
  const header = readFileSync("/usr/include/mosquitto.h", "utf8");
  return ["MAJOR", "MINOR", "REVISION"].map((part) => header.match(new RegExp(`LIBMOSQUITTO_${part} (\\d+)`))?.[1]).join(".");
}
