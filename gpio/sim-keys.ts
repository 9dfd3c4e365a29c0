import { highestCode, keyCode } from "./key-codes.ts";
import type { KeyDriver, KeyRequest } from "./keys.ts";
import type { LineAddress } from "./line.ts";
import { openSim } from "./sim.ts";
import type { SimBoard } from "./sim-board.ts";

/** Input devices of the simulated board: each is there as soon as it is named, and its keys are lines of a chip that is not listed. */
export function openSimKeys(board: SimBoard): KeyDriver {
  const driver = openSim(board);
  return {
    open(request, listener) {
      board.addDevice(request.device);
      const { active, consumer, edges } = request;
      const own = { active, consumer, bias: "as-is", ...(edges === undefined ? {} : { edges }) } as const;
      return driver.openInput({ ...simKeyAddress(request), ...own }, listener);
    },
    close: () => driver.close(),
  };
}

/** Where the simulated world presses a key: pressed is high. */
export function simKeyAddress({ device, key }: Pick<KeyRequest, "device" | "key">): LineAddress {
  const { type, code } = keyCode(key) ?? { type: "key", code: 0 };
  return { chip: device, offset: type === "key" ? code : simKeys + code };
}

/** Codes of keys are below it; those of switches come after it. */
const simKeys = highestCode.key + 1;
