import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  address,
  duration,
  formatDuration,
  id,
  isLoopback,
  line,
  oneOf,
  parseDuration,
  path,
  port,
  serverPort,
  topicLevel,
  unit,
} from "../../config/formats.ts";
import { server, serverUrl, serverUrls } from "../../config/server.ts";
import { formatLineName, parseLineName } from "../../gpio/line.ts";

const accepts = (format: { read(value: unknown): { ok: boolean } }, values: unknown[]): unknown[] =>
  values.filter((value) => format.read(value).ok);

describe("a time", () => {
  it("is read with each unit", () => {
    expect(["20ms", "5s", "10m", "2h", "1d", "1.5s", "0.001s", "0ms"].map(parseDuration)).toEqual([
      20, 5000, 600_000, 7_200_000, 86_400_000, 1500, 1, 0,
    ]);
  });

  it("is refused without a unit, with a sign, with a space, or below a millisecond", () => {
    expect(["20", "-5s", "5 s", "5S", "1e3s", "0.5ms", "", "s", "1h30m", "99999999999d", "٣s"].map(parseDuration)).toEqual(
      Array(11).fill(undefined),
    );
  });

  it("is written so that it reads as the same number", () => {
    fc.assert(fc.property(fc.nat({ max: 3_000_000_000 }), (ms) => parseDuration(formatDuration(ms)) === ms));
    expect([0, 1, 1000, 90_000, 3_600_000, 86_400_000].map(formatDuration)).toEqual(["0ms", "1ms", "1s", "90s", "1h", "1d"]);
  });

  it("has bounds that belong to it", () => {
    const format = duration(10, 1000);
    expect(accepts(format, ["9ms", "10ms", "1s", "1001ms"])).toEqual(["10ms", "1s"]);
    expect(format.read("2s")).toEqual({ ok: false, what: "2s is out of range", fix: "write a time between 10ms and 1s" });
  });
});

describe("a format", () => {
  it("knows ids, topic levels, ports and units", () => {
    expect(
      accepts(id, ["a", "gate-up", "0", "a".repeat(32), "", "A", "a_b", "a/b", "a".repeat(33), "ä", "constructor", "__proto__", "a\n"]),
    ).toEqual(["a", "gate-up", "0", "a".repeat(32)]);
    expect(accepts(topicLevel, ["pinbus", "Küche.1", "a/b", "a+", "#", "$x", "a b", "", "a\u0000", "a".repeat(65)])).toEqual([
      "pinbus",
      "Küche.1",
    ]);
    expect(accepts(port, [0, 65_535, "8883", 65_536, -1, 1.5, "0x10", "", null])).toEqual([0, 65_535, "8883"]);
    expect(accepts(serverPort, [0, 1])).toEqual([1]);
    expect(accepts(unit, ["ssh.service", "a@b.timer", "ssh", "-M.service", "a b.service", "../x.service"])).toEqual([
      "ssh.service",
      "a@b.timer",
    ]);
  });

  it("takes every path but one with control characters", () => {
    const taken = ["/srv/my data/100%", "ca.pem", "/home/jörg/it's"];
    expect(accepts(path, [...taken, "", "/a\nb", "/a\u001b[0m", "/a\u0085b"])).toEqual(taken);
  });

  it("knows servers, and never repeats what may be a password", () => {
    const hosts = ["192.168.1.10", "broker.local", "::1", "fe80::1", "a_b", "localhost."];
    const addresses = ["x:1883", "[::1]:1884", "mqtt://x", "WSS://x/a/b", "mqtts://[fe80::1]:8883/", "ws://10.0.0.1:9001"];
    expect(accepts(server, [...hosts, ...addresses])).toEqual([...hosts, ...addresses]);
    const wrong = [
      "",
      "a b",
      "-x",
      "a..b",
      "[::1",
      "[x]",
      "x:0",
      "x:65536",
      "x:",
      "mqtt://",
      "http://x",
      "mqtt://x/y",
      "wss://x/?a=b",
      "wss://x/\u00e9",
    ];
    expect(accepts(server, wrong)).toEqual([]);
    expect(JSON.stringify(server.read("mqtt://pi:hunter2@b"))).not.toContain("hunter2");
    const settings = { port: 8883, tls: "auto" } as const;
    expect(serverUrls({ ...settings, server: ["a", "b:1883", "::1", "mqtt://c", "ws://d", "wss://e:9001/bus"] })).toEqual([
      "mqtts://a:8883",
      "mqtt://b:1883",
      "mqtts://[::1]:8883",
      "mqtt://c:1883",
      "ws://d:80/mqtt",
      "wss://e:9001/bus",
    ]);
    expect(serverUrl("a", { port: 8883, tls: "off" })).toBe("mqtt://a:8883");
    expect(accepts(address, ["127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "localhost", "192.168.1.1", "1.2.3"])).toEqual([
      "127.0.0.1",
      "127.1.2.3",
      "::1",
      "0.0.0.0",
      "::",
      "192.168.1.1",
    ]);
    expect(["127.1.2.3", "::1", "0.0.0.0", "::", "192.168.1.1"].map(isLoopback)).toEqual([true, true, false, false, false]);
  });

  it("takes no server whose address means another one, or nothing", () => {
    const wrong = ["ws://10.0.0.256", "ws://pi.300/mqtt", "ws://broker.1", "ws://xn--a", "wss://192.168.1", "ws://0x7f.1"];
    expect(accepts(server, wrong)).toEqual([]);
    expect(server.read("wss://192.168.1")).toMatchObject({ ok: false, what: '"wss://192.168.1" is read as 192.168.0.1' });
    // The resolver of the system reads them so, too.
    expect(accepts(server, ["192.168.1", "192.168.1:1884", "mqtt://0x7f.1", 5])).toEqual([]);
    expect(accepts(server, ["ws://h/a/../b", "ws://h/a\\b", "ws://h/%2e/", 'ws://h/a"b'])).toEqual([]);
    expect(server.read("ws://h/a/../b")).toMatchObject({ ok: false, fix: "write /b, if that is meant" });
    const right = ["ws://a_b/", "WS://H/A%zz", "ws://h./x", "ws://[FE80::1]/", "wss://[::ffff:1.2.3.4]/mqtt", "pi3", "broker.1"];
    expect(accepts(server, right)).toEqual(right);
    expect(right.map((text) => serverUrl(text, { port: 1883, tls: "auto" })).every((url) => URL.canParse(url))).toBe(true);
  });

  it("reads back what it writes", () => {
    const name = fc.oneof(
      fc.nat({ max: 57 }).map((gpio) => ({ kind: "gpio" as const, gpio })),
      fc.integer({ min: 1, max: 40 }).map((pin) => ({ kind: "pin" as const, pin })),
    );
    fc.assert(fc.property(name, (value) => JSON.stringify(line.read(value)) === JSON.stringify({ ok: true, value })));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        (pin) => formatLineName(parseLineName(`pin${pin}`) ?? { kind: "pin", pin: 0 }) === `pin${pin}`,
      ),
    );
    const words = oneOf("high", "low");
    fc.assert(
      fc.property(fc.constantFrom("high" as const, "low" as const), (word) => JSON.stringify(words.read(words.write(word))).includes(word)),
    );
  });

  it("never throws, and says what is wrong in one line", () => {
    const formats = [id, topicLevel, port, serverPort, unit, server, address, line, duration(0, 1), oneOf("a", "b")];
    fc.assert(
      fc.property(fc.constantFrom(...formats), fc.anything(), (format, value) => {
        const reading = format.read(value);
        if (!reading.ok) expect(`${reading.what}, ${reading.fix}`).toMatch(/^[^\n\r]+$/);
      }),
    );
  });
});
