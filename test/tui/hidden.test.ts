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
  expect(title()).toContain("65,535 topics not shown");
  for (const topic of ["one/more", "and/one/more"]) scene.message(topic, "1");
  expect(title()).toContain("65,536+ topics not shown");
});
