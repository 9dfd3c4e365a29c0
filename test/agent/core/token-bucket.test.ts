import fc from "fast-check";
import { expect, it } from "vitest";
import { newBucket, takeToken } from "../../../agent/core/token-bucket.ts";

it("lets a burst pass, then one for each interval, whatever comes", () => {
  const allowance = { burst: 3, every: 100 };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 60, size: "max" }), (pauses) => {
      const bucket = newBucket(allowance);
      const passed: number[] = [];
      let at = 1000;
      for (const pause of pauses) {
        at += pause;
        if (takeToken(bucket, allowance, at)) passed.push(at);
        // Somebody who waits for an interval is served.
        else expect(at - (passed.at(-1) ?? 0)).toBeLessThan(allowance.every);
      }
      for (const [index, time] of passed.entries()) {
        const earlier = passed.slice(0, index).filter((other) => other > time - 1000);
        expect(earlier.length).toBeLessThan(allowance.burst + 1000 / allowance.every);
      }
    }),
  );
});
