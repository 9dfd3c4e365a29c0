import type { Afterwards } from "../core/model.ts";
import { historicalOf } from "../core/telemetry.ts";
import type { Link, Publication } from "./link.ts";
import { isRefusal } from "./link-terms.ts";
import type { Outbox } from "./outbox.ts";

export interface TelemetryOptions {
  link(): Pick<Link, "publish">;
  /** What waits for the broker; undefined = only the newest reading counts, and that is sent after each connect anyway. */
  ring: Pick<Outbox, "add"> | undefined;
  /** How long a reading may wait, in ms. */
  ttl: number;
}

/** Brings readings to the broker: at once as a state, or, when that was not possible, later as history. */
export function createTelemetry({ link, ring, ttl }: TelemetryOptions): (reading: Publication, afterwards: Afterwards) => void {
  return (reading, { topic, ts }) => {
    const keep = () => {
      ring?.add({ kind: "history", topic, payload: historicalOf(reading.payload.toString(), ts), qos: 1, retain: false }, ttl);
    };
    const taken = link().publish(reading, (error) => {
      if (error !== undefined && !isRefusal(error)) keep();
    });
    if (!taken) keep();
  };
}
