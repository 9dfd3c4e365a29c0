import { join } from "node:path";
import { expect, it } from "vitest";
import { KeptMap } from "../../../agent/shell/kept-map.ts";
import { silent, tempFolder } from "./fixture.ts";

it("writes what is set at once in one go", async () => {
  let written = 0;
  const value = {
    toJSON() {
      written += 1;
      return 1;
    },
  };
  const map = new KeptMap({ file: join(tempFolder(), "kept.json"), log: silent, read: () => value, unread: String, lost: "nothing" });
  map.set("first", value);
  void map.write();
  map.set("second", value);
  await map.write();
  expect(written).toBe(2);
});
