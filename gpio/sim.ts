import type {
  ChipInfo,
  Driver,
  EdgeEvent,
  InputHandle,
  InputListener,
  InputRequest,
  LineInfo,
  LineListener,
  OutputHandle,
  OutputRequest,
} from "./driver.ts";
import { closedError, goneError } from "./errors.ts";
import type { ActiveLevel, Edge, LineAddress } from "./line.ts";
import { type Claim, SimBoard, type WireLevel } from "./sim-board.ts";

/** As in the kernel: so many edges wait for a program that does not read, then the oldest are dropped. */
const eventBuffer = 1024;

/** The driver of the simulated board. Several drivers on one board are several programs on one Pi. */
export function openSim(board: SimBoard = new SimBoard()): Driver & { readonly board: SimBoard } {
  return new Sim(board);
}

class Sim implements Driver {
  readonly name = "sim";
  readonly capabilities = { bias: true, kernelTime: true, seqno: true, holder: true, debounce: true };
  readonly board: SimBoard;
  readonly #open = new Set<Line>();

  constructor(board: SimBoard) {
    this.board = board;
  }

  chips(): ChipInfo[] {
    return this.board.chips();
  }

  lines(chip: string): LineInfo[] {
    return this.board.lines(chip);
  }

  openInput(request: InputRequest, listener: InputListener): InputHandle {
    const input = { listener, edges: request.edges, debounceMs: request.debounceMs ?? 0 };
    const line = new Line(this.board, request, request.consumer, listener, input, (closed) => this.#open.delete(closed));
    this.board.claim(request, line, { bias: request.bias });
    line.settle();
    this.#open.add(line);
    return line;
  }

  openOutput(request: OutputRequest, listener: LineListener): OutputHandle {
    const line = new Line(this.board, request, request.consumer, listener, undefined, (closed) => this.#open.delete(closed));
    this.board.claim(request, line, { level: toWire(request.initial, request.active) });
    this.#open.add(line);
    return line;
  }

  peek(address: LineAddress, active: ActiveLevel): boolean {
    const claim: Claim = { consumer: "pinbus:peek", output: false, changed() {}, gone() {} };
    this.board.claim(address, claim);
    const level = this.board.level(address.chip, address.offset);
    this.board.release(address, claim);
    return level === active;
  }

  close(): void {
    for (const line of this.#open) line.close();
  }
}

interface Watched {
  listener: InputListener;
  edges: Edge | undefined;
  debounceMs: number;
}

class Line implements Claim, InputHandle, OutputHandle {
  readonly consumer: string;
  readonly output: boolean;
  readonly #board: SimBoard;
  readonly #address: LineAddress;
  readonly #active: ActiveLevel;
  readonly #listener: LineListener;
  readonly #input: Watched | undefined;
  readonly #closed: (line: Line) => void;
  readonly #waiting: EdgeEvent[] = [];
  #state: "open" | "gone" | "closed" = "open";
  #scheduled = false;
  #seqno = 0;
  #expected = 1;
  /** With a debounce: the level that last held, and the wait for the next one. */
  #settledHigh = false;
  #settling: NodeJS.Timeout | undefined;

  constructor(
    board: SimBoard,
    address: LineAddress & { active: ActiveLevel },
    consumer: string,
    listener: LineListener,
    input: Watched | undefined,
    closed: (line: Line) => void,
  ) {
    this.#board = board;
    this.#address = { chip: address.chip, offset: address.offset };
    this.#active = address.active;
    this.consumer = consumer.slice(0, 31);
    this.output = input === undefined;
    this.#listener = listener;
    this.#input = input;
    this.#closed = closed;
  }

  /** The level to start from: nobody is told about it. */
  settle(): void {
    this.#settledHigh = this.#level() === "high";
  }

  changed(high: boolean, atNs: number): void {
    const debounce = this.#input?.debounceMs ?? 0;
    if (debounce === 0) {
      this.#happened(high, atNs);
      return;
    }
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      if (this.#state !== "open" || high === this.#settledHigh) return;
      this.#settledHigh = high;
      this.#happened(high, atNs + debounce * 1e6);
    }, debounce);
  }

  #happened(high: boolean, atNs: number): void {
    const edge = high === (this.#active === "high") ? "rising" : "falling";
    if (edge !== (this.#input?.edges ?? edge)) return;
    this.#seqno++;
    if (this.#waiting.length === eventBuffer) this.#waiting.shift();
    this.#waiting.push({ edge, atNs, seqno: this.#seqno });
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#deliver());
  }

  gone(): void {
    if (this.#state !== "open") return;
    this.#state = "gone";
    this.#waiting.length = 0;
    setImmediate(() => {
      if (this.#state === "gone") this.#listener.gone();
    });
  }

  read(): boolean {
    this.#check();
    if ((this.#input?.debounceMs ?? 0) > 0) return (this.#settledHigh ? "high" : "low") === this.#active;
    return this.#level() === this.#active;
  }

  write(active: boolean): void {
    this.#check();
    this.#board.drive(this.#address, toWire(active, this.#active));
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#settling);
    this.#waiting.length = 0;
    this.#board.release(this.#address, this);
    this.#closed(this);
  }

  #deliver(): void {
    const events = this.#waiting.splice(0);
    this.#scheduled = false;
    for (const event of events) {
      // A listener may close the line in between, or take the chip away.
      if (this.#state !== "open") return;
      const lost = event.seqno - this.#expected;
      this.#expected = event.seqno + 1;
      if (lost > 0) this.#input?.listener.lost(lost);
      if (this.#state === "open") this.#input?.listener.edge(event);
    }
  }

  #level(): WireLevel {
    return this.#board.level(this.#address.chip, this.#address.offset);
  }

  #check(): void {
    if (this.#state === "gone") throw goneError(this.#address);
    if (this.#state === "closed") throw closedError(this.#address);
  }
}

function toWire(level: boolean, active: ActiveLevel): WireLevel {
  return level === (active === "high") ? "high" : "low";
}
