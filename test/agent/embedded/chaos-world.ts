import { Aedes } from "aedes";
import { expect, onTestFinished, vi } from "vitest";
import { Access } from "../../../agent/embedded/access.ts";
import type { Broker } from "../../../agent/embedded/broker-terms.ts";
import { keptHash } from "../../../agent/embedded/password-file.ts";
import { matchesFilter } from "../../../agent/embedded/topic-filter.ts";

import { patience } from "../shell/fixture.ts";
import { ChaosLink, type Transport, transports } from "./chaos-link.ts";
import { ChaosMembers } from "./chaos-members.ts";
import { inOrder, keyOf } from "./chaos-order.ts";
import { ChaosPackets, type Publication, type Story, topics } from "./chaos-packets.ts";
import { type Random, seeded } from "./seeded.ts";
import { storeWorld } from "./store-world.ts";
import { connectPacket } from "./wire.ts";

interface Actor {
  id: string;
  link?: ChaosLink;
}

const ids = ["a", "a", "b", "c", "c", "d"];
const users = new Map([["user", keptHash("word")]]);
const errors = [
  [0, 0],
  [0x30, 3, 0, 1, 0x23],
  [0x82, 2, 0, 1],
  [0x10, 0],
  [0xf0, 0],
  [0x36, 0],
  [0x30, 0xff, 0xff, 0xff, 0x7f],
];

/** Clients that do anything at any moment, one that must get all of it, and one that sleeps now and then and must get all that is kept for it. */
export class ChaosWorld {
  readonly #random: Random;
  readonly #packets: ChaosPackets;
  readonly #world: ReturnType<typeof storeWorld>;
  readonly #disk: boolean;
  readonly #access = new Access({ anonymous: true, users });
  readonly #actors: Actor[] = ids.map((id) => ({ id }));
  readonly #links: ChaosLink[] = [];
  readonly #stories = new Map<ChaosLink, Story>();
  readonly #listen = vi.spyOn(Aedes.prototype, "listen");
  readonly warnings: string[] = [];
  readonly #members: ChaosMembers | undefined;
  #publications: Publication[] = [];
  #broker!: Broker;
  #witness!: ChaosLink;
  #sleeper!: ChaosLink;
  #slept: ChaosLink["messages"][] = [];
  #names = 0;

  /** With members the rules change, too. What everybody else does is the same without them. */
  constructor(seed: number, { members = true } = {}) {
    this.#random = seeded(seed);
    this.#packets = new ChaosPackets(this.#random, this.#stories, (publication) => this.#publications.push(publication));
    this.#disk = this.#random.chance(50);
    this.#world = storeWorld({ disk: this.#disk });
    const { clock } = this.#world;
    const broker = () => this.#broker;
    if (members) this.#members = new ChaosMembers({ random: seeded(-seed), access: this.#access, broker, disk: this.#disk, clock });
    onTestFinished(() => {
      for (const link of this.#links) link.destroy();
      this.#listen.mockRestore();
    });
  }

  async start(): Promise<void> {
    const listener = { address: "127.0.0.1", port: 0 };
    this.#broker = await this.#world.start({
      listeners: [
        { ...listener, protocol: "mqtt" },
        { ...listener, protocol: "ws" },
      ],
      access: this.#access,
      limits: { maxQueuedBytes: 60_000 },
      log: { debug: () => undefined, info: () => undefined, warn: (message) => this.warnings.push(message) },
      // Each value is written for every session that wants it: more often than that, a slow machine is never done with members.
      ...(this.#random.chance(20) && { sysInterval: this.#members ? 100 : 5 }),
    });
    for (let index = 0; index < 150; index++)
      await this.#broker.publish({ topic: `r/${index}`, payload: "r".repeat(1_000), qos: 1, retain: true });
    this.#witness = this.#open("witness", "tcp");
    this.#witness.send(
      connectPacket({ id: "witness" }),
      this.#packets.subscribe(this.#witness, [
        ["t/#", 2],
        ["will/#", 2],
        ["end/#", 2],
      ]),
    );
    this.#wakeSleeper();
    await this.#answered(this.#witness, this.#sleeper);
    await this.#members?.start();
  }

  /** One thing that somebody does. */
  async step(): Promise<void> {
    const { chance, below, pick } = this.#random;
    await this.#members?.step();
    const what = below(100);
    if (what < 2) await this.#restart();
    else if (what < 5) this.#expel();
    else if (what < 12) await this.#sleepOrWake();
    else this.#act(pick(this.#actors));
    if (chance(60)) return;
    for (let turns = below(6); turns >= 0; turns--) await new Promise(setImmediate);
  }

  /** Everything is answered, delivered and in order, and nobody left anything behind. */
  async end(): Promise<void> {
    await this.#members?.end();
    await this.#settle();
    await this.#mark();
    await this.#leave();
    await this.#checkWills();
    await this.#clear();
    await this.#broker.stop();
  }

  #open(name: string, transport: Transport): ChaosLink {
    const link = new ChaosLink(`${name}${++this.#names}`, transport, this.#broker);
    this.#links.push(link);
    this.#stories.set(link, { filters: new Set(), clean: true, user: false, will: false, unsure: false, inOrder: false });
    return link;
  }

  #story(link: ChaosLink): Story {
    return this.#stories.get(link) as Story;
  }

  #act(actor: Actor): void {
    const { chance, below, pick } = this.#random;
    const isNew = !actor.link?.open;
    const packets: Buffer[] = [];
    if (isNew) {
      actor.link = this.#open(actor.id, pick(transports));
      packets.push(this.#packets.connect(actor.id, actor.link));
    }
    const link = actor.link as ChaosLink;
    if (!isNew || chance(70)) for (let count = below(5); count > 0; count--) packets.push(this.#packets.any(link));
    const story = this.#story(link);
    const how = below(40);
    // Who does not read, or not acknowledge, may be ended for it.
    if (how < 9) story.unsure ||= !link.letIn && how !== 0;
    if (how === 0) {
      story.inOrder = true;
      link.disconnect(...packets);
      return;
    }
    if (how === 1) packets.push(Buffer.from(pick(errors)), this.#packets.any(link));
    if (packets.length > 0) link.send(...packets);
    if (how === 1) link.left = true;
    else if (how === 2) link.halfClose();
    else if (how === 3) link.reset();
    else if (how === 4) link.destroy();
    else if (how === 5) {
      story.unsure = true;
      link.pause();
    } else if (how === 6) link.resume();
    else if (how === 7) {
      story.unsure = true;
      link.withhold();
    } else if (how === 8) link.acknowledge();
  }

  #expel(): void {
    const before = this.#access.rules;
    this.#access.rules = { ...before, users: new Map() };
    this.#broker.expel();
    this.#access.rules = before;
    this.#members?.expelled();
    for (const [link, story] of this.#stories) if (story.user && !link.letIn) story.unsure = true;
    for (const story of this.#stories.values()) if (story.user && story.inOrder) story.unsure = true;
  }

  #wakeSleeper(): void {
    this.#sleeper = this.#open("sleeper", this.#random.pick(transports));
    this.#slept.push(this.#sleeper.messages);
    this.#sleeper.send(
      connectPacket({ id: "sleeper", clean: false }),
      this.#packets.subscribe(this.#sleeper, [["t/#", 2]]),
      this.#sleeper.ping(),
    );
  }

  async #sleepOrWake(): Promise<void> {
    const { pick } = this.#random;
    if (!this.#sleeper.open) return this.#wakeSleeper();
    // Before its first subscription it has no session.
    await this.#answered(this.#sleeper);
    pick([() => this.#sleeper.disconnect(), () => this.#sleeper.halfClose(), () => this.#sleeper.reset(), () => this.#sleeper.destroy()])();
  }

  async #restart(): Promise<void> {
    await this.#settle();
    const pause = (await this.#members?.stop()) ?? 0;
    for (const link of this.#links) {
      this.#story(link).unsure = true;
      link.left = true;
    }
    await this.#broker.stop();
    this.#world.clock.mono += pause;
    this.#publications = [];
    this.#slept = [];
    await this.start();
  }

  /** Resolves when everything that they have asked is answered. */
  async #answered(...links: ChaosLink[]): Promise<void> {
    for (const link of links) if (link.open) link.send(link.ping());
    await vi.waitFor(() => {
      for (const link of links) if (link.open) expect([link.name, ...link.owed.keys()]).toEqual([link.name]);
    }, patience);
  }

  /** Whoever is there has its answers, and the two that must have everything have it. */
  async #settle(): Promise<void> {
    for (const link of this.#links) {
      link.resume();
      link.acknowledge();
    }
    if (!this.#sleeper.open) this.#wakeSleeper();
    await this.#answered(...this.#links);
    for (const messages of [() => this.#witness.messages, () => this.#slept.flat()]) {
      await vi.waitFor(() => {
        const got = new Set(messages().map(keyOf));
        expect(this.#publications.filter(({ key, acknowledged }) => acknowledged && !got.has(key))).toEqual([]);
      }, patience);
    }
    inOrder(this.#witness.messages.filter(({ retain, topic }) => !retain && topic.startsWith("t/")));
    inOrder(this.#slept.flat().filter(({ retain, qos }) => !retain && qos > 0));
  }

  /** Who is there gets what it is subscribed to, and nothing else. */
  async #mark(): Promise<void> {
    for (const topic of topics) await this.#broker.publish({ topic, payload: `mark ${topic}`, qos: 1, retain: false });
    for (const link of this.#links.filter((one) => one.open && this.#story(one).clean && one.name !== "witness")) {
      const { filters: asked } = this.#story(link);
      const expected = topics.filter((topic) => [...asked].some((filter) => matchesFilter(filter, topic)));
      await vi.waitFor(() => {
        if (!link.open) return;
        const got = link.messages.filter(({ payload }) => payload.startsWith("mark "));
        expect([link.name, ...new Set(got.map(({ topic }) => topic))].sort()).toEqual([link.name, ...expected].sort());
      }, patience);
    }
  }

  async #leave(): Promise<void> {
    const { pick } = this.#random;
    const others = this.#links.filter((link) => link !== this.#witness);
    for (const link of others) {
      if (!link.open) continue;
      const bye = () => {
        this.#story(link).inOrder = true;
        link.disconnect();
      };
      pick([bye, () => link.halfClose(), () => link.reset(), () => link.destroy()])();
    }
    await vi.waitFor(() => expect(this.#broker.clients).toBe(1), patience);
    await this.#answered(this.#witness);
  }

  /** One of each that left without goodbye; none of the others. */
  async #checkWills(): Promise<void> {
    for (const [link, { will, unsure, inOrder: inGoodOrder }] of this.#stories) {
      const count = () => this.#witness.messages.filter(({ topic }) => topic === `will/${link.name}`).length;
      const most = !will || (inGoodOrder && !unsure) ? 0 : 1;
      const least = will && link.letIn && !unsure && !inGoodOrder ? 1 : 0;
      await vi.waitFor(() => expect(count(), `the will of ${link.name}`).toBeGreaterThanOrEqual(least), patience);
      expect(count(), `the will of ${link.name}`).toBeLessThanOrEqual(most);
    }
  }

  /** All sessions are ended; then nothing is left of anybody. */
  async #clear(): Promise<void> {
    for (const id of new Set([...ids, "sleeper"])) {
      const link = this.#open(id, "tcp");
      link.send(connectPacket({ id }), link.ping());
      await this.#answered(link);
      link.disconnect();
      await link.closed;
    }
    this.#witness.disconnect();
    await this.#witness.closed;
    await vi.waitFor(() => expect(this.#broker.clients).toBe(0), patience);
    expect(this.#broker.stored).toMatchObject({ disconnected: 0, queued: 0, queuedBytes: 0 });
    this.#broker.setSysInterval(3_600_000);
    const told = (name: string) => String(this.#broker.retained.get(`$SYS/broker/${name}`)?.payload);
    for (const name of ["clients/total", "clients/connected", "clients/disconnected", "subscriptions/count"])
      await vi.waitFor(() => expect([name, told(name)]).toEqual([name, "0"]), patience);
    const aedes = this.#listen.mock.contexts.at(-1) as unknown as Inside;
    await vi.waitFor(() => expect([aedes.mq.current, aedes.mq.length]).toEqual([0, 0]), patience);
    expect([aedes.connectedClients, Object.keys(aedes.clients)]).toEqual([0, []]);
    expect(aedes.mq._matcher.get_trie()).toEqual(new Map([["$SYS", expect.anything()]]));
  }
}

/** What of aedes is not in its types. */
interface Inside {
  connectedClients: number;
  clients: object;
  mq: { current: number; length: number; _matcher: { get_trie(): unknown } };
}
