import fc from "fast-check";
import { expect, test } from "vitest";
import { draw, end, observe, observeCount, shift, wave } from "../../tui/wave.ts";

test("a wave is blank before anything is known and has one mark per change", () => {
  const pin = wave();
  observe(pin, false, 5_000, 10_000);
  observe(pin, true, 15_500, 16_000);
  observe(pin, false, 25_500, 26_000);
  expect(draw(pin, 30_000, 30_000, 30)).toBe("     __________/---------\\____");
});

test("changes too quick for a column are one spike", () => {
  const pin = wave();
  observe(pin, false, 0, 0);
  observe(pin, true, 10_100, 10_100);
  observe(pin, false, 10_300, 10_300);
  expect(draw(pin, 20_000, 20_000, 20)).toBe("__________|_________");
});

test("a level that was left and reached again between two pushes is a spike too", () => {
  const pin = wave();
  observe(pin, false, 0, 0);
  observe(pin, false, 10_500, 10_500);
  expect(draw(pin, 20_000, 20_000, 20)).toBe("__________|_________");
});

test("what nobody saw stays blank until the next push", () => {
  const pin = wave();
  observe(pin, true, 0, 0);
  end(pin, 5_000);
  expect(draw(pin, 10_000, 10_000, 10)).toBe("-----     ");
  observe(pin, false, 8_000, 9_000);
  expect(draw(pin, 10_000, 10_000, 10)).toBe("-----   __");
});

test("a level that has not changed in the meantime is known in the meantime", () => {
  const pin = wave();
  observe(pin, true, 0, 0);
  end(pin, 5_000);
  observe(pin, true, 0, 9_000);
  expect(draw(pin, 10_000, 10_000, 10)).toBe("----------");
});

test("the same moment told a little differently is no change", () => {
  const pin = wave();
  for (let push = 0; push < 20; push += 1) observe(pin, true, push % 2, push * 1000);
  expect(draw(pin, 20_000, 20_000, 20)).toBe("-".repeat(20));
});

test("when the agent's clock is set, what happened stays as long ago", () => {
  const pin = wave();
  observe(pin, false, 0, 0);
  observe(pin, true, 5_500, 6_000);
  shift(pin, 3_600_000);
  observe(pin, true, 3_605_500, 3_610_000);
  expect(draw(pin, 3_610_000, 10_000, 10)).toBe("_____/----");
});

test("an unknown state ends what is known", () => {
  const pin = wave();
  observe(pin, true, 0, 0);
  observe(pin, undefined, Number.NaN, 5_000);
  expect(draw(pin, 10_000, 10_000, 10)).toBe("-----     ");
});

test("any pushes keep a wave bounded and of the asked width", () => {
  const push = fc.record({
    active: fc.option(fc.boolean(), { nil: undefined }),
    since: fc.integer({ min: -1e6, max: 1e6 }),
    step: fc.nat({ max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(push, { maxLength: 300 }), fc.integer({ min: 1, max: 60 }), (pushes, width) => {
      const pin = wave();
      let now = 0;
      for (const { active, since, step } of pushes) {
        now += step;
        observe(pin, active, since, now);
      }
      expect(pin.stretches.length).toBeLessThanOrEqual(256);
      expect(draw(pin, now, 30_000, width)).toMatch(new RegExp(`^[ _|/\\\\-]{${width}}$`));
    }),
  );
});

test("a counter has a mark where it grew, and is blank where it is not known", () => {
  const pin = wave();
  for (let at = 0; at <= 10_000; at += 500) observeCount(pin, at < 3500 ? 5 : at < 6500 ? 6 : 9, at);
  expect(draw(pin, 10_000, 10_000, 10)).toBe("___|__|___");
  observeCount(pin, undefined, 10_000);
  observeCount(pin, 9, 12_000);
  expect(draw(pin, 14_000, 10_000, 10)).toBe("__|___  __");
});

test("pulses of a fast counter leave room for what was before", () => {
  const pin = wave();
  for (let at = 0; at <= 60_000; at += 50) observeCount(pin, at, at);
  expect(pin.stretches.length).toBeLessThanOrEqual(256);
  expect(draw(pin, 60_000, 60_000, 30)).toMatch(/^_?\|+$/);
});
