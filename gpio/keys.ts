import type { InputHandle, InputListener } from "./driver.ts";
import type { ActiveLevel, Edge } from "./line.ts";

/**
 * Keys and switches of input devices, as inputs. Every promise of `Driver` holds for them; what goes away is the device and not a chip.
 * `test/gpio/contract/keys.ts` holds each driver to it.
 *
 * 1. Only the keys that were asked for reach this process, where the driver can have that; none other is kept, told or logged.
 * 2. A key that repeats while it is held is one press.
 * 3. `read` gives the level as the edges told it; after a loss it is what the device says.
 */
export interface KeyDriver {
  /** Throws LineError: "no-chip" while there is no such device, "no-line" when it has no such key, "busy" when another program has grabbed it. */
  open(request: KeyRequest, listener: InputListener): InputHandle;
  /** Frees everything that is still open. */
  close(): void;
}

export interface KeyRequest {
  /** A path below /dev/input, or the name that the kernel has for the device. */
  device: string;
  /** `KEY_F1` */
  key: string;
  active: ActiveLevel;
  /** Nobody else gets what the device tells, while one of its keys is open with this. */
  grab: boolean;
  /** Only these edges are told and numbered; both when it is left out. */
  edges?: Edge;
  /** `pinbus:<id>` */
  consumer: string;
}
