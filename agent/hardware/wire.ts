import type { Driver, OutputHandle } from "../../gpio/driver.ts";
import type { SimBoard } from "../../gpio/sim-board.ts";
import type { Pair } from "./pair.ts";

/** The wire between two lines of the simulated board: what the one drives is what the world does to the other one. */
export function wired(driver: Driver & { readonly board: SimBoard }, { out, in: listens }: Pair): Driver {
  const { board } = driver;
  const follow = () => board.press(listens.chip, listens.offset, board.level(out.chip, out.offset));
  const isOut = ({ chip, offset }: Pair["out"]) => chip === out.chip && offset === out.offset;
  return {
    name: driver.name,
    capabilities: driver.capabilities,
    chips: () => driver.chips(),
    lines: (chip) => driver.lines(chip),
    peek: (address, active) => driver.peek(address, active),
    close: () => driver.close(),
    openInput(request, listener) {
      const handle = driver.openInput(request, listener);
      if (isOut(request)) board.press(listens.chip, listens.offset, "open");
      return handle;
    },
    openOutput(request, listener): OutputHandle {
      const handle = driver.openOutput(request, listener);
      if (!isOut(request)) return handle;
      follow();
      return {
        write(active) {
          handle.write(active);
          follow();
        },
        read: () => handle.read(),
        close: () => handle.close(),
      };
    },
  };
}
