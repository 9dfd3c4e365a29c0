import { expect, vi } from "vitest";
import type { Access } from "../../../agent/embedded/access.ts";
import type { Broker } from "../../../agent/embedded/broker-terms.ts";
import { patience } from "../shell/fixture.ts";
import { ChaosLink, transports } from "./chaos-link.ts";
import { inOrder } from "./chaos-order.ts";
import { checkArrival, checkMessage, checkPresence, checkWill } from "./chaos-promises.ts";
import { accessOf, type ChaosRules, drawRules, may, members, memberTopics, openRules } from "./chaos-rules.ts";
import { type Caller, Moments, type Said, Visit } from "./chaos-visit.ts";
import { packet, text } from "./packets.ts";
import type { Random } from "./seeded.ts";
import { connectPacket, type Message, publishPacket, subscribePacket } from "./wire.ts";

export interface MembersOptions {
  random: Random;
  access: Access;
  broker(): Broker;
  /** Whether sessions outlive a broker; they end after an hour. */
  disk: boolean;
  clock: { mono: number };
}

/** Of a session, in ms. */
const expiry = 3_600_000;
/** Properties of MQTT 5 that say for how many seconds: how long a session waits, and a will. */
const seconds = (property: 0x11 | 0x18, count: number) => [5, property, 0, 0, 0, count];

/**
 * Clients with a user, while the rules change: what they may have must arrive, what they may not must not, and who is listed no more has to go. One
 * hears everything, and one has a session that is now one user's, now another's.
 */
export class ChaosMembers {
  readonly #options: MembersOptions;
  readonly #moments = new Moments();
  readonly #said = new Map<string, Said>();
  /** Of this broker. */
  #visits: Visit[] = [];
  #watcher!: Visit;
  #keeper: Visit | undefined;
  /** What came to the session of the keeper. */
  #kept: Message[][] = [];
  /** By so many connections to a broker that is gone; what a broker gave, the next one may give again as if it were new. */
  #keptBefore = 0;
  /** From when on it has one; undefined: it has none, or nobody knows. */
  #keptSince: number | undefined;
  #session: boolean | undefined = false;
  #leftAt = 0;
  #names = 0;
  #ids = 0;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.#moments.next(openRules, []);
  }

  async start(): Promise<void> {
    this.#options.access.rules = accessOf(this.#moments.rules);
    this.#tick();
    this.#watcher = this.#come({
      id: "watcher",
      transport: "tcp",
      filters: [
        ["m/#", 2],
        ["mw/#", 2],
      ],
    });
    await this.#answered(this.#watcher);
    this.#tick();
  }

  async step(): Promise<void> {
    const { chance, below, pick } = this.#options.random;
    if (chance(50)) return;
    this.#tick();
    const what = below(100);
    if (what < 18) this.#reload(drawRules(this.#options.random, this.#moments.rules));
    else if (what < 35) this.#call();
    else if (what < 45) this.#leave(pick(this.#visits));
    else if (what < 58) await this.#sleepOrWake();
    else if (what < 62) await this.#knock();
    else if (what < 67) await this.settle();
    else for (let count = 1 + below(4); count > 0; count--) this.#say(pick(this.#visits));
  }

  /** Everybody with a password had to go, and may come back. */
  expelled(): void {
    this.#tick();
    for (const visit of this.#visits) visit.judge({ ...openRules, passwords: new Map() });
  }

  /** Whoever is there has its answers, and what it must have; nobody is there who may not be. */
  async settle(): Promise<void> {
    await this.#answered(...this.#visits);
    this.#tick();
    await vi.waitFor(() => {
      for (const { link, end, silent } of this.#visits)
        if (end !== undefined && !silent) expect([link.name, link.isClosed]).toEqual([link.name, true]);
    }, patience);
    for (const visit of this.#visits) checkPresence(visit, this.#moments.rules);
    for (const said of this.#said.values()) await this.#checkSaid(said);
    const { messages: all } = this.#watcher.link;
    const live = all.filter(({ retain, topic }) => !retain && topic.startsWith("m/"));
    for (const message of live) {
      const said = this.#said.get(message.payload);
      if (said) said.heard ??= this.#watcher.cameAt(message);
    }
    for (const visit of this.#visits)
      for (const message of visit.link.messages) {
        const said = this.#said.get(message.payload);
        if (said) checkMessage(visit, message, said, this.#moments);
      }
    inOrder(live);
    // What is denied when its turn comes is forgotten, and not given later.
    inOrder(
      this.#kept
        .slice(this.#keptBefore)
        .flat()
        .filter(({ retain, qos }) => !retain && qos > 0),
    );
    for (const visit of this.#visits) await checkWill(visit, all, this.#moments);
    expect(all.filter(({ topic }) => topic.startsWith("mw/five"))).toEqual([]);
  }

  /** Before the broker stops; resolves with how much later the next one starts, in ms. */
  async stop(): Promise<number> {
    const { clock, disk, random } = this.#options;
    await this.settle();
    for (const { link } of this.#visits) link.left = true;
    if (this.#visits.some(({ link }) => link.letIn && link.name.startsWith("keeper"))) this.#leftAt = clock.mono;
    [this.#visits, this.#keeper] = [[], undefined];
    const pause = random.pick([0, 1_500_000, 7_200_000]);
    if (!disk || this.#leftAt <= clock.mono + pause - expiry) [this.#keptSince, this.#kept, this.#session] = [undefined, [], false];
    this.#keptBefore = this.#kept.length;
    return pause;
  }

  /** All of them are gone, and nothing of them is left. */
  async end(): Promise<void> {
    this.#tick();
    this.#reload({ ...this.#moments.rules, passwords: openRules.passwords });
    if (!this.#keeper?.link.open) this.#wake(this.#moments.owners.at(-1));
    await this.#answered(...this.#visits);
    this.#come({ id: "reader", transport: "tcp", filters: [["m/#", 2]] });
    await this.settle();
    for (const { silent, link } of this.#visits)
      if (silent) await vi.waitFor(() => expect([link.name, link.isClosed]).toEqual([link.name, true]), patience);
    for (const visit of this.#visits) if (visit !== this.#watcher && visit.link.open) this.#leave(visit);
    await this.settle();
    this.#reload(openRules);
    const last = this.#come({ id: "keeper", transport: "tcp" });
    await this.#answered(last, this.#watcher);
    for (const { link } of [last, this.#watcher]) {
      link.disconnect();
      await link.closed;
    }
    for (const topic of memberTopics) await this.#options.broker().publish({ topic, payload: "", qos: 1, retain: true });
  }

  #tick(rules: ChaosRules = this.#moments.rules, owners = this.#moments.owners): void {
    for (const visit of this.#visits) visit.tick();
    this.#moments.next(rules, owners);
    if (this.#keeper?.subscribed === undefined) return;
    this.#keptSince ??= this.#keeper.subscribed;
    this.#session = true;
  }

  #reload(rules: ChaosRules): void {
    const { access, broker } = this.#options;
    this.#tick(rules);
    access.rules = accessOf(rules);
    broker().expel();
    for (const visit of this.#visits) visit.judge(rules);
  }

  /** With what it asks for behind its CONNECT, in one piece or not. */
  #come(caller: Caller): Visit {
    const { id, transport, user, word = "", silent, filters, clean = true } = caller;
    const link = new ChaosLink(`${id}-${++this.#names}`, transport, this.#options.broker());
    const visit = new Visit(this.#moments, link, caller);
    this.#visits.push(visit);
    const fields = {
      id,
      clean,
      keepalive: silent ? 1 : 0,
      will: { topic: `mw/${link.name}`, payload: "w", qos: this.#options.random.below(3) },
    };
    const packets = [connectPacket({ ...fields, ...(user !== undefined && { username: user, password: word }) })];
    if (filters) {
      link.owes(9, ++this.#ids);
      packets.push(subscribePacket(filters, this.#ids));
    } else if (!silent) packets.push(link.ping());
    if (this.#options.random.chance(50)) link.send(...packets);
    else for (const one of packets) link.send(one);
    return visit;
  }

  /** By the password of now, or one that was or will be. */
  #wordOf(user: string | undefined): string {
    return (user !== undefined && !this.#options.random.chance(10) && this.#moments.rules.passwords.get(user)) || "word";
  }

  #call(): void {
    const { chance, below, pick } = this.#options.random;
    const silent = chance(3);
    const user = silent ? undefined : pick([...members, ...members, undefined]);
    const filters = [["m/#", silent ? 0 : below(3)]] as const;
    const caller = { id: `visitor-${this.#names}`, transport: pick(transports), user, word: this.#wordOf(user), silent };
    this.#come(chance(70) ? { ...caller, filters } : caller);
  }

  #leave(visit: Visit): void {
    const { link } = visit;
    if (visit === this.#watcher || visit.silent || !link.open || (visit === this.#keeper && !link.letIn)) return;
    const how = this.#options.random.pick(["disconnect", "halfClose", "reset", "destroy"] as const);
    visit.unsure ||= !link.letIn;
    visit.over(how === "disconnect" ? "bye" : "cut");
    link[how]();
  }

  async #sleepOrWake(): Promise<void> {
    const { chance, pick } = this.#options.random;
    const keeper = this.#keeper;
    // What of two that come at the same time is later cannot be said.
    if (keeper) await this.#answered(keeper);
    this.#tick();
    if (keeper?.link.open && chance(60)) return this.#leave(keeper);
    // Somebody else comes under its name, and may be refused.
    if (keeper?.link.open) keeper.unsure = true;
    this.#wake(pick([...members, undefined]));
  }

  #wake(user: string | undefined): void {
    this.#tick(this.#moments.rules, [...this.#moments.owners, user]);
    const transport = this.#options.random.pick(transports);
    const keeper = this.#come({ id: "keeper", transport, user, word: this.#wordOf(user), filters: [["m/#", 2]], clean: false });
    [keeper.session, this.#keeper] = [this.#session, keeper];
    // Until its subscription is known to hold.
    if (!this.#session) this.#session = undefined;
    this.#kept.push(keeper.link.messages);
  }

  /** MQTT 5, with what it has for sessions and wills: it is told no, and nobody takes notice. */
  async #knock(): Promise<void> {
    const { pick, below } = this.#options.random;
    const id = pick(["keeper", ...this.#visits.map(({ link }) => link.name.replace(/-\d+$/, ""))]);
    const link = new ChaosLink(`five-${++this.#names}`, pick(transports), this.#options.broker());
    const will = [seconds(0x18, below(3)), text(`mw/${link.name}`), text("w")];
    const connect = packet(0x10, text("MQTT"), [5, 0x06, 0, 60], seconds(0x11, below(3)), text(id), ...will);
    // Its DISCONNECT wants another end of the session than its CONNECT.
    link.send(connect, packet(0xe0, [0, ...seconds(0x11, below(2))]));
    await link.closed;
    expect([link.name, link.connack?.code]).toEqual([link.name, 1]);
  }

  #say(visit: Visit): void {
    const { below, chance, pick } = this.#options.random;
    const { link, user } = visit;
    if (!link.open || visit.silent) return;
    const [qos, id, topic] = [below(3), ++this.#ids, pick(memberTopics)];
    const said: Said = { key: `${link.name}.${id}.${qos}`, topic, qos, by: user, at: this.#moments.now };
    this.#said.set(said.key, said);
    if (qos > 0)
      link.owes(qos === 1 ? 4 : 5, id, () => {
        said.taken = this.#moments.now;
      });
    link.send(publishPacket(topic, said.key, { qos, id, retain: chance(20) }));
  }

  /** Resolves when everything that they have asked is answered. */
  async #answered(...visits: Visit[]): Promise<void> {
    for (const { link, silent } of visits) if (link.open && !silent) link.send(link.ping());
    await vi.waitFor(() => {
      for (const { link, silent } of visits) if (link.open && !silent) expect([link.name, ...link.owed.keys()]).toEqual([link.name]);
    }, patience);
    const keeper = this.#keeper;
    if (keeper?.link.letIn && visits.includes(keeper)) this.#tick(this.#moments.rules, [keeper.user]);
  }

  /** It came to everybody who must have it. */
  async #checkSaid({ key, topic, qos, by, at, taken }: Said): Promise<void> {
    const moments = this.#moments;
    if (qos === 0 || taken === undefined || !moments.every(at, taken, (rules) => may(rules, by, "write", topic))) return;
    for (const visit of this.#visits) {
      const { subscribed, silent, keeps, link } = visit;
      if (keeps || silent || !link.open || subscribed === undefined || subscribed >= at || !visit.mayRead(topic, at)) continue;
      await checkArrival(key, link.name, () => link.messages);
    }
    const keeper = this.#keeper?.link;
    if (!keeper?.open || !keeper.letIn || this.#keptSince === undefined || this.#keptSince >= at) return;
    const isKept = moments.every(at, moments.now, (rules, owners) => owners.every((owner) => may(rules, owner, "read", topic)));
    if (isKept) await checkArrival(key, keeper.name, () => this.#kept.flat());
  }
}
