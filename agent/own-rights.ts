import type { Host } from "../config/host.ts";
import type { Config } from "../config/schema.ts";
import { birthOf } from "./core/birth.ts";
import { type Plan, planOf } from "./core/plan.ts";
import { newState } from "./core/state.ts";
import type { Access } from "./embedded/access.ts";
import { Guest } from "./embedded/guest.ts";
import { clientIdOf } from "./identity.ts";
import { subscriptionsOf } from "./subscriptions.ts";

/** So many topics are named. */
const maxTold = 5;

/** What the rules of the built-in broker keep from the agent itself, and which lines would give it back: sentences. */
export function ownDoubts(config: Config, host: Host, { own, acl }: Pick<Access, "own" | "acl">): string[] {
  const plan = planOf(config);
  const guest = new Guest(own.username, config.mqtt.client_id ?? clientIdOf(host, config.node), true);
  const deaf = subscriptionsOf(config, host).filter((filter) => !guest.mayHear(filter, acl));
  const mute = publishedTopics(plan).filter((topic) => !guest.may("write", topic, acl));
  const base = `${plan.topics.base}/`;
  const sentence = (word: "read" | "write", topics: readonly string[]) => {
    const lines = topics.map((topic) => (topic.startsWith(base) ? `topic readwrite ${base}#` : `topic ${word} ${topic}`));
    const cure = [...new Set(lines)].slice(0, maxTold).map((line) => `\`${line}\``);
    return `${config.broker.acl_file}: the agent itself may not ${word} ${few(topics)}: add ${cure.join(", ")} below \`user ${own.username}\`, and no deny for it`;
  };
  return [...(deaf.length > 0 ? [sentence("read", deaf)] : []), ...(mute.length > 0 ? [sentence("write", mute)] : [])];
}

/** Those that are known before the start: the node's own, and those of rules, controllers and plugs. */
function publishedTopics(plan: Plan): string[] {
  const { topics, rules, controllers, outputs } = plan;
  const all = [
    topics.status,
    topics.info,
    topics.health,
    ...birthOf(
      plan,
      newState(plan, () => 1),
    ).map(({ topic }) => topic),
    ...rules.flatMap(({ actions, otherwise }) =>
      [...actions, ...otherwise].flatMap((action) => (action.type === "publish" ? action.effect.topic : [])),
    ),
    ...controllers.flatMap(({ drive }) => (drive.kind === "publish" ? [...drive.on, ...drive.off].map(({ topic }) => topic) : [])),
    ...outputs.flatMap(({ plug }) => (plug === null ? [] : [plug.power, plug.pulseTime])),
  ];
  return [...new Set(all)];
}

function few(topics: readonly string[]): string {
  const more = topics.length - maxTold;
  return `${topics.slice(0, maxTold).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
