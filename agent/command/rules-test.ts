import { complete } from "../../config/complete.ts";
import { type Config, schema } from "../../config/schema.ts";
import { writeConfig } from "../../config/write.ts";
import { isoTime } from "../core/iso-time.ts";
import type { Effect, Instant } from "../core/model.ts";
import { planOf } from "../core/plan.ts";
import { snapshotOf } from "../core/recording.ts";
import { Replay, type Replayed } from "../core/replay.ts";
import type { State } from "../core/state.ts";
import { exit } from "../exit.ts";
import {
  faultyLine,
  type OpenRecording,
  openRecording,
  type RecordingEntry,
  RecordingError,
  readRecordedConfig,
} from "../recording-file.ts";
import { CommandError, complain, loadOrFail, print } from "./command.ts";
import { OtherConfig } from "./rules-other.ts";

/** `pinbus rules test FILE`: what the core makes of a recording, with its own configuration or with another one. See docs/recording.md. */
export async function testRules(file: string, values: { config?: string | undefined }): Promise<number> {
  const given = values.config === undefined ? undefined : { name: values.config, config: loadOrFail(values, "leave") };
  try {
    const recording = await openRecording(file);
    return await test(file, recording, given);
  } catch (error) {
    if (error instanceof RecordingError) throw new CommandError(exit.refused, error.message);
    throw error;
  }
}

async function test(file: string, recording: OpenRecording, given: { name: string; config: Config } | undefined): Promise<number> {
  const entries = recording.entries[Symbol.asyncIterator]();
  const first = await entries.next();
  if (first.done) throw new RecordingError(`${file} has no event: it ends after its first line`);
  const other = given && !decidesAs(file, first.value, given.config) ? new OtherConfig(given.name, given.config, say) : undefined;
  const own = new Same(file, recording.header.pinbus);
  let ended = false;
  for (let entry: IteratorResult<RecordingEntry> = first; !entry.done; entry = await entries.next()) {
    const { number, line } = entry.value;
    if (line.kind === "gap") complain(`${file}:${number}: ${line.dropped} events are missing here; it goes on from the state after them`);
    if (line.kind === "end") ended = true;
    try {
      if (other) other.feed(line);
      else if (!own.feed(entry.value)) return exit.refused;
    } catch (error) {
      if (error instanceof RecordingError) throw error;
      throw faultyLine(file, number, error);
    }
  }
  if (recording.torn) complain(`${file} is cut off within its last line: the rest is as recorded`);
  else if (!ended) complain(`${file} has no end: whoever recorded was killed, or records still`);
  for (const line of other?.summary() ?? own.summary()) print(line);
  return exit.ok;
}

/** The recorded configuration, as far as the core decides by it. */
function decidesAs(file: string, { number, line }: RecordingEntry, config: Config): boolean {
  if (line.kind !== "snapshot") throw faultyLine(file, number, new SyntaxError("a recording begins with a snapshot"));
  try {
    const recorded = readRecordedConfig(snapshotOf(line.snapshot).config);
    return decisive(recorded) === decisive(config);
  } catch (error) {
    throw faultyLine(file, number, error);
  }
}

/** Where the broker is and how much is logged changes no decision. */
function decisive(config: Config): string {
  const { gpio, state_dir, control, broker, services, log, ...own } = config;
  const usual = complete(schema, {}) as Config;
  return writeConfig({
    ...own,
    mqtt: { ...usual.mqtt, command_ttl: config.mqtt.command_ttl },
    gpio: { driver: "auto", board: "pi4" },
    state_dir: "/",
    control: { socket: "/s", view: "/v" },
    broker: usual.broker,
    services: [],
    commands: [],
    log: { level: "info", format: "auto", mqtt: "off" },
  });
}

/** Holds the core to the recorded effects. */
class Same {
  readonly #file: string;
  readonly #pinbus: string;
  readonly #replay = new Replay((config) => planOf(readRecordedConfig(config)));
  #events = 0;
  #effects = 0;

  constructor(file: string, pinbus: string) {
    this.#file = file;
    this.#pinbus = pinbus;
  }

  /** False at the first difference, which it prints. */
  feed({ number, line }: RecordingEntry): boolean {
    const turn = this.#replay.feed(line);
    if (!turn) return true;
    this.#events++;
    this.#effects += turn.effects.length;
    for (const effect of turn.effects) say(effect, turn.at, turn.state, turn.plan.topics.base);
    if (turn.now === turn.recorded) return true;
    complain(`${this.#file}:${number}: not the same as recorded (by pinbus ${this.#pinbus})`);
    for (const difference of differenceOf(turn)) complain(difference);
    return false;
  }

  summary(): string[] {
    return [`same as recorded: ${this.#events} events, ${this.#effects} effects`];
  }
}

function differenceOf({ event, effects, now, recorded }: Replayed): string[] {
  const [mine, theirs] = [JSON.parse(now) as unknown[], JSON.parse(recorded) as unknown[]];
  const text = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 2000));
  const at = mine.findIndex((effect, index) => text(effect) !== text(theirs[index]));
  const index = at < 0 ? effects.length : at;
  return [`  after     ${event?.type ?? "reload"}`, `  recorded  ${text(theirs[index])}`, `  now       ${text(mine[index])}`];
}

/** What a person wants to know of an effect: the log, and what goes to somebody else's topic. */
function say(effect: Effect, at: Instant, state: State, base: string): void {
  if (effect.type === "log" && effect.level !== "debug") print(`${isoTime(state, at)}  ${effect.message}`);
  if (effect.type === "publish" && !effect.topic.startsWith(`${base}/`))
    print(`${isoTime(state, at)}  publish ${effect.topic} ${effect.payload.slice(0, 200)}`);
}
