import { StringDecoder } from "node:string_decoder";
import { type KeyEvent, keyOf } from "./key-names.ts";
import { type Cut, cutToken, type Token } from "./tokens.ts";

export interface InputListener {
  key(key: KeyEvent): void;
  /** Text that was not typed. It never runs commands. */
  paste(text: string): void;
  focus(focused: boolean): void;
  /** The terminal has processed everything up to a probe (`ESC [ 5 n`). */
  ack(): void;
}

export interface InputFilterOptions {
  /** How long ESC may be the start of something longer. */
  escTimeout?: number;
  /** Characters of one paste that are kept. */
  maxPaste?: number;
}

/** More printable characters in one read than this were not typed. */
const maxTyped = 8;
/** A reply may come in pieces over a slow link. */
const replyTimeout = 500;
const pasteStart = "200";
const pasteEnd = "\x1b[201~";

/**
 * Between the terminal's bytes and the keys: reads may split a sequence or a character anywhere, several keys may come in one,
 * and terminals answer questions on the same wire. What is not a key, a paste, a focus change or an acknowledgement is
 * dropped and counted.
 */
export class InputFilter {
  /** Sequences dropped since the start. */
  dropped = 0;
  readonly #listener: InputListener;
  readonly #escTimeout: number;
  readonly #maxPaste: number;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #paste: string | undefined;
  #pasteOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(listener: InputListener, { escTimeout = 30, maxPaste = 65_536 }: InputFilterOptions = {}) {
    this.#listener = listener;
    this.#escTimeout = escTimeout;
    this.#maxPaste = maxPaste;
  }

  /** One read. */
  push(bytes: Buffer): void {
    clearTimeout(this.#timer);
    this.#rest += this.#decoder.write(bytes);
    this.#consume();
    if (this.#rest !== "" && this.#paste === undefined) {
      const alone = this.#rest.length <= 2;
      this.#timer = setTimeout(() => this.#giveUp(), alone ? this.#escTimeout : Math.max(replyTimeout, this.#escTimeout));
    }
  }

  /** Forgets what is unfinished. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#rest = "";
    this.#paste = undefined;
  }

  #consume(): void {
    let tokens: Token[] = [];
    for (;;) {
      if (this.#paste !== undefined) {
        if (!this.#collectPaste()) break;
        continue;
      }
      const cut = cutToken(this.#rest);
      if (!cut) break;
      this.#rest = this.#rest.slice(cut.length);
      if (isPasteStart(cut)) {
        this.#deliver(tokens);
        tokens = [];
        this.#paste = "";
        this.#pasteOver = false;
      } else tokens.push(cut.token);
    }
    this.#deliver(tokens);
  }

  /** Returns true when the paste is complete. */
  #collectPaste(): boolean {
    const end = this.#rest.indexOf(pasteEnd);
    // The end mark itself may be split.
    const safe = end >= 0 ? end : Math.max(0, this.#rest.length - pasteEnd.length + 1);
    const room = this.#maxPaste - (this.#paste?.length ?? 0);
    if (safe > room) this.#pasteOver = true;
    this.#paste = (this.#paste ?? "") + this.#rest.slice(0, Math.min(safe, room));
    this.#rest = this.#rest.slice(end >= 0 ? end + pasteEnd.length : safe);
    if (end < 0) return false;
    const text = this.#paste;
    this.#paste = undefined;
    if (this.#pasteOver) this.dropped++;
    this.#listener.paste(text);
    return true;
  }

  #deliver(tokens: Token[]): void {
    if (!isUnmarkedPaste(tokens)) {
      for (const token of tokens) this.#deliverOne(token);
      return;
    }
    let text = "";
    for (const token of tokens) {
      const typed = typedText(token);
      if (typed !== undefined) text += typed;
      else this.#deliverOne(token);
    }
    this.#listener.paste(text.slice(0, this.#maxPaste));
  }

  #deliverOne(token: Token): void {
    const report = token.kind === "csi" ? token.params + token.final : "";
    const key = keyOf(token);
    if (report === "0n") this.#listener.ack();
    else if (report === "I" || report === "O") this.#listener.focus(report === "I");
    else if (key) this.#listener.key(key);
    else this.dropped++;
  }

  /** The rest did not come. */
  #giveUp(): void {
    const rest = this.#rest;
    this.#rest = "";
    if (rest === "\x1b") this.#listener.key({ name: "escape" });
    // Alt and a key that could have started a sequence.
    else if (rest.length === 2 && rest.startsWith("\x1b")) this.#listener.key({ name: `M-${rest.charAt(1)}` });
    else this.dropped++;
  }
}

function isPasteStart({ token }: Cut): boolean {
  return token.kind === "csi" && token.params === pasteStart && token.final === "~";
}

/** What a token is in pasted text; undefined when it can not be part of one. */
function typedText(token: Token): string | undefined {
  if (token.kind === "text") return token.text;
  if (token.kind !== "control") return undefined;
  return token.code === 13 || token.code === 10 ? "\n" : token.code === 9 ? "\t" : undefined;
}

function isUnmarkedPaste(tokens: Token[]): boolean {
  const texts = tokens.filter((token) => token.kind === "text").map((token) => token.text);
  // A key that is held down repeats, and a link that stalls delivers it in one read.
  return texts.length > maxTyped && texts.some((text) => text !== texts[0]);
}
