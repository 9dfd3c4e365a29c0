import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keep, loadSettings } from "../../../tui/client/settings-file.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pinbus-settings-"));
  path = join(dir, "pinbus/tui.yaml");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const load = (more: { settings?: string; theme?: string } = {}) => loadSettings({ env: { XDG_CONFIG_HOME: dir }, ...more });
function write(text: string): void {
  mkdirSync(join(dir, "pinbus"), { recursive: true });
  writeFileSync(path, text);
}
const text = () => readFileSync(path, "utf8");

test.each(["plant/x\u009by", "x\u007f", "\ufeffx"])("what could not be read again is not kept: %j", async (pin) => {
  write("theme: mono\n");
  await expect(keep(path, { pin })).rejects.toThrow("could not be read again");
  expect(text()).toBe("theme: mono\n");
});

test("a file does not grow beyond what is read", async () => {
  const preset = { topic: "a", payload: "x".repeat(4000), qos: 0, retain: false } as const;
  const names = Array.from({ length: 70 }, (_, at) => `p${at}`);
  await expect(
    names.reduce((done, name) => done.then(() => keep(path, { preset: { ...preset, name } })), Promise.resolve()),
  ).rejects.toThrow("kB");
  expect((await load()).problem).toBeNull();
});

test("without a file everything is as usual, and nothing is written", async () => {
  expect(await load()).toMatchObject({ path, look: { theme: "default", background: "auto" }, problem: null });
  expect(readdirSync(dir)).toEqual([]);
});

test("a file that was named must be there", async () => {
  expect((await load({ settings: join(dir, "other.yaml") })).problem).toBe("other.yaml: there is no such file");
});

test("--theme comes before the file, and must be one", async () => {
  write("theme: mono\nbackground: light\n");
  expect((await load()).look).toEqual({ theme: "mono", background: "light" });
  expect((await load({ theme: "high-contrast" })).look).toEqual({ theme: "high-contrast", background: "light" });
  await expect(load({ theme: "pink" })).rejects.toThrow("--theme is one of default, high-contrast, mono");
});

test("what is right counts, and the first fault is told with its line", async () => {
  write("theme: mono\ncolour: red\nbackgroud: dark\n");
  const { look, problem } = await load();
  expect(look.theme).toBe("mono");
  expect(problem).toMatch(/^tui\.yaml:2:1: "colour" is no setting, .* \(and 1 more\)$/);
});

test("a pin goes into the file of the person alone, made with its folder", async () => {
  await keep(path, { pin: "plant/room1" });
  expect(text()).toBe("pins:\n  - plant/room1\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(dir, "pinbus"))).toEqual(["tui.yaml"]);
  expect((await load()).settings.pins).toEqual(["plant/room1"]);
});

test("what somebody else has written since the start stays", async () => {
  write("pins: [a]\n");
  await load();
  write("# by hand\ntheme: mono\npins: [a, b]\n");
  await keep(path, { pin: "c" });
  await keep(path, { unpin: "a" });
  expect(text()).toBe("# by hand\ntheme: mono\npins: [b, c]\n");
});

test.each(["theme: [\n", "pins: 1\n", "\u0000", "who: knows\n"])("%j is not overwritten", async (content) => {
  write(content);
  await expect(keep(path, { pin: "a" })).rejects.toThrow("tui.yaml:1:");
  expect(text()).toBe(content);
});

test("a link keeps leading to the file of the person", async () => {
  mkdirSync(join(dir, "pinbus"));
  writeFileSync(join(dir, "mine.yaml"), "theme: mono\n");
  symlinkSync("../mine.yaml", path);
  await keep(path, { pin: "a" });
  expect(readlinkSync(path)).toBe("../mine.yaml");
  expect(readFileSync(join(dir, "mine.yaml"), "utf8")).toBe("theme: mono\npins:\n  - a\n");
});

test("a folder that cannot be written is said, and leaves the file alone", async () => {
  write("theme: mono\n");
  rmSync(join(dir, "pinbus"), { recursive: true });
  writeFileSync(join(dir, "pinbus"), "");
  await expect(keep(path, { pin: "a" })).rejects.toThrow("a part of its path is no directory");
  chmodSync(join(dir, "pinbus"), 0o600);
});
