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
import type { ActiveLevel, LineAddress } from "./line.ts";
import { type Claim, SimBoard, type WireLevel } from "./sim-board.ts";

/** As in the kernel: so many edges wait for a program that does not read, then the oldest are dropped. */
const eventBuffer = 1024;
/** Edges handed over in one turn of the event loop. */
const batch = 64;

/** The driver of the simulated board. Several drivers on one board are several programs on one Pi. */
export function openSim(board: SimBoard = new SimBoard()): Driver & { readonly board: SimBoard } {
  return new Sim(board);
}

class Sim implements Driver {
  readonly name = "sim";
  readonly capabilities = { bias: true, kernelTime: true, seqno: true, holder: true };
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
    const line = new Line(this.board, request, request.consumer, listener, listener, (closed) => this.#open.delete(closed));
    this.board.claim(request, line, { bias: request.bias });
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

class Line implements Claim, InputHandle, OutputHandle {
  readonly consumer: string;
  readonly output: boolean;
  readonly #board: SimBoard;
  readonly #address: LineAddress;
  readonly #active: ActiveLevel;
  readonly #listener: LineListener;
  readonly #input: InputListener | undefined;
  readonly #closed: (line: Line) => void;
  readonly #waiting: EdgeEvent[] = [];
  #state: "open" | "gone" | "closed" = "open";
  #scheduled = false;
  #seqno = 0;
  #expected = 1;

  constructor(
    board: SimBoard,
    address: LineAddress & { active: ActiveLevel },
    consumer: string,
    listener: LineListener,
    input: InputListener | undefined,
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

  changed(high: boolean, atNs: number): void {
    this.#seqno++;
    if (this.#waiting.length === eventBuffer) this.#waiting.shift();
    this.#waiting.push({ edge: high === (this.#active === "high") ? "rising" : "falling", atNs, seqno: this.#seqno });
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
    return this.#board.level(this.#address.chip, this.#address.offset) === this.#active;
  }

  write(active: boolean): void {
    this.#check();
    this.#board.drive(this.#address, toWire(active, this.#active));
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#waiting.length = 0;
    this.#board.release(this.#address, this);
    this.#closed(this);
  }

  #deliver(): void {
    const events = this.#waiting.splice(0, batch);
    this.#scheduled = this.#waiting.length > 0;
    if (this.#scheduled) setImmediate(() => this.#deliver());
    for (const event of events) {
      // A listener may close the line in between, or take the chip away.
      if (this.#state !== "open") return;
      const lost = event.seqno - this.#expected;
      this.#expected = event.seqno + 1;
      if (lost > 0) this.#input?.lost(lost);
      if (this.#state === "open") this.#input?.edge(event);
    }
  }

  #check(): void {
    if (this.#state === "gone") throw goneError(this.#address);
    if (this.#state === "closed") throw closedError(this.#address);
  }
}

function toWire(level: boolean, active: ActiveLevel): WireLevel {
  return level === (active === "high") ? "high" : "low";
}
