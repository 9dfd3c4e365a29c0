import type { Profile, ProfileEffect, World } from "../../../agent/profile/profile.ts";

/** A hub that knows lights by number: `hub/light/1` is the first output. */
export function createHub(): Profile {
  const beat = 60_000;
  const commandTopic = (index: number) => `hub/light/${index + 1}/set`;

  const lights = ({ plan, state }: World): ProfileEffect[] =>
    plan.outputs.map((_, index) => ({
      type: "publish",
      publication: { topic: `hub/light/${index + 1}`, payload: state.outputs[index]?.written ? "1" : "0", qos: 1, retain: true },
    }));
  const alive = (at: number): ProfileEffect[] => [
    { type: "publish", publication: { topic: "hub/alive", payload: "yes", qos: 0, retain: false } },
    { type: "startTimer", key: "beat", at: at + beat },
  ];

  return {
    topics: ({ plan }) => plan.outputs.map((_, index) => ({ topic: commandTopic(index), retained: false, commands: true })),
    watches: ({ plan }) => plan.outputs.map(({ stateTopic }) => stateTopic),
    step(world, event) {
      switch (event.type) {
        case "birth":
          return [...lights(world), ...alive(event.at)];
        case "told":
        case "changed":
          return lights(world);
        case "timer-due":
          return alive(event.at);
        case "offline":
          return [{ type: "stopTimer", key: "beat" }];
        case "heard": {
          const { topic, ...message } = event.message;
          const output = world.plan.outputs.find((_, index) => commandTopic(index) === topic);
          const payload = message.payload === "1" ? "ON" : "OFF";
          return output ? [{ type: "command", output: output.id, message: { ...message, payload } }] : [];
        }
        case "started":
        case "listening":
        case "delivered":
          return [];
      }
    },
  };
}
