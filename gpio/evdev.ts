import type { InputHandle, InputListener } from "./driver.ts";
import { LineError } from "./errors.ts";
import { checkKey, type EvdevPlaces, goneError, openError, pathOf } from "./evdev-place.ts";
import { highestCode, type KeyCode, keyCode } from "./key-codes.ts";
import type { KeyDriver, KeyRequest } from "./keys.ts";
import { monotonicNs } from "./monotonic.ts";
import { loadNative, type Native } from "./native.ts";

/** Of linux/input-event-codes.h. */
const types = { key: 1, switch: 5 } as const;
const kinds = ["key", "switch"] as const;
/** SYN_DROPPED: more came than the kernel keeps for a program that does not read. */
const dropped = 3;
/** Of the type that has more of them. */
const codes = highestCode.key + 1;
const batch = 256;
const fields = 3;

/** The kernel's input devices. The native part is loaded with the first key that is opened. */
export function openEvdev(native: () => Native = loadNative, places: EvdevPlaces = { devices: "/dev/input", sysfs: "/sys" }): KeyDriver {
  const open = new Map<string, Device>();
  return {
    open(request, listener) {
      const code = keyCode(request.key);
      if (code === undefined) throw new LineError("no-line", `there is no key ${request.key}`);
      const path = pathOf(request.device, code, places);
      checkKey(request, path, code, places);
      const device = open.get(path) ?? new Device(native(), path, () => open.delete(path));
      open.set(path, device);
      return device.add(request, code, listener);
    },
    close() {
      for (const device of open.values()) device.close();
    },
  };
}

/** Of each device there is one descriptor for all of its keys: what one descriptor grabs, no other one gets. */
class Device {
  readonly #native: Native;
  readonly #path: string;
  readonly #ended: () => void;
  readonly #fd: number;
  readonly #keys = new Set<Key>();
  readonly #events = new Float64Array(batch * fields);
  #grabbed = false;

  /** Throws LineError. */
  constructor(native: Native, path: string, ended: () => void) {
    this.#native = native;
    this.#path = path;
    this.#ended = ended;
    try {
      this.#fd = native.openDevice(path);
    } catch (error) {
      throw openError(path, error);
    }
    try {
      // What another program has grabbed tells nothing to anybody else, and does not say so unless it is asked.
      native.grabDevice(this.#fd, 1);
      native.grabDevice(this.#fd, 0);
      native.watch(this.#fd, this.#events, (count) => this.#ready(count));
    } catch (error) {
      native.close(this.#fd);
      throw openError(path, error);
    }
  }

  /** Throws LineError. */
  add(request: KeyRequest, code: KeyCode, listener: InputListener): InputHandle {
    const key = new Key(this.#path, request, code, listener, () => this.#remove(key));
    this.#keys.add(key);
    try {
      this.#mask();
      this.#grab();
      this.#reconcile(key);
    } catch (error) {
      this.#remove(key);
      throw openError(this.#path, error);
    }
    return key;
  }

  close(): void {
    for (const key of this.#keys) key.close();
  }

  #remove(key: Key): void {
    if (!this.#keys.delete(key)) return;
    if (this.#keys.size === 0) {
      this.#end();
      return;
    }
    try {
      this.#mask();
      this.#grab();
    } catch {
      // It was unplugged: the next event says so.
    }
  }

  #end(): void {
    this.#ended();
    this.#native.close(this.#fd);
  }

  /** The keys that were asked for; the kernel keeps all others away from this process. */
  #mask(): void {
    const told = new Uint8Array(8);
    for (const kind of kinds) {
      const bits = this.#codes(kind);
      this.#native.maskDevice(this.#fd, types[kind], bits);
      if (bits.some((byte) => byte > 0)) set(told, types[kind]);
    }
    this.#native.maskDevice(this.#fd, 0, told);
  }

  #grab(): void {
    const wanted = [...this.#keys].some(({ grab }) => grab);
    if (wanted === this.#grabbed) return;
    this.#native.grabDevice(this.#fd, wanted ? 1 : 0);
    this.#grabbed = wanted;
  }

  #ready(count: number): void {
    if (count < 0) {
      this.#gone();
      return;
    }
    for (let at = 0; at < count * fields; at += fields) {
      const what = this.#events[at] ?? 0;
      if (what === dropped) {
        // The state is asked for now, so it is newer than all the rest of what was read.
        for (const key of [...this.#keys]) key.lost();
        this.#afterLoss();
        return;
      }
      for (const key of [...this.#keys]) if (key.what === what) key.take(this.#events[at + 2] ?? 0, this.#events[at + 1] ?? 0);
    }
  }

  /**
   * All keys at once as they are now: asking takes what waited out of the queue. Who is not as it was told has moved meanwhile; `fresh` is told
   * nothing. Throws what the native part throws.
   */
  #reconcile(fresh?: Key): void {
    const now = { key: this.#codes("key"), switch: this.#codes("switch") };
    for (const kind of kinds) if (now[kind].some((byte) => byte > 0)) this.#native.deviceState(this.#fd, types[kind], now[kind]);
    const at = monotonicNs();
    for (const key of [...this.#keys]) {
      const down = isSet(now[key.code.type], key.code.code);
      if (key === fresh) key.start(down);
      else key.take(down ? 1 : 0, at);
    }
  }

  #codes(kind: KeyCode["type"]): Uint8Array {
    const bits = new Uint8Array(codes / 8);
    for (const { code } of this.#keys) if (code.type === kind) set(bits, code.code);
    return bits;
  }

  #afterLoss(): void {
    try {
      this.#reconcile();
    } catch {
      // It was unplugged: the next event says so.
    }
  }

  #gone(): void {
    const keys = [...this.#keys];
    this.#keys.clear();
    this.#end();
    for (const key of keys) key.goes();
  }
}

class Key implements InputHandle {
  readonly code: KeyCode;
  readonly grab: boolean;
  /** As the native part names it. */
  readonly what: number;
  readonly #path: string;
  readonly #request: KeyRequest;
  readonly #listener: InputListener;
  readonly #closed: () => void;
  #state: "open" | "gone" | "closed" = "open";
  #down = false;
  #seqno = 0;

  constructor(path: string, request: KeyRequest, code: KeyCode, listener: InputListener, closed: () => void) {
    this.#path = path;
    this.#request = request;
    this.code = code;
    this.grab = request.grab;
    this.what = types[code.type] * 65_536 + code.code;
    this.#listener = listener;
    this.#closed = closed;
  }

  /** The level to start from: nobody is told about it. */
  start(down: boolean): void {
    this.#down = down;
  }

  /** 0 = released, 1 = pressed, 2 = the device repeats what is held. */
  take(value: number, atNs: number): void {
    const down = value !== 0;
    if (this.#state !== "open" || down === this.#down) return;
    this.#down = down;
    const edge = this.read() ? "rising" : "falling";
    if (edge === (this.#request.edges ?? edge)) this.#listener.edge({ edge, atNs, seqno: ++this.#seqno });
  }

  /** Nobody knows how many; a pulse is not made up. */
  lost(): void {
    if (this.#state === "open" && this.#request.edges === undefined) this.#listener.lost(1);
  }

  goes(): void {
    if (this.#state !== "open") return;
    this.#state = "gone";
    this.#listener.gone();
  }

  read(): boolean {
    if (this.#state === "gone") throw goneError(this.#path);
    if (this.#state === "closed")
      throw new LineError("io", `${this.#request.key} of ${this.#path} was already closed; this is a bug in the caller`);
    return this.#down === (this.#request.active === "high");
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closed();
  }
}

function set(bits: Uint8Array, bit: number): void {
  bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
}

function isSet(bits: Uint8Array, bit: number): boolean {
  return (((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
}
