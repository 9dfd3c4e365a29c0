import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answers, starterConfig } from "../../config/starter.ts";
import { headerPins, reservedGpios } from "../../gpio/header.ts";
import { configOf, load, saidAbout } from "./loading.ts";

const pins = [...headerPins].flatMap(([pin, what]) => (typeof what === "number" && !reservedGpios.has(what) ? [pin] : []));
const nothing: Answers = {
  board: "pi4",
  button: null,
  relay: null,
  relayActive: "low",
  maxOn: null,
  broker: null,
  user: null,
  passwordFile: null,
};

const word = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => !/[\0\r\n\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u.test(text));
const anyAnswers: fc.Arbitrary<Answers> = fc
  .record({
    board: fc.constantFrom("pi1", "pi4", "pi5", "sim"),
    pins: fc.shuffledSubarray(pins, { minLength: 2, maxLength: 2 }),
    button: fc.boolean(),
    relay: fc.boolean(),
    relayActive: fc.constantFrom("low", "high"),
    maxOn: fc.option(fc.integer({ min: 10, max: 86_400_000 })),
    broker: fc.option(fc.constantFrom("192.168.1.10", "broker.local:1884", "wss://broker.local/mqtt", "fe80::1", "on", "8")),
    login: fc.option(fc.record({ user: word, passwordFile: word })),
  })
  .map(({ pins: [a = 11, b = 13], button, relay, login, broker, ...rest }) => ({
    ...rest,
    broker: broker === "8" ? null : broker,
    button: button ? a : null,
    relay: relay ? b : null,
    user: login?.user ?? null,
    passwordFile: login?.passwordFile ?? null,
  }));

describe("the configuration that is made of answers", () => {
  it("is right whatever was answered, and says what was answered", () => {
    fc.assert(
      fc.property(anyAnswers, (answers) => {
        const result = load(starterConfig(answers), { secrets: "leave" });
        expect(saidAbout(result)).toEqual([]);
        if (!result.ok) return;
        const { gpio, mqtt, inputs, outputs, rules } = result.config;
        expect(gpio.driver).toBe(answers.board === "sim" ? "sim" : "auto");
        expect(mqtt.server).toEqual(answers.broker === null ? [] : [answers.broker]);
        expect(mqtt.username).toBe(answers.broker === null ? null : answers.user);
        expect(inputs.button?.line).toEqual(answers.button === null ? undefined : { kind: "pin", pin: answers.button });
        expect(outputs.relay?.line).toEqual(answers.relay === null ? undefined : { kind: "pin", pin: answers.relay });
        if (outputs.relay)
          expect(outputs.relay).toMatchObject({ active: answers.relayActive, on_start: "off", on_exit: "off", max_on: answers.maxOn });
        expect(Object.keys(rules)).toEqual(answers.button === null || answers.relay === null ? [] : ["button-relay"]);
      }),
    );
  });

  it("changes no default when nothing was answered, and is right with everything switched on", () => {
    const text = starterConfig(nothing);
    expect(configOf(text)).toEqual(configOf(""));
    // Settings in comments have a colon after their first word; prose has none.
    const on = text.replaceAll(/^( *)# ( *[a-z_-]+:.*)$/gm, "$1$2").replace("{ file: mqtt.password }", "{ env: SECRET }");
    expect(configOf(on, { env: { SECRET: "x" } })).toMatchObject({
      node: "garage",
      mqtt: { server: ["192.168.1.10"], username: "pinbus", password: "x" },
      inputs: { button: { line: { pin: 11 } } },
      outputs: { relay: { line: { pin: 13 }, max_on: 7_200_000 } },
      rules: { "button-relay": {} },
    });
  });
});
