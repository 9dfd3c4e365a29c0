import { formatProblem } from "../../config/problem.ts";
import { decodeText, maxConfigBytes, pipePatience, readBounded } from "../../config/text.ts";
import { exit } from "../exit.ts";
import { CommandError } from "./command.ts";

/** The text of a configuration, of pinbus or of another program. Throws CommandError when the file cannot be read or is no text. */
export function readConfigText(file: string): string {
  const reading = readBounded(file, maxConfigBytes, pipePatience);
  const decoded = reading.ok ? decodeText(reading.bytes) : { ...reading, line: 0, column: 0 };
  if (decoded.ok) return decoded.text;
  throw new CommandError(exit.config, formatProblem({ ...decoded, file, severity: "error" }));
}
