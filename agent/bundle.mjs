// node agent/bundle.mjs: after tsc, makes dist/agent/pinbus.cjs of all that `agent/cli.ts` imports and dist/agent/tui.cjs of the terminal UI, each with a
// source map and the licences of what is in it; and dist/agent/main.cjs, which loads them.
import { chmodSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";
import { licence } from "./licence.mjs";

const root = resolve(import.meta.dirname, "..");

/** The terminal UI is in the other bundle. */
const terminal = {
  name: "terminal",
  resolveId: (id) => (id.endsWith("/tui/main.ts") ? { id: "./tui-bundle.js", external: true } : null),
};

/**
 * Of 2013: octal numbers and escapes, which are refused in a module, files beside it for terminals that are not known, and programs of other
 * systems, for which it need not load what starts programs.
 */
const blessed = {
  name: "blessed",
  transform(code, id) {
    if (!id.includes("/node_modules/blessed/")) return null;
    const read = code
      .replace(/\\([0-3][0-7]{2})/g, (_, digits) => `\\x${Number.parseInt(digits, 8).toString(16).padStart(2, "0")}`)
      .replace(/\b0([0-7]{3})\b/g, "0o$1")
      .replace("cp = require('child_process')", "cp = {}")
      .replace(/\bcp\.exec/g, "require('child_process').exec")
      .replaceAll("__dirname", `require("node:path").dirname(require.resolve("blessed/lib/tput.js"))`);
    return { code: read, map: null };
  },
};

/** What finds a file by its own place still finds it. */
const places = {
  name: "places",
  transform(code, id) {
    if (id.includes("/node_modules/") || !code.includes("import.meta.url")) return null;
    const compiled = relative(root, id).replace(/ts$/, "js");
    // The lines stay where they are.
    return { code: code.replaceAll("import.meta.url", `moduleUrl(${JSON.stringify(compiled)})`), map: null };
  },
};

/** Packages that each start would load for nothing, and what stands in for them. */
const standIns = {
  // Told of each step of each packet and of each logger. Nobody listens in the agent, which has `pinbus trace`, and telling alone costs.
  debug: "module.exports = () => () => {};",
  "@dabh/diagnostics": "module.exports = () => () => {};",
  // Three copies of what Node.js has.
  "readable-stream": `module.exports = require("node:stream");`,
  "readable-stream/lib/_stream_writable.js": `module.exports = require("node:stream").Writable;`,
  // No line of the log has colours.
  "@colors/colors/safe": "module.exports = {};",
  // convict reads no arguments here, see config/complete.ts.
  "yargs-parser": "module.exports = () => ({});",
  // For browsers that hold back the timers of a page.
  "worker-timers": "module.exports = {};",
};
const lean = {
  name: "lean",
  resolveId: (id) => (Object.hasOwn(standIns, id) ? id : null),
  load: (id) => standIns[id] ?? null,
};

// Loaded when they are used, from their own packages: native, large or not bundable.
const external = ["aedes", "onoff", "systeminformation", "node-gyp-build"];
/** The same bytes wherever the packages are: they may be linked. */
const place = (path, root) => path.replace(/^(\.\.\/)+.*?(?=node_modules\/)/, root);

await program();
await bundle(
  "pinbus",
  "agent/cli.ts",
  [terminal, lean, places],
  ["child_process", "dns/promises", "fs/promises", "readline", "timers/promises", "worker_threads"],
);
await bundle("tui", "agent/tui-cli.ts", [lean, places, blessed], ["child_process", "crypto", "timers/promises", "tls"]);

/** One script: for a module Node.js would start a loader first, which reads in the background. */
async function program() {
  const file = join(root, "dist/agent/main.cjs");
  const build = await rolldown({ input: join(root, "agent/main.ts"), cwd: root, platform: "node" });
  await build.write({ file, format: "cjs", comments: false });
  chmodSync(file, 0o755);
}

/** `late`: modules of Node.js that are seldom needed, or only later. */
async function bundle(name, entry, plugins, late) {
  const file = join(root, `dist/agent/${name}.cjs`);
  const build = await rolldown({
    input: join(root, entry),
    cwd: root,
    platform: "node",
    external,
    plugins,
    onLog: (_level, log) => {
      throw new Error(log.message);
    },
  });
  const { output } = await build.generate({
    file,
    format: "cjs",
    codeSplitting: false,
    comments: false,
    sourcemap: "hidden",
    sourcemapExcludeSources: true,
  });
  const [{ code: made, map, moduleIds }] = output;
  // What was compiled of the bundle before, by whatever Node.
  for (const other of readdirSync(dirname(file))) if (other.startsWith(`${name}.cjs.`)) rmSync(join(dirname(file), other));
  map.sources = map.sources.map((path) => place(path, "../../"));
  const placed = made.replace(/^(\/\/ )(\.\.\/.*)$/gm, (_line, mark, path) => mark + place(path, ""));
  // A script with a cache has no `import()` of its own: V8 forgets whose it was.
  const code = late.reduce(loadedLate, placed.replace(/\bimport\(/g, "importModule("));
  // One byte a character: half the memory, and nothing to decode.
  const ascii = code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // On the first line, so that the map holds.
  writeFileSync(file, `(function (exports, require, moduleUrl, importModule) { ${ascii}\n})\n`);
  writeFileSync(`${file}.map`, JSON.stringify(map));
  writeFileSync(`${file}.licenses.txt`, licences(moduleIds));
}

/** A module of Node.js that an agent needs seldom, or only when it is online, is loaded where it is used: together these took a tenth of the start. */
function loadedLate(code, name) {
  const local = `node_${name.replace("/", "_")}`;
  const line = `let ${local} = require("node:${name}");\n`;
  if (!code.includes(line)) throw new Error(`${name} is not loaded as it was: ${line}`);
  return code.replace(line, "\n").replaceAll(`${local}.`, `(require("node:${name}")).`);
}

/** Of each package that is in the bundle. */
function licences(ids) {
  const folders = new Set(ids.map((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1]).filter(Boolean));
  return [...folders].sort().map(licence).join("\n");
}
