import { type ConnectFields, connectPacket, type Message, messageOf, openWire, publishPacket, subscribePacket, type Wire } from "./wire.ts";

/** Connections to one broker, and what a test of the wire often asks of them. */
export class Rig {
  readonly #port: number;
  readonly #wires: Wire[] = [];
  #names = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** Nothing is sent. */
  async open(): Promise<Wire> {
    const wire = await openWire(this.#port);
    this.#wires.push(wire);
    return wire;
  }

  /** A name that no other test has. */
  name(): string {
    this.#names += 1;
    return `n${this.#names}`;
  }

  async connect(fields: ConnectFields = {}): Promise<Wire> {
    const wire = await this.open();
    wire.send(connectPacket({ id: this.name(), ...fields }));
    await wire.next(0x20);
    return wire;
  }

  async subscribe(filter: string, qos = 0, fields: ConnectFields = {}): Promise<Wire> {
    const wire = await this.connect(fields);
    wire.send(subscribePacket([[filter, qos]]));
    await wire.next(0x90);
    return wire;
  }

  /** What the broker does with these packets of a client that is connected. */
  async fateOf(...packets: (Buffer | readonly number[])[]): Promise<string> {
    const wire = await this.connect();
    wire.send(...packets);
    return wire.fate();
  }

  /** The code of the CONNACK and what becomes of the connection: `0 stays`, `2 closes`, `closes`. */
  async answerTo(connect: ConnectFields | Buffer): Promise<string> {
    const wire = await this.open();
    wire.send(Buffer.isBuffer(connect) ? connect : connectPacket(connect));
    const answer = await wire.next(0x20);
    if (answer === "closed") return "closes";
    return `${answer.body[1]} ${await wire.fate()}`;
  }

  /** Publishes with QoS 1 in its own name, and waits until it is acknowledged. */
  async publish(topic: string, payload: string, options: { qos?: number; retain?: boolean } = {}): Promise<void> {
    const wire = await this.connect();
    wire.send(publishPacket(topic, payload, { qos: 1, ...options }));
    if (options.qos === 0) await wire.fate();
    else await wire.next(0x40);
    wire.send([0xe0, 0]);
  }

  /** Every message up to the one on `end`, which somebody publishes now, and which this client is subscribed to. */
  async until(wire: Wire, end: string): Promise<Message[]> {
    await this.publish(end, "end");
    for (;;) {
      const got = await wire.next(0x30);
      if (got === "closed") throw new Error("the connection was closed");
      if (messageOf(got).topic === end) break;
    }
    return wire.received
      .filter(({ first }) => first >> 4 === 3)
      .map(messageOf)
      .filter(({ topic }) => topic !== end);
  }

  /** A subscriber; `rest` gives every message that came to it until then. */
  async listen(filters: readonly (readonly [string, number])[]): Promise<{ wire: Wire; rest(): Promise<Message[]> }> {
    const end = this.name();
    const wire = await this.connect();
    wire.send(subscribePacket([...filters, [end, 0]]));
    await wire.next(0x90);
    return { wire, rest: () => this.until(wire, end) };
  }

  /** Retained messages for a new subscriber. */
  async retained(filter: string): Promise<Message[]> {
    return (await this.listen([[filter, 1]])).rest();
  }

  async end(): Promise<void> {
    for (const wire of this.#wires) wire.cut();
    await Promise.all(this.#wires.map(({ over }) => over));
  }
}
