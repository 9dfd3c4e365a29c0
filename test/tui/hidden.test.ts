import { expect, test } from "vitest";
import { maxCountedHidden } from "../../tui/hidden.ts";
import { TopicStore } from "../../tui/topics.ts";
import { Scene } from "./scene.ts";

test("the title says how many topics are not shown, and that there are more when it cannot count them", () => {
  const scene = new Scene({ store: new TopicStore({ topics: 1 }) }).online();
  const title = () => scene.draw(80, 24).lines()[1];
  scene.message("kept", "1");
  expect(title()).not.toContain("not shown");
  for (let at = 1; at < maxCountedHidden; at += 1) scene.message(`more/${at}`, "1");
  expect(title()).toContain("Topics 1, 65,535 not shown");
  for (const topic of ["one/more", "and/one/more"]) scene.message(topic, "1");
  expect(title()).toContain("Topics 1, 65,536+ not shown");
});

test.each([80, 120])("the title has room for it in %i columns, with as many topics as there may be", (cols) => {
  const scene = new Scene().online();
  for (let at = 0; at <= 20_000 + maxCountedHidden; at += 1) scene.message(`flood/${at}`, "1");
  expect(scene.draw(cols, 24).lines()[1]).toMatch(/Topics [\d,]+, 65,536\+ not shown/);
});
