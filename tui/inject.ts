import { editor } from "./editor.ts";
import type { Effect } from "./effect.ts";
import type { Command } from "./keys.ts";
import { mayOperate, type State } from "./model.ts";
import { refuse } from "./notice.ts";
import { newest } from "./snapshot.ts";

const shortPress = 120;
const longPress = 1000;
const maxMessage = 4096;

/** What the dialog does to an input of the simulated board. */
export function injectKey(state: State, input: string, command: Command): readonly Effect[] {
  state.overlay = null;
  switch (command) {
    case "press-short":
    case "press-long":
      return [{ type: "press", input, forMs: command === "press-long" ? longPress : shortPress }];
    case "press-edge": {
      const pin = newest(state.pins)?.data.pins.find(({ id }) => id === input);
      const active = pin?.state !== "ON";
      return [
        { type: "play", step: { after_ms: 0, do: "level", input, active }, done: `${input} is ${active ? "active" : "inactive"} now` },
      ];
    }
    case "inject-message":
      state.overlay = { kind: "inject-message", field: editor() };
      return [];
    default:
      return [];
  }
}

/** The text field for a message, or why there is none. */
export function openInjectMessage(state: State, now: number): readonly Effect[] {
  if (!state.agent.up) return refuse(state, "the agent is not reachable", now);
  if (newest(state.pins)?.data.simulated !== true)
    return refuse(state, "messages can be injected on the simulated board only (gpio.driver: sim); p on tab 1 publishes one", now);
  if (!mayOperate(state)) return refuse(state, "this control socket may only look: nothing can be injected from here", now);
  state.overlay = { kind: "inject-message", field: editor() };
  return [];
}

/** `TOPIC PAYLOAD` of the text field; the topic ends with the first space. Null while there is none. */
export function messageOf(text: string): { topic: string; payload: string } | null {
  const [, topic = "", payload = ""] = /^\s*([^\s]+) ?(.*)$/s.exec(text) ?? [];
  return topic === "" || /[+#]/.test(topic) ? null : { topic, payload: payload.slice(0, maxMessage) };
}

/** Hands a message to the rules of the agent, past the broker. */
export function sendMessage(state: State, text: string, now: number): readonly Effect[] {
  const message = messageOf(text);
  if (message === null) return refuse(state, "a topic without + and # is needed, then a space and the payload", now);
  state.overlay = null;
  return [{ type: "play", step: { after_ms: 0, do: "message", ...message }, done: `the agent was told ${message.topic}` }];
}
