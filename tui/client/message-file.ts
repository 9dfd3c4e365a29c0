import { type Recorded, recordOf } from "../recorded.ts";
import { PacketFile, type PacketFileOptions } from "./packet-file.ts";

/** Thousands of messages a second become a few writes. */
const writeEvery = 100;
const batchBytes = 256 * 1024;

/** Messages as JSON, one a line, in a file of their own. */
export class MessageFile {
  readonly #file: PacketFile;
  #batch: object[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(file: PacketFile) {
    this.#file = file;
  }

  /** As of PacketFile. */
  static async create(options: PacketFileOptions): Promise<MessageFile> {
    return new MessageFile(await PacketFile.create({ ...options, of: "messages" }));
  }

  get path(): string {
    return this.#file.path;
  }

  add(message: Recorded): void {
    this.#batch.push(recordOf(message));
    this.#bytes += message.topic.length + message.payload.length;
    if (this.#bytes >= batchBytes) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), writeEvery);
  }

  /** Resolves when all is in the file. */
  close(): Promise<void> {
    this.#write();
    return this.#file.close();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#file.write(this.#batch);
    this.#batch = [];
    this.#bytes = 0;
  }
}
