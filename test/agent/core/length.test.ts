import { describe, expect, it } from "vitest";
import { length, spoken, tookText } from "../../../agent/core/length.ts";

describe("a length of time", () => {
  it.each([
    [0, "0ms", "0 ms", "0 ms"],
    [312, "312ms", "312 ms", "312 ms"],
    [5000, "5s", "5 s", "5000 ms"],
    [9999, "9999ms", "9999 ms", "9999 ms"],
    [30_012, "30012ms", "30012 ms", "30 s"],
    [300_000, "5m", "5 min", "5 min"],
    [7_200_000, "2h", "2 h", "2 h"],
  ])("of %i ms is %s in the configuration, %s in a sentence, and %s for a gesture", (ms, ...texts) => {
    expect([length(ms), spoken(ms), tookText(ms)]).toEqual(texts);
  });
});
