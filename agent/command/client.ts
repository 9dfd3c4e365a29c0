import { connect, type Socket } from "node:net";
import { viewBeside } from "../../config/control.ts";
import { exit } from "../exit.ts";
import {
  type Answer,
  encode,
  LineSplitter,
  type Method,
  type Methods,
  maxAnswerBytes,
  type Push,
  protocolVersion,
  type RecordPush,
  type Request,
} from "../protocol.ts";
import { CommandError } from "./command.ts";

/** A connection to a running agent for one command. */
export interface Client {
  readonly hello: Methods["hello"]["result"];
  /** Throws a CommandError: exit 1 when the agent refuses, 3 when it is gone. */
  request<M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]>;
  close(): void;
}

/** An agent that does not answer within this time is not there for a person who waits; a simulated press may take a minute. */
const answerWithin = 65_000;

export interface Listener {
  push(push: Push | RecordPush): void;
  /** The connection is over; `why` completes a sentence about the agent. */
  closed(why: string): void;
}

/** `signal` ends the connection, and what is asked then. */
export async function connectAgent(path: string, listener?: Listener, signal?: AbortSignal): Promise<Client> {
  const socket = await open(path);
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  const splitter = new LineSplitter(maxAnswerBytes);
  let nextId = 1;
  let over = false;
  const fail = (why: string) => {
    for (const { reject } of waiting.values()) reject(new CommandError(exit.unreachable, `the agent on ${path} ${why}`));
    waiting.clear();
    if (!over) listener?.closed(why);
    over = true;
    socket.destroy();
  };
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const line of splitter.push(chunk)) {
        const answer = JSON.parse(line) as Answer | Push | RecordPush;
        if ("push" in answer) listener?.push(answer);
        if ("push" in answer || answer.id === null) continue;
        waiting.get(answer.id)?.resolve(answer);
        waiting.delete(answer.id);
      }
    } catch {
      fail("sent something that is no control message");
    }
  });
  signal?.addEventListener("abort", () => fail("did not answer in time"), { once: true });
  socket.on("error", (error) => fail(`was lost: ${error.message}`));
  socket.on("close", () => fail("closed the connection"));
  socket.setTimeout(answerWithin, () => {
    // While nothing is asked, nothing need come.
    if (waiting.size > 0) fail("does not answer");
  });

  const request = async <M extends Method>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]> => {
    const id = nextId++;
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      socket.write(encode({ id, method, params } as Request));
    });
    if (!answer.ok) {
      const { reason, message, allowed_at } = answer.error;
      throw new CommandError(
        exit.refused,
        `refused (${reason}): ${message}${allowed_at === undefined ? "" : `; allowed at ${allowed_at}`}`,
      );
    }
    return answer.result as Methods[M]["result"];
  };
  const close = () => {
    over = true;
    socket.destroy();
  };
  try {
    const hello = await request("hello", { protocol: protocolVersion, client: "pinbus" });
    return { hello, request, close };
  } catch (error) {
    // The agent leaves the connection open: it would keep this process for ever.
    close();
    throw error;
  }
}

/** Runs one conversation and closes the connection. */
export async function withAgent<T>(path: string, talk: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectAgent(path);
  try {
    return await talk(client);
  } finally {
    client.close();
  }
}

/** The connected control socket, for `attach` as well; who may not operate gets the socket beside it that may look. */
export async function open(path: string): Promise<Socket> {
  try {
    return await openSocket(path);
  } catch (error) {
    const view = viewBeside(path);
    if (!(error instanceof CommandError) || (error.cause as NodeJS.ErrnoException).code !== "EACCES" || view === path) throw error;
    return await openSocket(view).catch(() => {
      throw error;
    });
  }
}

async function openSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EACCES"
          ? "you may not open it; join the group that may (pinbus-op to operate, pinbus-view to look) or name the other socket with --socket"
          : "is it running? see `systemctl status pinbus`, or start one with `pinbus run`";
      reject(new CommandError(exit.unreachable, `no agent answers on ${path}: ${why}`, error));
    });
  });
}
