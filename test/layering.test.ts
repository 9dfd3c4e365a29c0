import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = dirname(createRequire(import.meta.url).resolve("pinbus/package.json"));

const refused: readonly (readonly [file: string, from: string])[] = [
  ["gpio/line.ts", "./errors.ts"],
  ["gpio/sim.ts", "../agent/core/model.ts"],
  ["gpio/sim.ts", "../config/load.ts"],
  ["systemd/notify.ts", "../agent/exit.ts"],
  ["config/load.ts", "../gpio/driver.ts"],
  ["config/load.ts", "../agent/exit.ts"],
  ["agent/core/reduce.ts", "node:fs"],
  ["agent/core/reduce.ts", "mqtt"],
  ["agent/core/reduce.ts", "../shell/clock.ts"],
  ["agent/core/reduce.ts", "../protocol.ts"],
  ["agent/core/reduce.ts", "../../gpio/driver.ts"],
  ["agent/profile/tasmota.ts", "node:crypto"],
  ["agent/shell/lines.ts", "../../gpio/chardev.ts"],
  ["agent/shell/log.ts", "../../systemd/journal.ts"],
  ["agent/shell/log.ts", "blessed"],
  ["agent/shell/sensors.ts", "../sensor/w1.ts"],
  ["agent/sensor/w1.ts", "../core/model.ts"],
  ["agent/sensor/w1.ts", "../../gpio/line.ts"],
  ["agent/doctor/check/lines.ts", "node:fs"],
  ["agent/doctor/check/lines.ts", "../gather.ts"],
  ["agent/doctor/check/broker.ts", "../gather/broker.ts"],
  ["agent/agent.ts", "blessed"],
  ["tui/update.ts", "blessed"],
  ["tui/main.ts", "../agent/agent.ts"],
  ["tui/main.ts", "../agent/exit.ts"],
  ["tui/client/agent.ts", "../../agent/shell/control.ts"],
  ["tui/main.ts", "../gpio/line.ts"],
  ["tui/settings.ts", "../config/check.ts"],
  ["tui/shell/pane.ts", "../../config/load.ts"],
];

const allowed: readonly (readonly [file: string, from: string])[] = [
  ["config/load.ts", "../gpio/line.ts"],
  ["agent/core/reduce.ts", "../../gpio/line.ts"],
  ["agent/core/reduce.ts", "./model.ts"],
  ["agent/profile/tasmota.ts", "../core/model.ts"],
  ["agent/shell/lines.ts", "../../gpio/driver.ts"],
  ["agent/shell/sensors.ts", "../sensor/driver.ts"],
  ["agent/sensor/registry.ts", "../../config/schema.ts"],
  ["agent/doctor/check/lines.ts", "../finding.ts"],
  ["agent/doctor/check/lines.ts", "../../../config/lines.ts"],
  ["agent/agent.ts", "../systemd/notify.ts"],
  ["tui/client/agent.ts", "../../agent/protocol.ts"],
  ["tui/main.ts", "../config/load.ts"],
  ["tui/settings.ts", "../config/yaml.ts"],
  ["tui/shell/pane.ts", "blessed"],
];

/** A tree with one file per case, each with its one import, linted by the project's own rules in one run. */
let tree: string;
let refusals: Set<string>;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "pinbus-layering-"));
  copyFileSync(join(root, "biome.json"), join(tree, "biome.json"));
  for (const [file, from] of [...refused, ...allowed]) {
    const path = join(tree, caseFile(file, from));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `import { x } from "${from}";\n\nexport const y = x;\n`);
  }
  const args = ["lint", "--only=style/noRestrictedImports", "--vcs-enabled=false", "--max-diagnostics=none", "--reporter=github", "."];
  const { stdout } = spawnSync(join(root, "node_modules/.bin/biome"), args, { cwd: tree, encoding: "utf8" });
  refusals = new Set([...stdout.matchAll(/noRestrictedImports.*?file=([^,]+)/g)].map(([, file]) => relative(tree, file ?? "")));
});

afterAll(() => rmSync(tree, { recursive: true }));

/** Beside the real file, so that the same rules hold; line.ts has rules of its own and keeps its name. */
function caseFile(file: string, from: string): string {
  return file === "gpio/line.ts" ? file : file.replace(/[^/]+$/, `${from.replaceAll(/[^a-z]+/g, "-")}.ts`);
}

test.each(refused)("%s may not import %s", (file, from) => {
  expect(refusals).toContain(caseFile(file, from));
});

test.each(allowed)("%s may import %s", (file, from) => {
  expect(refusals).not.toContain(caseFile(file, from));
});

test("core takes only types from the configuration", () => {
  const folder = join(root, "agent/core");
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"));
  const imports = lines.filter((line) => line.includes("config/schema.ts"));
  expect(imports.length).toBeGreaterThan(0);
  expect(imports.filter((line) => !line.startsWith("import type "))).toEqual([]);
});
