import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, LineSplitter, maxAnswerBytes, maxRequestBytes } from "../../agent/protocol.ts";
import { anyText } from "./core/fixture.ts";

describe("lines on the control socket", () => {
  it("come out as they went in, however the stream was cut", () => {
    const text = anyText.map((line) => line.replaceAll("\n", " "));
    fc.assert(
      fc.property(fc.array(text), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const splitter = new LineSplitter(10_000);
        const got: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          got.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(got).toEqual(bytes.toString("utf8").split("\n").slice(0, -1));
      }),
    );
  });

  it("are refused as soon as they grow past the bound, before they end", () => {
    const splitter = new LineSplitter(10);
    expect(splitter.push(Buffer.from("0123456789\n01234"))).toEqual(["0123456789"]);
    expect(() => splitter.push(Buffer.from("567890"))).toThrow(RangeError);
  });

  it("hold one message each, whatever the message holds", () => {
    const line = encode({ id: 1, method: "get", params: { id: 'a\nb"\u2028\\' } });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({ id: 1, method: "get", params: { id: 'a\nb"\u2028\\' } });
  });

  it("are bounded in both directions", () => {
    expect([maxRequestBytes, maxAnswerBytes]).toEqual([65_536, 4_194_304]);
  });
});
