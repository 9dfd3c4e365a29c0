import type { Aedes } from "aedes";

/** A message of the broker's own. */
export interface OwnMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
}

/** Publishes in the broker's own name; resolves when every connected subscriber was given it. */
export function publishIn(aedes: Aedes | undefined, message: OwnMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!aedes || aedes.closed) reject(new Error("the built-in broker is not running"));
    else aedes.publish({ cmd: "publish", dup: false, ...message }, (error) => (error ? reject(error) : resolve()));
  });
}
