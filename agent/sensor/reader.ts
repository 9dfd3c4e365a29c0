import { open, readdir } from "node:fs/promises";
import { killPrograms, runProgram } from "./runner.ts";

// The process in which sensors' files are read and their programs run: see `file-process.ts`. It takes one question a message, and answers each when it can.

export type Question = { number: number } & (
  | { do: "read" | "list"; path: string }
  | { do: "run"; command: readonly string[]; timeout: number }
);
export type Answer =
  | { number: number; text: string }
  | { number: number; names: string[] }
  | { number: number; code: string; problem: string };

/** What the kernel shows in one file is at most a page. */
const maxBytes = 4096;

async function read(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      length += bytesRead;
      if (length > maxBytes) throw Object.assign(new Error("it has more than 4096 bytes"), { code: "EFBIG" });
      if (bytesRead === 0) return bytes.toString("utf8", 0, length);
    }
  } finally {
    await file.close();
  }
}

async function answer(question: Question): Promise<Answer> {
  const { number } = question;
  try {
    if (question.do === "run") {
      const ran = await runProgram(question.command, question.timeout);
      return ran.ok ? { number, text: ran.text } : { number, code: "program", problem: ran.problem };
    }
    return question.do === "list" ? { number, names: await readdir(question.path) } : { number, text: await read(question.path) };
  } catch (error) {
    const { code = "failed", message } = error as NodeJS.ErrnoException;
    return { number, code, problem: code === "EFBIG" ? message : code };
  }
}

process.on("message", (question: Question) => {
  void answer(question).then((said) => process.send?.(said));
});
// Who presses Ctrl-C means the agent, which says when it is over. An orderly exit would wait for reads that hang.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
process.on("disconnect", () => {
  killPrograms();
  process.kill(process.pid, "SIGKILL");
});
