import { beforeAll, describe, expect, test } from "vitest";
import type { Scene } from "../scene.ts";

/** The screens of a tab at three sizes, as kept; on the smallest one, where one pane fills it, also those to which `keys` lead. */
export function golden(name: string, make: () => Scene, keys: readonly string[]): void {
  beforeAll(() => {
    // The clocks on the screen are those of the person's own time zone.
    process.env.TZ = "UTC";
  });
  describe(name, () => {
    test.each([
      [80, 24],
      [150, 44],
      [40, 12],
    ])("at %dx%d", (cols, rows) => {
      const shown = make();
      expect(`\n${shown.draw(cols, rows).text()}`).toMatchSnapshot();
      if (cols >= 80) return;
      for (const key of keys) {
        shown.keys(key);
        expect(`\n${shown.draw(cols, rows).text()}`).toMatchSnapshot();
      }
    });
  });
}
