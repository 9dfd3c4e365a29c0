import { birthOf } from "../core/birth.ts";
import type { Instant } from "../core/model.ts";
import { type Sheet, sheetOf } from "./homie-sheet.ts";
import type { Profile, ProfileEffect, ProfilePublication, World } from "./profile.ts";
import type { Named } from "./quantities.ts";
import { createRegistry, type Words } from "./registry.ts";

export interface HomieOptions {
  /** `<domain>/5/<device>`. */
  base: string;
  /** What a sensor measures. */
  quantities(sensor: string): readonly Named[];
  /** What the runs before have announced and not taken back, by topic. */
  announced: ReadonlyMap<string, Words>;
}

/**
 * This node as a device of Homie 5 (`docs/homie.md`): its description, and each state as a property. It says `init` and all of it; `ready`, `disconnected`
 * and `lost` belong to its connection, which knows when they are true.
 */
export function createHomie({ base, quantities, announced }: HomieOptions): Profile {
  const registry = createRegistry(announced);
  /** What was said last on retained topics, since the connect. */
  const newest = new Map<string, string>();
  /** What was announced last, and is no more to be taken back. */
  let wanted: ReadonlySet<string> = new Set();
  let known: { world: Pick<World, "plan" | "config">; sheet: Sheet } | undefined;

  const sheetFor = (world: World): Sheet => {
    if (known?.world.plan !== world.plan || known.world.config !== world.config) known = { world, sheet: sheetOf(world, quantities) };
    return known.sheet;
  };
  const publish = (publication: ProfilePublication): ProfileEffect[] => {
    if (publication.retain) newest.set(publication.topic, publication.payload);
    return [{ type: "publish", publication }];
  };
  const retained = (topic: string, payload: string) => publish({ topic, payload, qos: 1, retain: true });
  const stateTopic = `${base}/$state`;
  const descriptionTopic = `${base}/$description`;

  /** The version grows with each change, also after the state folder was lost. */
  const describe = (world: World, at: Instant): { effects: ProfileEffect[]; payload: string } => {
    const { device } = sheetFor(world);
    const document = JSON.stringify(device);
    const before = registry.get(descriptionTopic);
    const seconds = world.state.clockSet ? Math.floor((at + world.state.clockOffset) / 1000) : 1;
    const version = before?.document === document ? Number(before.version) : Math.max(Number(before?.version ?? 0) + 1, seconds);
    return {
      effects: registry.remember(descriptionTopic, { version: String(version), document }),
      payload: JSON.stringify({ ...device, version }),
    };
  };

  const announce = (world: World, at: Instant): ProfileEffect[] => {
    const sheet = sheetFor(world);
    const values = new Map(sheet.retained.map((topic) => [`${base}/${topic}`, ""]));
    for (const { topic, payload } of birthOf(world.plan, world.state))
      for (const said of sheet.says.get(topic)?.(payload, world) ?? []) values.set(`${base}/${said.topic}`, said.payload);
    const description = describe(world, at);
    wanted = new Set([stateTopic, descriptionTopic, ...values.keys()]);
    return [
      ...registry.remember(stateTopic, {}),
      ...description.effects,
      ...[...values.keys()].flatMap((topic) => registry.remember(topic, {})),
      // A device of another name is gone with its state, so that comes first; it is what was remembered first.
      ...registry.takeBack(wanted, true),
      ...retained(stateTopic, "init"),
      ...retained(descriptionTopic, description.payload),
      ...[...values].flatMap(([topic, payload]) => retained(topic, payload)),
    ];
  };

  const tell = (world: World, { topic, payload }: { topic: string; payload: string }): ProfileEffect[] =>
    (sheetFor(world).says.get(topic)?.(payload, world) ?? []).flatMap((said) => {
      const whole = `${base}/${said.topic}`;
      if (said.momentary) return publish({ topic: whole, payload: said.payload, qos: 0, retain: false });
      // What is not known, and why, is said once; a value as often as it is told.
      const once = said.payload === "" || said.topic.startsWith("$");
      return once && newest.get(whole) === said.payload ? [] : retained(whole, said.payload);
    });

  return {
    topics: (world) =>
      [...sheetFor(world).sets.keys()].map((topic) => ({ topic: `${base}/${topic}/set`, retained: false, commands: true })),
    watches: (world) => [...sheetFor(world).says.keys()],
    step(world, event) {
      switch (event.type) {
        case "birth":
          return announce(world, event.at);
        case "changed":
          // The description may change only behind `init`: then everything is told as after a connect.
          return registry.get(descriptionTopic)?.document === JSON.stringify(sheetFor(world).device) ? [] : [{ type: "tellAll" }];
        case "told":
          return event.said.flatMap((said) => tell(world, said));
        case "heard": {
          const { topic, ...message } = event.message;
          // An empty message is how somebody clears a retained one.
          if (message.payload === "") return [];
          const property = topic.slice(0, -"/set".length);
          const set = sheetFor(world).sets.get(property.slice(base.length + 1));
          if (set === undefined) return [];
          // What is so already is published by nobody, and who has asked for it waits to see it.
          const isSo = !message.retain && newest.get(property) === message.payload;
          return [set(message), ...(isSo ? retained(property, message.payload) : [])];
        }
        case "started":
        case "listening":
          return [];
        case "delivered":
          return registry.sent(event.topic, event.payload) && !wanted.has(event.topic) ? registry.remember(event.topic, null) : [];
        case "offline":
          registry.offline();
          newest.clear();
          return [];
        case "timer-due":
          return [];
      }
    },
  };
}
