import type { Config } from "../../config/schema.ts";
import { controllerKeptId } from "../core/kept.ts";
import type { AgentEvent, Effect, Instant, TimerKey } from "../core/model.ts";
import { eventText, gapText, recordingFormat, recordingVersion, reloadText, snapshotText } from "../core/recording.ts";
import type { Clock } from "./clock.ts";
import type { Current } from "./current.ts";
import type { Carried, Dispatch, Witness } from "./dispatch.ts";
import type { Log } from "./log.ts";

/** Who takes the lines of a recording. */
export interface Reader {
  /** False while it does not keep up: what happens meanwhile is not recorded. */
  ready(): boolean;
  /** One line without its end, which is JSON. */
  line(text: string): void;
  /** The recording cannot go on. */
  failed(why: string): void;
}

export interface RecordingHandle {
  /** The reader may be ready again: goes on with how much is missing, and a new snapshot. */
  resume(): void;
  stop(): void;
}

export interface RecorderOptions {
  dispatch: Dispatch;
  timers: { readonly pending: Iterable<readonly [TimerKey, Instant]> };
  version: string;
  /** As a file, without secrets. */
  writeConfig(config: Config): string;
  clock: Clock;
  log: Log;
}

interface Recording {
  reader: Reader;
  /** Turns that the reader missed. */
  missed: number;
}

/**
 * Tells readers every turn of the loop. Nobody waits for a reader: one that does not keep up misses turns, is told how many, and goes on
 * from a new snapshot. While there is none, the loop does not know of recordings.
 */
export class Recorder implements Witness {
  readonly #options: RecorderOptions;
  readonly #recordings = new Set<Recording>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Begins with the state as it is now; call it between two turns. Throws when that cannot be written down. */
  start(reader: Reader): RecordingHandle {
    const { dispatch, version, clock } = this.#options;
    const snapshot = this.#snapshot();
    const recording: Recording = { reader, missed: 0 };
    const header = { format: recordingFormat, version: recordingVersion, pinbus: version, node: dispatch.current.config.node };
    reader.line(JSON.stringify({ ...header, started: new Date(clock.wall()).toISOString() }));
    reader.line(snapshot);
    this.#recordings.add(recording);
    dispatch.witnesses.add(this);
    return { resume: () => this.#resume(recording), stop: () => this.#stop(recording) };
  }

  turned({ plan }: Current, event: AgentEvent, effects: readonly Effect[]): void {
    this.#record(() => eventText(plan, event, effects));
  }

  replaced({ config, plan }: Current, { anew, firstSeq, kept, totals, at }: Carried, effects: readonly Effect[]): void {
    this.#record(() => {
      const reload = {
        at,
        config: this.#options.writeConfig(config),
        anew: [...anew],
        firstSeq: Object.fromEntries(firstSeq),
        kept: Object.fromEntries(plan.outputs.map(({ id }) => [id, kept.kept(id)])),
        enabled: Object.fromEntries(
          [...plan.rules.map(({ id }) => id), ...plan.controllers.map(({ id }) => controllerKeptId(id))].flatMap((id) => {
            const enabled = kept.enabled?.(id);
            return enabled === undefined ? [] : [[id, enabled]];
          }),
        ),
        totals: Object.fromEntries(plan.inputs.flatMap(({ id, counter }) => (counter ? [[id, totals.total(id)]] : []))),
      };
      return reloadText(plan, reload, effects);
    });
  }

  #record(write: () => string): void {
    let text: string | undefined;
    for (const recording of this.#recordings) {
      const { reader } = recording;
      if (recording.missed > 0 || !reader.ready()) recording.missed++;
      else
        this.#guarded(recording, () => {
          text ??= write();
          reader.line(text);
        });
    }
  }

  #resume(recording: Recording): void {
    const { missed, reader } = recording;
    if (missed === 0 || !this.#recordings.has(recording) || !reader.ready()) return;
    this.#guarded(recording, () => {
      const snapshot = this.#snapshot();
      reader.line(gapText(missed));
      reader.line(snapshot);
      recording.missed = 0;
    });
  }

  /** A recording that fails must not take the loop with it. */
  #guarded(recording: Recording, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#stop(recording);
      const why = (error as Error).message;
      this.#options.log.error(`a recording has ended: ${why}`);
      recording.reader.failed(why);
    }
  }

  #stop(recording: Recording): void {
    this.#recordings.delete(recording);
    if (this.#recordings.size === 0) this.#options.dispatch.witnesses.delete(this);
  }

  #snapshot(): string {
    const { dispatch, timers, clock, writeConfig } = this.#options;
    const { config, state } = dispatch.current;
    return snapshotText({ at: clock.now(), config: writeConfig(config), state, timers: [...timers.pending] });
  }
}
