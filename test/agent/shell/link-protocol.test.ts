import { describe, expect, it } from "vitest";
import { ProtocolChoice } from "../../../agent/shell/link-protocol.ts";

describe("the choice of the MQTT version", () => {
  it("stays with a version that was set", () => {
    const choice = new ProtocolChoice("5");
    expect(choice.failed("other-version")).toBe(false);
    expect(choice.current).toBe("5");
    expect(new ProtocolChoice("3.1.1").current).toBe("3.1.1");
  });

  it("turns to 3.1.1 at once when the broker refuses 5, says so once, and remembers it (owlcms 1.5, brokers 6.3)", () => {
    const choice = new ProtocolChoice("auto");
    expect(choice.failed("other-version")).toBe(true);
    expect(choice.greeted()).toBe("the broker does not speak MQTT 5: using 3.1.1");
    expect(choice.failed("backoff")).toBe(false);
    expect(choice.current).toBe("3.1.1");
    expect(choice.greeted()).toBeUndefined();
  });

  it("remembers a close without an answer only when it was seen twice, because a restarting broker does it too", () => {
    const choice = new ProtocolChoice("auto");
    expect(choice.failed("maybe-other-version")).toBe(true);
    choice.greeted();
    choice.failed("backoff");
    expect(choice.current).toBe("5");
    expect(choice.failed("maybe-other-version")).toBe(true);
    choice.greeted();
    choice.failed("backoff");
    expect(choice.current).toBe("3.1.1");
  });

  it("does not take a close without an answer for a refusal once the broker has spoken 5", () => {
    const choice = new ProtocolChoice("auto");
    choice.greeted();
    expect(choice.failed("maybe-other-version")).toBe(false);
    expect(choice.current).toBe("5");
  });

  it("returns to 5 when 3.1.1 fails as well", () => {
    const choice = new ProtocolChoice("auto");
    choice.failed("maybe-other-version");
    expect(choice.failed("maybe-other-version")).toBe(false);
    expect(choice.current).toBe("5");
  });

  it("does not change for any other reason", () => {
    const choice = new ProtocolChoice("auto");
    for (const retry of ["backoff", "slow"] as const) expect(choice.failed(retry)).toBe(false);
    expect(choice.current).toBe("5");
  });

  it("says that it is a bridge as long as the broker takes it, on 3.1.1 only", () => {
    const choice = new ProtocolChoice("auto", true);
    expect(choice.asBridge).toBe(false);
    expect(choice.failed("other-version")).toBe(true);
    expect([choice.current, choice.asBridge]).toEqual(["3.1.1", true]);
    expect(choice.failed("other-version")).toBe(true);
    expect([choice.current, choice.asBridge]).toEqual(["3.1.1", false]);
    choice.greeted();
    choice.failed("backoff");
    expect([choice.current, choice.asBridge]).toEqual(["3.1.1", false]);
    expect(new ProtocolChoice("3.1.1").asBridge).toBe(false);
  });

  it("says it again to a broker that only closed without an answer", () => {
    const choice = new ProtocolChoice("3.1.1", true);
    expect(choice.asBridge).toBe(true);
    expect(choice.failed("maybe-other-version")).toBe(true);
    expect(choice.asBridge).toBe(false);
    choice.greeted();
    expect(choice.failed("backoff")).toBe(false);
    expect(choice.asBridge).toBe(true);
  });
});
