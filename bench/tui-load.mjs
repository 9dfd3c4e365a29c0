// node bench/tui-load.mjs PORT TOPICS RATE: publishes RATE messages a second on TOPICS topics in turn, until it is ended.
import { connectAsync } from "mqtt";
import { payloadOf, topicOf } from "./tui-topics.mjs";

const [port, topics, rate] = process.argv.slice(2, 5).map(Number);
const names = Array.from({ length: topics }, (_, index) => topicOf(index));
const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4 });
const began = performance.now();
let sent = 0;
setInterval(() => {
  for (const due = ((performance.now() - began) / 1000) * rate; sent < due; sent++) client.publish(names[sent % topics], payloadOf(sent));
}, 10);
