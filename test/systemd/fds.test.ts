import { closeSync, fstatSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { isJournalStream, passedFd } from "../../systemd/fds.ts";

const passed = { LISTEN_PID: "42", LISTEN_FDS: "2", LISTEN_FDNAMES: "notify:journal" };

test("a passed descriptor is found by its name, counted from 3", () => {
  expect(passedFd(passed, "notify", 42)).toBe(3);
  expect(passedFd(passed, "journal", 42)).toBe(4);
  expect(passedFd(passed, "other", 42)).toBeUndefined();
});

test("descriptors that were passed to another process are not ours", () => {
  expect(passedFd(passed, "notify", 43)).toBeUndefined();
});

test("without descriptors, or with nonsense, there is none", () => {
  expect(passedFd({}, "notify", 42)).toBeUndefined();
  expect(passedFd({ ...passed, LISTEN_FDS: "0" }, "notify", 42)).toBeUndefined();
  expect(passedFd({ ...passed, LISTEN_FDS: "x" }, "notify", 42)).toBeUndefined();
  expect(passedFd({ LISTEN_PID: "42", LISTEN_FDS: "1" }, "notify", 42)).toBeUndefined();
});

test("a name beyond the count is ignored", () => {
  expect(passedFd({ ...passed, LISTEN_FDS: "1" }, "journal", 42)).toBeUndefined();
});

test("stdout is the journal's stream only when it is the very one that systemd connected", () => {
  const fd = openSync("/dev/null", "r");
  const { dev, ino } = fstatSync(fd);
  expect(isJournalStream({ JOURNAL_STREAM: `${dev}:${ino}` }, fd)).toBe(true);
  expect(isJournalStream({ JOURNAL_STREAM: `${dev}:${ino + 1}` }, fd)).toBe(false);
  expect(isJournalStream({}, fd)).toBe(false);
  closeSync(fd);
  expect(isJournalStream({ JOURNAL_STREAM: `${dev}:${ino}` }, 9999)).toBe(false);
});
