import type { Message, Retained } from "./topic.ts";

/** When it came, its number, bytes as received, bytes kept, and of what kind it is; then the bytes. */
const head = 25;
const [numberAt, sizeAt, keptAt, kindAt] = [8, 16, 20, 24];
const retainedOf: readonly Retained[] = ["no", "yes", "unknown"];
const firstBytes = 160;
/** So much more room than is used goes back, unless it is little. */
const [wide, little] = [4, 1024];
/** Of the room is left over, so that it is not made anew for each message. */
const spare = 1 / 8;
/** So many bytes of a payload are copied one by one. */
const longest = 1024;

/**
 * Messages of one topic, oldest first, as bytes and not as objects: there are hundreds of thousands in all, each lives for a minute or an hour, and
 * V8 would let as much garbage lie as there are messages before it looks for it. What is asked for is made a message each time: compare the numbers.
 */
export class History {
  length = 0;
  /** Of all payloads. */
  bytes = 0;
  #room: Buffer = none;
  #from = 0;
  #newest = 0;
  #to = 0;

  /** Of the payload it keeps so many bytes. */
  push(at: number, number: number, payload: Buffer, keep: number, retained: Retained, qos: 0 | 1 | 2): void {
    const place = this.#make(head + keep);
    this.#newest = place;
    const room = this.#room;
    room.writeDoubleLE(at, place);
    room.writeDoubleLE(number, place + numberAt);
    room.writeUInt32LE(payload.length, place + sizeAt);
    room.writeUInt32LE(keep, place + keptAt);
    room[place + kindAt] = retainedOf.indexOf(retained) * 4 + qos;
    payload.copy(room, place + head, 0, keep);
    this.length += 1;
    this.bytes += keep;
  }

  /** The same of a message of another history. */
  add({ at, number, bytes, size, retained, qos }: Message): void {
    this.push(at, number, Buffer.from(bytes, "latin1"), bytes.length, retained, qos);
    this.#room.writeUInt32LE(size, this.#newest + sizeAt);
  }

  /** A copy of the newest message of another history; false when that has none. */
  addNewest(of: History): boolean {
    if (of.length === 0) return false;
    const kept = of.#room.readUInt32LE(of.#newest + keptAt);
    this.#newest = this.#make(head + kept);
    const [from, to] = [of.#room, this.#room];
    // The library's own copy of a part makes an object for it: this is done for thousands a second.
    if (kept > longest) from.copy(to, this.#newest, of.#newest, of.#newest + head + kept);
    else for (let at = 0; at < head + kept; at += 1) to[this.#newest + at] = from[of.#newest + at] ?? 0;
    this.length += 1;
    this.bytes += kept;
    return true;
  }

  /** The oldest ones leave until it holds `most` with `mostBytes`, none from before `since`; the newest stays. Returns how many did. */
  trim(most: number, mostBytes: number, since: number): number {
    const { length } = this;
    while (this.length > most || (this.length > 1 && (this.bytes > mostBytes || this.#room.readDoubleLE(this.#from) < since))) {
      const kept = this.#room.readUInt32LE(this.#from + keptAt);
      this.#from += head + kept;
      this.bytes -= kept;
      this.length -= 1;
    }
    const used = this.#to - this.#from;
    if (this.#room.length > Math.max(little, used * wide)) this.#move(used);
    return length - this.length;
  }

  /** Bytes that it takes. */
  get room(): number {
    return this.#room.length;
  }

  get newest(): Message | null {
    return this.length === 0 ? null : this.#read(this.#newest);
  }

  /** When the newest came; NaN when there is none. */
  get newestAt(): number {
    return this.length === 0 ? Number.NaN : this.#room.readDoubleLE(this.#newest);
  }

  /** The oldest has the index 0. */
  at(index: number): Message | undefined {
    if (index < 0 || index >= this.length) return undefined;
    let place = this.#from;
    for (let before = 0; before < index; before += 1) place = this.#next(place);
    return this.#read(place);
  }

  /** Where the message with this number is; -1 when it is gone. */
  indexOf(number: number): number {
    let place = this.#from;
    for (let index = 0; index < this.length; index += 1) {
      if (this.#room.readDoubleLE(place + numberAt) === number) return index;
      place = this.#next(place);
    }
    return -1;
  }

  /** All of them, or the newest `most`. */
  messages(most = this.length): Message[] {
    const found: Message[] = [];
    let place = this.#from;
    for (let index = 0; index < this.length; index += 1) {
      if (index >= this.length - most) found.push(this.#read(place));
      place = this.#next(place);
    }
    return found;
  }

  /** What is here now, whatever comes. */
  copy(): History {
    const copy = new History();
    copy.length = this.length;
    copy.bytes = this.bytes;
    copy.#room = Buffer.from(this.#room.subarray(this.#from, this.#to));
    copy.#newest = this.#newest - this.#from;
    copy.#to = this.#to - this.#from;
    return copy;
  }

  #next(place: number): number {
    return place + head + this.#room.readUInt32LE(place + keptAt);
  }

  #read(place: number): Message {
    const room = this.#room;
    const kind = room[place + kindAt] ?? 0;
    const from = place + head;
    return {
      at: room.readDoubleLE(place),
      number: room.readDoubleLE(place + numberAt),
      bytes: room.toString("latin1", from, from + room.readUInt32LE(place + keptAt)),
      size: room.readUInt32LE(place + sizeAt),
      retained: retainedOf[kind >> 2] ?? "unknown",
      qos: (kind & 3) as 0 | 1 | 2,
    };
  }

  /** Room for so many bytes behind the newest message; returns where. */
  #make(bytes: number): number {
    if (this.#to + bytes > this.#room.length) this.#move(this.#to - this.#from + bytes);
    const place = this.#to;
    this.#to += bytes;
    return place;
  }

  /** The messages to the front of room for so many bytes, of a new one when this one is too small or too large. */
  #move(bytes: number): void {
    const { length } = this.#room;
    const used = this.#to - this.#from;
    const isOther = bytes > length * (1 - spare) || length > Math.max(little, bytes * wide);
    const room = isOther ? Buffer.allocUnsafeSlow(Math.max(firstBytes, Math.ceil(bytes * (1 + 2 * spare)))) : this.#room;
    this.#room.copy(room, 0, this.#from, this.#to);
    this.#room = room;
    this.#newest -= this.#from;
    this.#from = 0;
    this.#to = used;
  }
}

const none = Buffer.alloc(0);
