import { createReadStream } from "node:fs";
import { whyUnread } from "../config/file-words.ts";
import { loadConfig } from "../config/load.ts";
import { formatProblem } from "../config/problem.ts";
import type { Config } from "../config/schema.ts";
import { lineOf, type RecordingHeader, type RecordingLine, recordingFormat, recordingVersion } from "./core/recording.ts";
import { LineSplitter, maxAnswerBytes } from "./protocol.ts";

/** A recording that cannot be used; the message names the file and the line, and what to do. */
export class RecordingError extends Error {}

export interface RecordingEntry {
  /** From 1. */
  number: number;
  text: string;
  line: RecordingLine;
}

export interface OpenRecording {
  header: RecordingHeader;
  /** Read as they are asked for: a recording may be larger than the memory. */
  entries: AsyncIterable<RecordingEntry>;
  /** After the last entry: the file ends within a line, as after a crash. What stood there is left out. */
  readonly torn: boolean;
}

/** Opens a recording and reads its first line. Throws RecordingError, and so does the reading of the entries. */
export async function openRecording(file: string): Promise<OpenRecording> {
  const end = { torn: false };
  const lines = linesOf(file, end);
  const first = await lines.next();
  if (first.done)
    throw new RecordingError(end.torn ? `${file}:1: it is cut off within the first line` : `${file} is empty: it is no recording`);
  const header = headerOf(file, first.value);
  return {
    header,
    entries: entriesOf(file, lines),
    get torn() {
      return end.torn;
    },
  };
}

async function* entriesOf(file: string, lines: AsyncGenerator<string>): AsyncGenerator<RecordingEntry> {
  let number = 1;
  for await (const text of lines) {
    number++;
    yield { number, text, line: parsed(file, number, text) };
  }
}

function parsed(file: string, number: number, text: string): RecordingLine {
  try {
    return lineOf(JSON.parse(text));
  } catch (error) {
    throw faultyLine(file, number, error);
  }
}

/** For an error that a line has caused: what the core or the parser says, on one line. */
export function faultyLine(file: string, number: number, error: unknown): RecordingError {
  const what = error instanceof Error ? error.message.slice(0, 200) : "it cannot be read";
  return new RecordingError(`${file}:${number}: this is not what pinbus recorded: ${what}; record anew, or cut the file before this line`);
}

/** The configuration as it stands in a recording, checked like any other. Throws SyntaxError. */
export function readRecordedConfig(text: string): Config {
  const host = { hostname: "recorded", machineId: "" };
  const result = loadConfig({ text, file: "the recorded configuration", env: {}, args: {}, host, secrets: "leave" });
  if (result.ok) return result.config;
  const [first] = result.problems;
  throw new SyntaxError(first ? formatProblem(first) : "the recorded configuration cannot be read");
}

function headerOf(file: string, text: string): RecordingHeader {
  let header: Partial<Record<keyof RecordingHeader, unknown>> = {};
  try {
    header = Object(JSON.parse(text)) as typeof header;
  } catch {
    // Told below: whatever it is, it is no recording.
  }
  const { format, version, pinbus, node, started } = header;
  if (format !== recordingFormat) throw new RecordingError(`${file}:1: this is no recording of pinbus; \`pinbus record FILE\` makes one`);
  if (version !== recordingVersion) {
    const given = typeof version === "number" ? version : "unknown";
    throw new RecordingError(
      `${file}:1: the recording has format version ${given}, and this pinbus reads version ${recordingVersion}: use the pinbus that recorded it`,
    );
  }
  const text_ = (value: unknown) => (typeof value === "string" ? value.slice(0, 200) : "unknown");
  return { format, version, pinbus: text_(pinbus), node: text_(node), started: text_(started) };
}

/** The whole lines of a file, with bounded memory. */
async function* linesOf(file: string, end: { torn: boolean }): AsyncGenerator<string> {
  const splitter = new LineSplitter(maxAnswerBytes);
  let number = 0;
  let last = 10;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      for (const line of splitter.push(chunk)) {
        number++;
        yield line;
      }
      last = chunk.at(-1) ?? last;
    }
  } catch (error) {
    if (error instanceof RangeError)
      throw new RecordingError(`${file}:${number + 1}: the line has more than ${maxAnswerBytes} bytes: this is no recording of pinbus`);
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new RecordingError(`${file} could not be read: ${whyUnread(error)}; \`pinbus record\` writes one`);
  }
  end.torn = last !== 10;
}
