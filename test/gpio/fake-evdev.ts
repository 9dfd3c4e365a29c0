import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type KeyCode, keyCode } from "../../gpio/key-codes.ts";
import { loadNative, type Native } from "../../gpio/native.ts";

const types = { key: 1, switch: 5 } as const;

interface Client {
  device: FakeDevice;
  masks: Map<number, Uint8Array>;
  queue: [what: number, atNs: number, value: number][];
  events: Float64Array | undefined;
  ready: ((count: number) => void) | undefined;
  scheduled: boolean;
}

interface FakeDevice {
  down: Set<number>;
  clients: Set<Client>;
  grabbed: unknown;
}

/** As the kernel keeps for a program that does not read. */
const room = 64;

/**
 * The kernel's input devices, as evdev.c in Linux treats them: masks, grabs, a queue of its own for each descriptor, SYN_REPORT after each
 * change, SYN_DROPPED in place of a full queue. Real ones are in the test machine (`test/machine/contract-keys.ts`).
 */
export class FakeEvdev {
  readonly root = mkdtempSync(join(tmpdir(), "pinbus-evdev-"));
  readonly places = { devices: join(this.root, "dev/input"), sysfs: join(this.root, "sys") };
  readonly native: Native;
  /** Everything that this process was given: a key that nobody asked for must not be here. */
  readonly handedOut: number[] = [];
  /** Paths that this process may not open. */
  readonly refused = new Set<string>();
  readonly #devices = new Map<string, FakeDevice>();
  readonly #open = new Map<number, Client>();
  #next = 1000;

  constructor() {
    this.native = { ...loadNative(), ...this.#functions() };
  }

  /** Plugs a device in; `link` is what udev makes for it. Its path, that of the link if there is one. */
  plug(event: string, { name = event, keys = ["KEY_F1"], link }: { name?: string; keys?: readonly string[]; link?: string } = {}): string {
    const path = join(this.places.devices, event);
    this.#devices.set(path, { down: new Set(), clients: new Set(), grabbed: undefined });
    const folder = join(this.places.sysfs, "class/input", event, "device");
    mkdirSync(join(folder, "capabilities"), { recursive: true });
    mkdirSync(this.places.devices, { recursive: true });
    writeFileSync(path, "");
    writeFileSync(join(folder, "name"), `${name}\n`);
    const all = keys.map((key) => keyCode(key) as KeyCode);
    for (const [file, type] of [
      ["key", "key"],
      ["sw", "switch"],
    ] as const)
      writeFileSync(join(folder, "capabilities", file), `${words(all.filter((code) => code.type === type).map(({ code }) => code))}\n`);
    if (link === undefined) return path;
    const at = join(this.places.devices, link);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(`../${event}`, at);
    return at;
  }

  unplug(event: string, link?: string): void {
    const path = join(this.places.devices, event);
    const device = this.#devices.get(path);
    this.#devices.delete(path);
    rmSync(path);
    rmSync(join(this.places.sysfs, "class/input", event), { recursive: true });
    if (link !== undefined) rmSync(join(this.places.devices, link));
    for (const client of device?.clients ?? []) {
      client.queue.length = 0;
      setImmediate(() => client.ready?.(-19));
    }
  }

  /** 1 = pressed, 0 = released, 2 = repeated by the device. */
  move(event: string, key: string, value: number, atNs = 1): void {
    const device = this.#devices.get(join(this.places.devices, event));
    const { type, code } = keyCode(key) as KeyCode;
    if (!device) throw new Error(`${event} is not plugged in`);
    const what = types[type] * 65_536 + code;
    if (value === 0) device.down.delete(what);
    else device.down.add(what);
    for (const client of device.clients) {
      if (device.grabbed !== undefined && device.grabbed !== client) continue;
      if (!isTold(client, types[type], code)) continue;
      if (client.queue.length + 2 > room) client.queue = [[3, atNs, 0]];
      client.queue.push([what, atNs, value], [0, atNs, 0]);
      this.#wake(client);
    }
  }

  /** Another program grabs the device. */
  grab(event: string, holder: unknown = this): void {
    const device = this.#devices.get(join(this.places.devices, event));
    if (device) device.grabbed = holder;
  }

  isGrabbed(event: string): boolean {
    return this.#devices.get(join(this.places.devices, event))?.grabbed !== undefined;
  }

  /** Descriptors that are open. */
  get open(): number {
    return this.#open.size;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  #wake(client: Client): void {
    if (client.scheduled) return;
    client.scheduled = true;
    setImmediate(() => {
      client.scheduled = false;
      const { events, ready, queue } = client;
      if (!events || !ready || queue.length === 0) return;
      const given = queue.splice(0, events.length / 3);
      this.handedOut.push(...given.map(([what]) => what).filter((what) => what > 3));
      events.set(given.flat());
      if (queue.length > 0) this.#wake(client);
      ready(given.length);
    });
  }

  #functions(): Partial<Native> {
    const client = (fd: number) => {
      const found = this.#open.get(fd);
      if (!found) throw failure("EBADF", String(fd));
      if (![...this.#devices.values()].includes(found.device)) throw failure("ENODEV", String(fd));
      return found;
    };
    return {
      openDevice: (path) => {
        const device = this.#devices.get(path);
        if (!device) throw failure("ENOENT", path);
        if (this.refused.has(basename(path))) throw failure("EACCES", path);
        const made: Client = {
          device,
          masks: new Map([[0, new Uint8Array(4)]]),
          queue: [],
          events: undefined,
          ready: undefined,
          scheduled: false,
        };
        device.clients.add(made);
        this.#open.set(++this.#next, made);
        return this.#next;
      },
      maskDevice: (fd, type, codes) => {
        // Whole words of a long, of 64 bits here (bits_from_user).
        if (codes.length % 8 !== 0) throw failure("EINVAL", "mask");
        client(fd).masks.set(type, codes.slice());
      },
      deviceState: (fd, type, codes) => {
        const of = client(fd);
        of.queue = of.queue.filter(([what]) => Math.floor(what / 65_536) !== type);
        for (let code = 0; code < codes.length * 8; code++)
          if (!of.device.down.has(type * 65_536 + code)) codes[code >> 3] = (codes[code >> 3] ?? 0) & ~(1 << (code & 7));
      },
      grabDevice: (fd, grabbed) => {
        const of = client(fd);
        if (of.device.grabbed !== undefined && of.device.grabbed !== of) throw failure("EBUSY", "grab");
        of.device.grabbed = grabbed === 1 ? of : undefined;
      },
      watch: (fd, events, ready) => void Object.assign(client(fd), { events, ready }),
      close: (fd) => {
        const of = this.#open.get(fd);
        if (!of) throw failure("EBADF", String(fd));
        this.#open.delete(fd);
        of.ready = undefined;
        of.device.clients.delete(of);
        if (of.device.grabbed === of) of.device.grabbed = undefined;
      },
    };
  }
}

function isTold({ masks }: Client, type: number, code: number): boolean {
  const bit = (bits: Uint8Array | undefined, at: number) => (((bits?.[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  return bit(masks.get(0), type) && (!masks.has(type) || bit(masks.get(type), code));
}

/** As sysfs writes a bitmap: words of a `long`, the highest first. */
function words(codes: readonly number[]): string {
  const wide = process.arch === "arm" ? 32 : 64;
  const all = Array.from({ length: Math.floor(Math.max(0, ...codes) / wide) + 1 }, () => 0n);
  for (const code of codes) {
    const at = all.length - 1 - Math.floor(code / wide);
    all[at] = (all[at] ?? 0n) | (1n << BigInt(code % wide));
  }
  return all.map((word) => word.toString(16)).join(" ");
}

function failure(code: string, what: string): Error {
  return Object.assign(new Error(`${what}: ${code}`), { code });
}
