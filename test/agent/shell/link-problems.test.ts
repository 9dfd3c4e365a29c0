import { expect, it } from "vitest";
import { closeProblem, type LinkPeer } from "../../../agent/shell/link-problems.ts";

const peer: LinkPeer = {
  server: "broker.test:1883",
  settings: "mqtt",
  secure: false,
  certified: false,
  username: undefined,
  clientId: "box",
  version: "5",
};

it.each([
  ["EMFILE", "this process has too many files open, raise LimitNOFILE of the service, or `ulimit -n`"],
  ["ENFILE", "this machine has too many files open, end the program that has them: `lsof`"],
])("a connection for which there is no descriptor (%s) says what to do", (code, words) => {
  const error = Object.assign(new Error(`connect ${code} 192.0.2.1:1883 - Local (undefined:undefined)`), { code });
  expect(closeProblem(peer, "dialling", error)).toEqual({
    sentence: `broker.test:1883 could not be reached: ${code}: ${words}`,
    retry: "backoff",
  });
});
