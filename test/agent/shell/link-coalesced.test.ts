import { expect, it } from "vitest";
import { probe } from "./link-contract.ts";

it("a state that changes again before there is a connection takes the place of the one that waited, and is counted", () => {
  const { link } = probe("mqtt://127.0.0.1:1");
  const say = (topic: string, payload: string) => link.publish({ kind: "state", topic, payload, qos: 1, retain: true });
  for (const payload of ["ON", "OFF", "ON"]) expect(say("lamp", payload)).toBe(false);
  say("fan", "ON");
  expect(link.coalesced).toBe(2);
  expect(link.dropped, "none is lost: the birth tells the newest").toBe(0);
});
