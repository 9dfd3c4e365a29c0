import { describe, expect, it } from "vitest";
import { isEcho, newEchoes } from "../../../agent/core/echo.ts";

describe("what goes round between bridges", () => {
  const at = (echoes = newEchoes()) => {
    const came = (from: string, byBridge: boolean, now: number, key = "a") => isEcho(echoes, key, from, byBridge, 3, now);
    return { came, echoes };
  };

  it("is what comes again by a bridge more often than two people would say the same", () => {
    const { came } = at();
    expect(came("button", false, 0)).toBe(false);
    expect([1, 2, 3, 4, 5].map((now) => came("in", true, now))).toEqual([false, false, false, true, true]);
  });

  it("is never what one client says again and again, itself a bridge or not", () => {
    const { came } = at();
    for (let now = 0; now < 100; now++) {
      expect(came("leaf", true, now, "of a bridge")).toBe(false);
      expect(came("button", false, now, "of a client")).toBe(false);
      expect(came("other button", false, now, "of a client")).toBe(false);
    }
  });

  it("is still known while it goes round, and forgotten three seconds after", () => {
    const { came } = at();
    came("button", false, 0);
    for (let now = 2500; now <= 10_000; now += 2500) came("in", true, now);
    expect(came("in", true, 12_500)).toBe(true);
    expect(came("in", true, 15_501)).toBe(false);
  });

  it("is remembered of so many messages only", () => {
    const { came, echoes } = at();
    for (let number = 0; number < 10_000; number++) came("button", false, 0, String(number));
    expect(echoes.seen.size).toBe(4096);
  });
});
