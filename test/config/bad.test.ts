import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { host, saidAbout } from "./loading.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "bad");
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));

/** The first line says what is expected; where the bytes themselves are the defect, a file beside it does. */
function expectedOf(file: string): string | undefined {
  const beside = join(folder, file.replace(/yaml$/, "expect"));
  if (existsSync(beside)) return readFileSync(beside, "utf8").trim();
  return /^# expect: (.+)$/m.exec(readFileSync(join(folder, file), "utf8"))?.[1];
}

describe("a configuration with one defect", () => {
  it("stands in the folder at least thirty times", () => expect(files.length).toBeGreaterThanOrEqual(30));

  it.each(files)("is refused with exactly one problem: %s", (file) => {
    const path = join(folder, file);
    const result = loadConfig({ file: path, env: { PASSWORD_OF_THE_TEST: "x" }, args: {}, host });
    const said = saidAbout(result).map((line) => line.replace(`${path}:`, "").replaceAll(`${folder}/`, "./"));
    expect(result.ok).toBe(false);
    expect(said).toEqual([expectedOf(file)]);
  });
});
