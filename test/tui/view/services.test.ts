import { expect, test } from "vitest";
import { tabs } from "../../../tui/model.ts";
import { Grid } from "../../../tui/shell/grid.ts";
import type { Style } from "../../../tui/view/canvas.ts";
import { drawFrame } from "../../../tui/view/frame.ts";
import { Scene, service } from "../scene.ts";
import { answer, failing, services, withFile } from "../service-scene.ts";
import { styles } from "../shell/drawing.ts";
import { golden } from "./golden.ts";

golden("Services", failing, ["tab", "tab", "w", "tab"]);
golden("Services with a log file", withFile, ["tab", "tab", "tab"]);
golden("Services, the dialog of a unit", () => {
  const scene = services();
  scene.keys("enter");
  return scene;
}, []);

const attributes = Object.fromEntries(styles.map((style, index) => [style, index])) as Record<Style, number>;

test("hostile text in names, logs and problems leaves every row as wide as the screen and nothing in it", () => {
  const evil = "\u001b]0;x\u0007\u009b2J\u202e\ud800温\t\r";
  const scene = services();
  const unit = `${evil}.service`;
  const view = service(unit, { exit: evil, result: evil, restart_at: evil, log_file: evil, control: ["start"], user: true, since: evil });
  scene.act({ type: "services", data: [view, service("b.service", { problem: evil })] });
  scene.keys("g");
  const line = { number: 1, at: evil, priority: 99, text: evil.repeat(400) };
  for (const from of ["journal", "file"] as const)
    scene.act({ type: "service-log", answer: answer(unit, [line], { from, problem: evil }) });
  for (const keys of [["w"], ["enter"], ["escape", "t"], ["tab", "tab"], ["tab"], ["+"], ["_", "z"]]) {
    scene.keys(...keys);
    for (const [cols, rows] of [
      [40, 12],
      [80, 24],
      [150, 44],
    ] as const) {
      const grid = new Grid({ ascii: false, attributes });
      grid.begin(cols, rows);
      drawFrame(scene.state, grid, scene.now);
      grid.finish();
      for (let row = 0; row < rows; row += 1) {
        const text = grid.chars.slice(row * cols, (row + 1) * cols).join("");
        const wide = text.match(/[\u2e80-\u9fff]/g)?.length ?? 0;
        expect(Array.from(text).length + wide).toBe(cols);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\ud800-\udfff]/);
      }
    }
  }
});

test("in a recording each pane says what a recording has", () => {
  const scene = new Scene({ replay: "site.jsonl", readOnly: true, agent: false });
  scene.keys("5");
  for (const pane of ["units", "unit", "journal", "log file"]) {
    expect(scene.draw(80, 24).text(), pane).toContain("a recording has messages only: tabs 1, 3 and 7");
    expect(scene.draw(80, 24).text(), pane).not.toContain("no agent here");
    scene.keys("tab");
  }
});

test("without an agent the tab says which flag would give one, in each of its panes", () => {
  const scene = new Scene({ agent: true });
  scene.keys("5");
  scene.act({ type: "agent-offline", problem: "no agent at /run/pinbus/control.sock", absent: true });
  for (let pane = 0; pane < (tabs.find(({ id }) => id === "services")?.panes ?? 0); pane += 1) {
    expect(scene.draw(80, 24).text()).toContain("no agent here: --host user@pi");
    scene.keys("tab");
  }
});
