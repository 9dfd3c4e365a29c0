// node agent/bundle.mjs: after tsc, makes dist/agent/pinbus.cjs of all that `agent/cli.ts` imports, with a source map and the licences of what is in it.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";
import { licence } from "./licence.mjs";

const root = resolve(import.meta.dirname, "..");
const file = join(root, "dist/agent/pinbus.cjs");

/** The terminal UI stays as it is compiled: blessed cannot be bundled, and nobody else loads it. */
const terminal = {
  name: "terminal",
  resolveId: (id) => (id.endsWith("/tui/main.ts") ? { id: "../tui/main.js", external: true } : null),
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

/** The client library tells `debug` of each step of each packet. Nobody listens in the agent, which has `pinbus trace`, and telling alone costs. */
const silence = {
  name: "silence",
  resolveId: (id) => (id === "debug" ? id : null),
  load: (id) => (id === "debug" ? "module.exports = () => () => {};" : null),
};

const build = await rolldown({
  input: join(root, "agent/cli.ts"),
  cwd: root,
  platform: "node",
  // Loaded when they are used, from their own packages: native, large or not bundable.
  external: ["aedes", "blessed", "onoff", "systeminformation", "node-gyp-build"],
  plugins: [terminal, silence, places],
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
const [bundle] = output;
// What was compiled of the bundle before, by whatever Node.
for (const name of readdirSync(dirname(file))) if (name.startsWith("pinbus.cjs.")) rmSync(join(dirname(file), name));
/** The same bytes wherever the packages are: they may be linked. */
const place = (path, root) => path.replace(/^(\.\.\/)+.*?(?=node_modules\/)/, root);
bundle.map.sources = bundle.map.sources.map((path) => place(path, "../../"));
const placed = bundle.code.replace(/^(\/\/ )(\.\.\/.*)$/gm, (_line, mark, path) => mark + place(path, ""));
// A script with a cache has no `import()` of its own: V8 forgets whose it was.
const code = placed.replace(/\bimport\(/g, "importModule(");
const late = ["child_process", "dns/promises", "readline", "worker_threads"].reduce(loadedLate, code);
// One byte a character: half the memory, and nothing to decode.
const ascii = late.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
// On the first line, so that the map holds.
writeFileSync(file, `(function (exports, require, moduleUrl, importModule) { ${ascii}\n})\n`);
writeFileSync(`${file}.map`, JSON.stringify(bundle.map));
writeFileSync(`${file}.licenses.txt`, licences(bundle.moduleIds));

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
