import { serviceOf } from "../config/services.ts";
import { FollowedLog } from "./followed-log.ts";
import { isAmong } from "./own-files.ts";
import type { LogView, Methods } from "./protocol.ts";
import { fileReader, journalReader, type LogReader, warningReader } from "./service-log-readers.ts";
import type { Clock } from "./shell/clock.ts";
import { Refused } from "./shell/control.ts";
import type { Current } from "./shell/current.ts";
import { listedService } from "./unknown-id.ts";

export interface ServiceLogsOptions {
  current(): Current;
  clock: Pick<Clock, "now">;
  /** The program that reads the journal. */
  journalctl?: string;
  /** Files and folders of which nothing is shown, whatever a log file is linked to. */
  ownFiles?(): readonly string[];
  /** How long one reads on when nobody asks any more, ms. */
  idle?: number;
}

/** The logs of the units of the configuration, each read while somebody looks at it, a journal by a process of its own. */
export interface ServiceLogs {
  read(params: Methods["service-log"]["params"]): Promise<LogView>;
  stop(): void;
}

/** One that nobody has asked about for so long makes room for another. */
const makesRoom = 1000;
const maxLogs = 4;

export function createServiceLogs(options: ServiceLogsOptions): ServiceLogs {
  const { current, clock, ownFiles = () => [], idle = 5000 } = options;
  const open = new Map<string, FollowedLog>();
  const now = () => clock.now();
  let run = Date.now();
  let stopped = false;

  const close = (key: string) => {
    open.get(key)?.stop();
    open.delete(key);
  };

  const followed = (reader: LogReader): FollowedLog => {
    const { key } = reader;
    const there = open.get(key);
    if (there !== undefined) return there;
    if (open.size >= maxLogs) {
      const [oldest] = [...open].filter(([, log]) => log.idleFor() > makesRoom).sort(([, a], [, b]) => b.idleFor() - a.idleFor());
      if (oldest === undefined) throw new Refused("busy", `${maxLogs} logs are being read already; try again in some seconds`);
      close(oldest[0]);
    }
    const log = new FollowedLog(reader, { now, idle, newRun: () => ++run, ended: () => close(key) });
    open.set(key, log);
    return log;
  };

  return {
    async read({ unit, from, run: known = 0, after = 0 }) {
      if (from !== "journal" && from !== "file" && from !== "warnings")
        throw new Refused("malformed", '"from" must be journal, file or warnings');
      if (!Number.isSafeInteger(known) || !Number.isSafeInteger(after))
        throw new Refused("malformed", "run and after must be whole numbers");
      if (stopped) throw new Refused("failed", "the agent is stopping");
      if (from === "warnings") {
        const units = current().config.services.map(serviceOf);
        if (units.length === 0) throw new Refused("unsupported", "no unit is configured under services:");
        const log = followed(warningReader(units, now, options.journalctl));
        return { unit: "", from, ...(await log.read(known, after)) };
      }
      const { manager, log_file: file } = listedService(current().config.services, unit);
      if (from === "file" && file === null) throw new Refused("unsupported", `no log_file of ${unit} is configured`);
      const isUser = manager === "user";
      const log = followed(
        file !== null && from === "file"
          ? fileReader(file, now, (found) => isAmong(ownFiles(), found))
          : journalReader(unit, isUser, now, options.journalctl),
      );
      return { unit, from, ...(await log.read(known, after)) };
    },
    stop() {
      stopped = true;
      for (const key of [...open.keys()]) close(key);
    },
  };
}
