import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keyTable, type Scope } from "../../tui/keys.ts";
import { eventually, pause } from "../machine/cases.ts";

export interface TourOptions {
  /** Its folder `local` is in front of the PATH, and recordings come below it. */
  dir: string;
  /** `node …/main.cjs tui`. */
  program: string;
  bash: string;
  /** What follows `--host` for the node `garden`, and for the node `shed`. */
  host: string;
  other: string;
  /** The unit that the dialog of a unit may act on; the first one when it is not said. */
  unit?: string;
  /** Takes what is seen. */
  keep(text: string): void;
}

/** The terminal takes an ESC for a key of its own when nothing has followed it for 30 ms. */
const escapeAlone = 60;

/** How tmux calls a key of the table. */
const tmuxNames: Record<string, string> = {
  enter: "Enter",
  escape: "Escape",
  tab: "Tab",
  "S-tab": "BTab",
  space: "Space",
  up: "Up",
  down: "Down",
  left: "Left",
  right: "Right",
  home: "Home",
  end: "End",
  pageup: "PPage",
  pagedown: "NPage",
};

const tabKeys = { all: "1", topics: "1", pins: "2", broker: "3", host: "4", services: "5", trace: "6", fleet: "7" } as const;
const isTab = (scope: Scope): scope is keyof typeof tabKeys => scope in tabKeys;
const patience = 30_000;
/** So much of a recording is enough for all of its keys. */
const minutes = 15;
const noon = Date.UTC(2026, 10, 20, 10, 46, 2);

/** A person at the keys: presses every one of the table in a terminal of tmux that looks at another machine, and then at a recording of it. */
export class Tour {
  readonly #options: TourOptions;
  /** A server of its own, so that a person's own sessions are neither seen nor touched. */
  readonly #socket = `pinbus-tour-${process.pid}`;
  readonly #pressed = new Set<string>();
  /** What the header says as long as all is well. */
  #well = /garden .*LIVE/;

  constructor(options: TourOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { dir, bash } = this.#options;
    const path = `${join(dir, "local")}:${process.env.PATH}`;
    const env = [
      "env",
      `PATH=${path}`,
      `XDG_STATE_HOME=${dir}`,
      `XDG_CONFIG_HOME=${dir}`,
      "PS1=ready> ",
      "LANG=C.UTF-8",
      "TERM=tmux-256color",
    ];
    this.#tmux("new-session", "-d", "-s", "ui", "-x", "80", "-y", "24", ...env, bash, "--norc", "--noprofile", "-i");
    await this.#shows(/ready>/);
  }

  stop(): void {
    this.#tmux("kill-server");
  }

  /** All keys of all scopes; fails with the screen when one does not do what it should, or when one is left. */
  async run(): Promise<void> {
    await this.#open();
    this.#tmux("send-keys", "-t", "ui", "o");
    const scopes = [...new Set(keyTable.map(({ scope }) => scope))];
    for (const scope of scopes.filter((each) => each !== "replay")) await this.#scope(scope);
    await this.#reset();
    await this.#pressUntil("q", /ended with 0/);
    await this.#replay();
    const all = keyTable.flatMap(({ scope, keys }) => keys.map((key) => `${scope} ${key}`));
    assert.deepEqual([...this.#pressed].sort(), all.sort());
  }

  async #scope(scope: Scope): Promise<void> {
    const { keep } = this.#options;
    await this.#enter(scope);
    keep(`\n=== ${scope}\n\n${this.screen()}\n`);
    for (const entry of keyTable.filter((each) => each.scope === scope)) {
      for (const key of entry.keys) {
        await this.#enter(scope);
        const before = new Set(this.screen().split("\n"));
        this.#press(key);
        await (this.#special[`${scope} ${entry.command}`] ?? this.#special[entry.command] ?? (() => this.#settled()))();
        await this.#shows(this.#well);
        const shown = await this.#settled();
        this.#pressed.add(`${scope} ${key}`);
        const changed = shown.split("\n").filter((line) => !before.has(line));
        keep(`${key.padEnd(10)}${entry.does}\n${changed.slice(0, 2).map(quoted).join("")}`);
      }
    }
  }

  /** The keys of a recording: that of `x` in Topics, its messages put a minute apart, so that it does not end while keys are pressed. */
  async #replay(): Promise<void> {
    this.#well = /REPLAY \d\d:\d\d/;
    const slow = this.#recorded().map((line, minute) =>
      JSON.stringify({ ...JSON.parse(line), at: new Date(noon + minute * 60_000).toISOString() }),
    );
    const file = join(this.#options.dir, "slow.jsonl");
    writeFileSync(file, `${slow.join("\n")}\n`);
    await this.#open(`--replay ${file}`, this.#well);
    await this.#scope("replay");
    await this.#pressUntil("q", /ended with 0/);
  }

  /** The lines of the recording of messages. */
  #recorded(): string[] {
    const folder = join(this.#options.dir, "pinbus");
    const [file] = readdirSync(folder).filter((name) => name.startsWith("messages-"));
    return file === undefined ? [] : readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
  }

  screen(): string {
    return this.#tmux("capture-pane", "-p", "-t", "ui");
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-L", this.#socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
  }

  async #shows(text: RegExp): Promise<void> {
    try {
      await eventually(String(text), () => text.test(this.screen()), patience);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.screen()}`);
    }
  }

  #press(...keys: string[]): void {
    for (const key of keys) {
      const name = tmuxNames[key] ?? (key.startsWith("C-") || key.startsWith("M-") ? key.replace("enter", "Enter") : undefined);
      this.#tmux("send-keys", "-t", "ui", ...(name === undefined ? ["-l", key] : [name]));
    }
  }

  /** Behind an Escape: over a slow connection both may come at once, which is Alt with that key, and a person presses it again. */
  async #pressUntil(key: string, text: RegExp): Promise<void> {
    this.#press(key);
    const soon = eventually(String(text), () => text.test(this.screen()), patience / 3);
    await soon.catch(() => this.#press(key));
    await this.#shows(text);
  }

  /** When what is shown stands still, ages, clocks and waves aside; what never does is left after a while. */
  async #settled(): Promise<string> {
    let before = "";
    const still = () => {
      const last = before;
      before = this.screen().replaceAll(/\d+/g, "0");
      return before === last;
    };
    await eventually("a screen that stands still", still, 5_000).catch(() => undefined);
    return this.screen();
  }

  async #open(how = `--host ${this.#options.host}`, well = /\[1 Topics\].*LIVE/): Promise<void> {
    this.#press("C-u");
    this.#tmux("send-keys", "-t", "ui", `clear; ${this.#options.program} ${how}; echo "ended with $?"`, "Enter");
    await this.#shows(well);
  }

  async #leave(): Promise<void> {
    await this.#shows(/ended with 0/);
    await this.#open();
  }

  async #go(tab: keyof typeof tabKeys, ...keys: string[]): Promise<void> {
    await this.#pressUntil(tabKeys[tab], new RegExp(`\\[${tabKeys[tab]} `));
    for (const key of keys) {
      this.#press(key);
      await this.#settled();
    }
  }

  /** Out of dialogs, filters and zoomed panes. */
  async #reset(): Promise<void> {
    for (let times = 0; times < 3; times++) {
      this.#press("escape");
      // With the next key at once behind it, it would be Alt with that key: nobody's hands are so fast.
      await pause(escapeAlone);
      await this.#settled();
    }
  }

  async #enter(scope: Scope): Promise<void> {
    await this.#reset();
    const way = this.#ways[scope];
    if (way !== undefined) return way();
    if (scope === "replay") return;
    assert(isTab(scope), `the tour knows no way to where the keys of ${scope} mean something`);
    await this.#go(scope);
  }

  /** How a person comes to where the keys of a scope mean something, from a tab without a dialog. */
  readonly #ways: Partial<Record<Scope, () => Promise<void>>> = {
    filter: () => this.#go("topics", "/"),
    menu: () => this.#go("topics", "?"),
    publish: () => this.#go("topics", "p"),
    presets: async () => {
      await this.#go("topics", "p", "C-o");
      await this.#shows(/Presets and history/);
    },
    preset: async () => {
      await this.#go("topics", "p", "C-u", ..."a/b");
      this.#press("C-t");
      await this.#shows(/Name of the preset/);
    },
    clear: async () => {
      await this.#go("topics", "/", ..."pinbus", "enter", "g", "D");
      await this.#shows(/hold a retained message/);
    },
    services: async () => {
      await this.#go("services");
      await this.#shows(/^[> !] \S+\.service/m);
    },
    service: async () => {
      const { unit } = this.#options;
      await this.#go("services", ...(unit === undefined ? [] : ["/", ...unit, "enter"]), "enter");
      await this.#shows(/Restart/);
    },
    switch: async () => {
      await this.#go("pins", "/", ..."lamp", "enter");
      if ((await this.#settled()).includes("DISARMED")) this.#press("!");
      await this.#shows(/ ARMED/);
      this.#press("enter");
      await this.#shows(/Switch output/);
    },
    inject: async () => {
      await this.#go("pins", "/", ..."porch", "enter");
      this.#press("i");
      await this.#shows(/Inject/);
    },
    "inject-message": async () => {
      await this.#ways.inject?.();
      this.#press("m");
      await this.#shows(/Inject a message/);
    },
    attach: async () => {
      await this.#go("fleet", "/", ..."shed", "enter", "enter");
      await this.#shows(/Enter Attach/);
      this.#press("C-u", ...this.#options.other);
      await this.#settled();
    },
  };

  /** What a key does to the program itself, by its command, or by scope and command. */
  readonly #special: Readonly<Record<string, (() => Promise<void>) | undefined>> = {
    quit: () => this.#leave(),
    "quit-now": () => this.#leave(),
    freeze: async () => {
      await this.#shows(/FROZEN/);
      this.#press("z");
    },
    record: async () => {
      await this.#shows(/REC/);
      this.#press("x");
      await this.#shows(/^ recorded to/m);
    },
    suspend: async () => {
      await this.#shows(/Stopped/);
      this.#press("C-u");
      this.#tmux("send-keys", "-t", "ui", 'fg; echo "ended with $?"', "Enter");
      await this.#shows(/\[1 Topics\].*LIVE/);
    },
    "trace follow": async () => {
      // Those of packets that came while somebody looks: statistics, every few seconds.
      await this.#shows(/\d bytes on the wire/);
      await this.#settled();
      this.#options.keep(`\n--- the bytes of a packet\n\n${this.screen()}\n`);
    },
    "topics record": async () => {
      await this.#shows(/REC/);
      // Broker and agents tell of themselves every few seconds; it becomes the recording that is played.
      await eventually("a recording with messages", () => this.#recorded().length > minutes, patience);
      this.#press("x");
      await this.#shows(/^ recorded to/m);
    },
    "attach accept": async () => {
      await this.#shows(/shed .*LIVE/);
      this.#press("2");
      await this.#shows(/\[2 Pins\].*shed .*LIVE/);
      await this.#settled();
      this.#options.keep(`\n--- the other node\n\n${this.screen()}\n`);
      this.#press("q");
    },
    "replay replay-pause": async () => {
      await this.#shows(/PAUSED/);
      this.#press("space");
    },
  };
}

function quoted(line: string): string {
  return `          | ${line}\n`;
}
