import { expect, test } from "vitest";
import { tabs } from "../../../tui/model.ts";
import { Grid } from "../../../tui/shell/grid.ts";
import type { Style } from "../../../tui/view/canvas.ts";
import { drawFrame } from "../../../tui/view/frame.ts";
import { garden, hostView, type Scene, status } from "../scene.ts";
import { styles } from "../shell/drawing.ts";

const attributes = Object.fromEntries(styles.map((style, index) => [style, index])) as Record<Style, number>;

/** A frame in the cells of the real shell. */
function rows(scene: Scene, cols: number, lines: number, ascii: boolean): string[] {
  const grid = new Grid({ ascii, attributes });
  grid.begin(cols, lines);
  drawFrame(scene.state, grid, scene.now);
  grid.finish();
  return Array.from({ length: lines }, (_, row) => grid.chars.slice(row * cols, (row + 1) * cols).join(""));
}

test("titles and the lines between panes join", () => {
  expect(rows(garden(), 80, 24, false)[1]).toBe(`─[Topics 7 - 0 msg/s] ${"─".repeat(20)}┬─plant ${"─".repeat(30)}`);
  expect(rows(garden(), 150, 44, false)[1]?.match(/┬/g)?.length).toBe(2);
});

test("without UTF-8 every cell of every screen is ASCII", () => {
  const scene = garden();
  scene.message("grün/温度/🌡", "21 °C ✓");
  scene.message("$SYS/broker/version", "mosquitto 温度 ✓");
  scene.act({ type: "host", data: hostView({ machine: { model: "Ωmega 温" } }) });
  scene.keys("o");
  for (const keys of [["1"], ["?"], ["escape", "p"], ["escape", "2", "!", "enter"], ["escape", "3"], ["4"], ["5"], ["6"], ["7"]]) {
    scene.keys(...keys);
    for (const [cols, lines] of [
      [40, 12],
      [80, 24],
      [150, 44],
    ] as const) {
      for (const row of rows(scene, cols, lines, true)) expect(row).toMatch(/^[ -~]*$/);
    }
  }
});

test("wide and hostile names leave every row as wide as the screen", () => {
  const scene = garden();
  scene.message("温度/温度温度温度温度温度温度温度温度", "温".repeat(50));
  scene.message("evil\u001b]0;x\u0007/\u009b2J\u202e", "\u001b[2J\r\n\t\u0000");
  const evil = "\u001b]0;x\u0007\u009b2J\u202e温";
  scene.message("$SYS/broker/version", evil);
  scene.act({ type: "mqtt-granted", filter: evil });
  scene.act({ type: "status", status: status({ link: { ...status().link, online: false, problem: evil } }) });
  scene.message(`${evil}/talks`, "1");
  scene.message(`${evil}/info`, JSON.stringify({ version: evil, started: evil, driver: evil, machine: { model: evil, os: evil } }));
  scene.message(`${evil}/health`, JSON.stringify({ health: evil, problems: [evil] }));
  scene.message(`${evil}/$SYS/reconnects`, evil);
  const packet = { number: 1, at: evil, direction: "sent" as const, type: evil, topic: evil, size: 3, reason: 999, rtt_ms: 1e99 };
  scene.act({ type: "trace", entries: [packet] });
  const { values } = hostView();
  const sensor = { values: [{ name: evil, value: 1, unit: evil }], quality: "ok" as const, reason: evil, ts: null, age_ms: 1 };
  scene.act({
    type: "host",
    data: hostView({
      machine: { model: evil, os: evil },
      values: { ...values, version: evil, [`host/network/${evil}/received`]: evil, "host/load/1min": evil, uptime: evil },
      sensors: { [evil]: sensor },
      problems: [evil],
      checks: [{ name: evil, problem: evil, detail: evil }],
    }),
  });
  scene.pass(1000);
  scene.keys("o");
  for (const { id } of tabs) {
    scene.state.tab = id;
    for (const row of rows(scene, 80, 24, false)) {
      // A wide character is one character in two cells, the second of them empty.
      const wide = row.match(/[\u2e80-\u9fff]/g)?.length ?? 0;
      expect(Array.from(row).length + wide).toBe(80);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must not be there
      expect(row).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  }
});
