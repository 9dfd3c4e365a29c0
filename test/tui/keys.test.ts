import { expect, test } from "vitest";
import { entriesOf, keyName, keysPage, keyTable, lookup } from "../../tui/keys.ts";
import { tabs } from "../../tui/model.ts";

test("in one scope a key has one meaning, and a tab never changes a letter of everywhere but Enter", () => {
  const seen = new Set<string>();
  const everywhere = new Set(keyTable.filter(({ scope }) => scope === "all").flatMap(({ keys }) => keys));
  for (const { scope, keys } of keyTable) {
    for (const key of keys) {
      expect(seen.has(`${scope} ${key}`), `${scope} ${key}`).toBe(false);
      seen.add(`${scope} ${key}`);
      if (tabs.some(({ id }) => id === scope)) expect(everywhere.has(key), `${scope} ${key}`).toBe(false);
    }
  }
});

test("read-only takes away every key that changes something", () => {
  expect(lookup("pins", "!", false)?.command).toBe("arm");
  for (const scope of ["topics", "pins", "services", "publish", "switch", "inject"] as const) {
    expect(entriesOf(scope, true).filter(({ writes }) => writes)).toEqual([]);
  }
  for (const key of ["!", "enter", "i"]) expect(lookup("pins", key, true)).toBeUndefined();
});

test("in a dialog only its own keys work, and those that always must", () => {
  expect(lookup("switch", "y", false)?.command).toBe("switch-yes");
  expect(lookup("switch", "1", false)).toBeUndefined();
  expect(lookup("publish", "C-c", false)?.command).toBe("quit-now");
});

test("keys are named as on a keyboard", () => {
  expect(["C-d", "S-tab", "pageup", "up", "?", "enter"].map(keyName)).toEqual(["Ctrl-D", "Shift-Tab", "PgUp", "Up", "?", "Enter"]);
});

test("the page of keys names every key of the table", () => {
  const page = keysPage();
  for (const { keys, does } of keyTable) {
    for (const key of keys) expect(page).toContain(`\`${keyName(key)}\``);
    expect(page).toContain(does);
  }
  expect(page).toContain("| `y` | Yes, switch it | *w* |");
  expect(page.endsWith("\n")).toBe(true);
});
