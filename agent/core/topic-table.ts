import type { ParsedTopic } from "./topics.ts";

export interface TopicDescription {
  kind: ParsedTopic["kind"];
  /** With `P` for the base and `<id>` for one level. */
  topic: string;
  direction: "published" | "subscribed";
  payload: string;
  qos: 0 | 1;
  /** "never" for a topic on which a retained message is refused. */
  retain: "yes" | "no" | "never";
  meaning: string;
}

/** The page `docs/topics.md` is generated from this table. */
export const topicTable: readonly TopicDescription[] = [
  {
    kind: "status",
    topic: "P/status",
    direction: "published",
    payload: "`online` / `offline`",
    qos: 1,
    retain: "yes",
    meaning: "`online` after the broker has accepted the subscriptions and all states; `offline` on a clean stop and as the will",
  },
  {
    kind: "info",
    topic: "P/info",
    direction: "published",
    payload: "JSON",
    qos: 1,
    retain: "yes",
    meaning: "version, time of the start, board, inputs, outputs and sensors of this node",
  },
  {
    kind: "health",
    topic: "P/health",
    direction: "published",
    payload: "JSON",
    qos: 1,
    retain: "yes",
    meaning: "`ok`, `degraded` or `failing`, with a sentence for each thing that is not well",
  },
  {
    kind: "input-state",
    topic: "P/in/<id>/state",
    direction: "published",
    payload: "`ON` / `OFF`",
    qos: 1,
    retain: "yes",
    meaning: "settled level of an input: `ON` = active",
  },
  {
    kind: "input-event",
    topic: "P/in/<id>/event",
    direction: "published",
    payload:
      "JSON: `event_type`, `duration_ms`, `ts`, `seq`; `multi_press_count` for several clicks; `position` instead of `duration_ms` for an encoder",
    qos: 1,
    retain: "no",
    meaning:
      "a gesture: `press_end` (exactly one click), `long_press_start`, `long_press_end`; `multi_press_ongoing` (at each further click) and `multi_press_end` where a rule or `events` asks for several clicks; `press_start` where `events` lists it; `ring` of a doorbell; `rotate_right` and `rotate_left` of an encoder, one for each detent. `ts` is when it happened, `duration_ms` is counted from the press (of several clicks: the first)",
  },
  {
    kind: "counter-state",
    topic: "P/counter/<id>/state",
    direction: "published",
    payload: "JSON: `total`, `unit`, `rate`, `rate_unit`, `pulses`, `lost`; of an encoder `position`, `lost`; `uncertain` after a loss",
    qos: 1,
    retain: "yes",
    meaning:
      "what a counter has counted, as it is on disk: it never goes back by itself, except for what a power cut takes of the last 5 s. `lost`: edges that could not be counted. `rate` is null while the line cannot be used",
  },
  {
    kind: "counter-set",
    topic: "P/counter/<id>/set",
    direction: "subscribed",
    payload: "a number, or JSON: `set` (a number) or `reset` (true), `ts`, `id`, `cause`",
    qos: 1,
    retain: "never",
    meaning: "sets the total of a counter, or the position of an encoder; retained, stale and malformed ones are refused and answered",
  },
  {
    kind: "counter-result",
    topic: "P/counter/<id>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, and `total`, `pulses` or `reason`, `message`",
    qos: 1,
    retain: "no",
    meaning: "answer to it, when the new total is on disk, unless it named an MQTT 5 response topic",
  },
  {
    kind: "output-state",
    topic: "P/out/<id>/state",
    direction: "published",
    payload: "`ON` / `OFF`",
    qos: 1,
    retain: "yes",
    meaning: "state of an output as it was written, never as it was requested",
  },
  {
    kind: "output-attr",
    topic: "P/out/<id>/attr",
    direction: "published",
    payload: "JSON: `cause`, `detail`, `kind`, `source`, `id`, `chain`, `text`, `since`, `until`, `problem`, `locked`, `interlock`",
    qos: 0,
    retain: "yes",
    meaning: "why the output has this state, since when, and when it ends",
  },
  {
    kind: "output-set",
    topic: "P/out/<id>/set",
    direction: "subscribed",
    payload: "`ON` `OFF` `TOGGLE` `PULSE`, or JSON: `state`, `for_ms`, `ts`, `id`, `cause`",
    qos: 1,
    retain: "never",
    meaning: "a command; retained, stale and malformed ones, and those that the output's contract forbids, are refused and answered",
  },
  {
    kind: "output-result",
    topic: "P/out/<id>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, and `state`, `changed` or `reason`, `message`, `allowed_at`",
    qos: 1,
    retain: "no",
    meaning: "answer to a command, unless it named an MQTT 5 response topic",
  },
  {
    kind: "rule-state",
    topic: "P/rule/<id>/state",
    direction: "published",
    payload: "`ON` / `OFF`",
    qos: 1,
    retain: "yes",
    meaning: "whether a rule is enabled",
  },
  {
    kind: "rule-set",
    topic: "P/rule/<id>/set",
    direction: "subscribed",
    payload: "`ON` `OFF` `TRIGGER`, or JSON: `state`, `ts`, `id`, `cause`",
    qos: 1,
    retain: "never",
    meaning: "enables, disables or starts a rule; retained, stale and malformed commands are refused and answered",
  },
  {
    kind: "rule-event",
    topic: "P/rule/<id>/event",
    direction: "published",
    payload: "JSON: `event_type`, `cause`, `chain`, `ts`, `seq`",
    qos: 1,
    retain: "no",
    meaning: "a rule has fired: `cause` is what started it, `chain` what led to that",
  },
  {
    kind: "rule-result",
    topic: "P/rule/<id>/result",
    direction: "published",
    payload: "JSON: `id`, `ok`, and `state` or `reason`, `message`",
    qos: 1,
    retain: "no",
    meaning: "answer to it, unless it named an MQTT 5 response topic",
  },
  {
    kind: "sensor-state",
    topic: "P/sensor/<id>/state",
    direction: "published",
    payload: 'JSON: the value by its name, `unit`, `ts`, `quality`: `{"temperature":21.4,"unit":"°C","ts":…,"quality":"ok"}`',
    qos: 0,
    retain: "yes",
    meaning:
      "a reading, at the moment in which it was read (`ts`), and after a connect the last one if it still holds; a failed read publishes none, so look at `availability` too",
  },
  {
    kind: "sensor-availability",
    topic: "P/sensor/<id>/availability",
    direction: "published",
    payload: "`online` / `offline`",
    qos: 1,
    retain: "yes",
    meaning: "`online` while the last read succeeded and is not older than `stale_after`",
  },
  {
    kind: "sensor-quality",
    topic: "P/sensor/<id>/quality",
    direction: "published",
    payload: "`ok`, `stale: REASON`, `failed: REASON`; `unknown` until the first read is done",
    qos: 1,
    retain: "yes",
    meaning: "why a sensor is offline",
  },
  {
    kind: "node-command",
    topic: "P/cmd/<name>",
    direction: "subscribed",
    payload: "empty, or JSON: `ts`, `id`; of `identify` also `output`, `for_ms`, of `log-level` also `level`, `for_ms`",
    qos: 1,
    retain: "never",
    meaning:
      "`reload` applies the changed configuration, `resync` sends every retained state again, `identify` blinks an output, `log-level` changes the log for a time, `diag` asks for a report; what `commands` does not name is refused, and so are retained, stale and malformed ones",
  },
  {
    kind: "node-result",
    topic: "P/cmd/<name>/result",
    direction: "published",
    payload:
      "JSON: `id`, `ok`, `reason`, `message`; of `reload` also `problems`, `restart`, `changes`, of `identify` `output`, `for_ms`, of `log-level` `level`, `until`, of `diag` `report`",
    qos: 1,
    retain: "no",
    meaning: "answer to it, unless it named an MQTT 5 response topic",
  },
  {
    kind: "log",
    topic: "P/log/<level>",
    direction: "published",
    payload: "JSON: `ts`, `level`, `message`, and the fields of the entry",
    qos: 0,
    retain: "no",
    meaning: "an entry of the log at `log.mqtt` or above: `error`, `warn` or `info`; rate limited",
  },
  {
    kind: "sys",
    topic: "P/$SYS/<name>",
    direction: "published",
    payload: "one value",
    qos: 0,
    retain: "yes",
    meaning: "statistics of this agent, named like a broker's",
  },
  {
    kind: "service",
    topic: "P/service/<unit>/state",
    direction: "published",
    payload: "systemd's active state",
    qos: 1,
    retain: "yes",
    meaning: "state of an allow-listed systemd unit",
  },
];
