import fc from "fast-check";
import { expect, test } from "vitest";
import { History } from "../../tui/history.ts";
import type { Message } from "../../tui/topic.ts";

test("whatever comes and goes, it has the newest messages as they were, and its copy those of its moment", () => {
  const push = fc.record({
    kind: fc.constant("push" as const),
    payload: fc.uint8Array({ maxLength: 600, size: "max" }),
    cut: fc.nat({ max: 600 }),
    step: fc.nat({ max: 1000 }),
    retained: fc.constantFrom("yes" as const, "no" as const, "unknown" as const),
    qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  });
  const trim = fc.record({
    kind: fc.constant("trim" as const),
    most: fc.integer({ min: 1, max: 40 }),
    bytes: fc.nat({ max: 8000 }),
    age: fc.nat({ max: 20_000 }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 5, arbitrary: push }, trim), { maxLength: 200, size: "max" }),
      fc.nat({ max: 200 }),
      (steps, copyAt) => {
        const history = new History();
        let model: Message[] = [];
        let [now, number] = [1_763_800_000_000, 0];
        let copied: { copy: History; messages: Message[] } | undefined;
        for (const [index, step] of steps.entries()) {
          if (index === copyAt) copied = { copy: history.copy(), messages: [...model] };
          if (step.kind === "push") {
            const { retained, qos } = step;
            const payload = Buffer.from(step.payload);
            const keep = Math.min(step.cut, payload.length);
            now += step.step;
            number += 1;
            history.push(now, number, payload, keep, retained, qos);
            model.push({ at: now, number, bytes: payload.toString("latin1", 0, keep), size: payload.length, retained, qos });
          } else {
            const dropped = history.trim(step.most, step.bytes, now - step.age);
            const before = model.length;
            const held = () => model.reduce((sum, { bytes }) => sum + bytes.length, 0);
            while (model.length > step.most) model = model.slice(1);
            while (model.length > 1 && (held() > step.bytes || (model[0]?.at ?? 0) < now - step.age)) model = model.slice(1);
            expect(dropped).toBe(before - model.length);
          }
          // A head has 25 bytes. Of what one was once sent nothing may stay: there are 20,000 topics.
          expect(history.room).toBeLessThanOrEqual(Math.max(1024, 4 * (history.bytes + 25 * history.length)));
        }
        expect(history.messages()).toEqual(model);
        expect(history.messages(3)).toEqual(model.slice(-3));
        expect(history.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes.length, 0));
        expect(history.newest).toEqual(model.at(-1) ?? null);
        expect(model.map(({ number: one }) => history.at(history.indexOf(one)))).toEqual(model);
        expect([history.at(-1), history.at(model.length), history.indexOf(0)]).toEqual([undefined, undefined, -1]);
        if (copied !== undefined)
          expect([copied.copy.messages(), copied.copy.newest]).toEqual([copied.messages, copied.messages.at(-1) ?? null]);
      },
    ),
    // To make hundreds of long payloads smaller one by one takes minutes.
    { endOnFailure: true },
  );
});
