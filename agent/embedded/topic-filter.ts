// C0, DEL, C1, noncharacters, and what broken UTF-8 became: MQTT 3.1.1 section 1.5.3.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come in
const notText = /[\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffd-\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const notTopic = /[+#\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffd-\uffff]/;

/** Whether this may be a topic, a filter or the name of a client. */
export function isText(text: string): boolean {
  return !notText.test(text);
}

/** aedes throws at more, also much later, out of what it keeps. */
const maxLevels = 100;

/** Whether one may publish to it. */
export function isTopic(topic: string): boolean {
  return topic !== "" && !notTopic.test(topic) && (topic.length < maxLevels || topic.split("/").length <= maxLevels);
}

/** Whether one may subscribe to it [MQTT-4.7.1-2] [MQTT-4.7.1-3]. */
export function isFilter(filter: string): boolean {
  if (filter === "" || !isText(filter)) return false;
  const levels = filter.split("/");
  if (levels.length > maxLevels) return false;
  return levels.every((level, index) => !/[+#]/.test(level) || level === "+" || (level === "#" && index === levels.length - 1));
}

/** Whether a subscription gets what is published here. */
export function matchesFilter(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  // [MQTT-4.7.2-1]
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  // For each message and each subscription of its subscriber, so without arrays.
  let at = 0;
  for (let from = 0; ; ) {
    const end = filter.indexOf("/", from);
    const level = end < 0 ? filter.slice(from) : filter.slice(from, end);
    if (level === "#") return true;
    if (at > topic.length) return false;
    const next = topic.indexOf("/", at);
    const given = next < 0 ? topic.length : next;
    if (level !== "+" && !(level.length === given - at && topic.startsWith(level, at))) return false;
    at = given + 1;
    if (end < 0) return given === topic.length;
    from = end + 1;
  }
}

/** Whether everything that `inner` matches is matched by `outer` as well; both are filters. */
export function coversFilter(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  if (/^[+#]/.test(outer) && inner.startsWith("$")) return false;
  const [wide, narrow] = [outer.split("/"), inner.split("/")];
  const rest = wide.at(-1) === "#" ? wide.length - 1 : undefined;
  // What takes in all that is below something is covered only by what does so too.
  if (rest === undefined && (wide.length !== narrow.length || narrow.at(-1) === "#")) return false;
  const fixed = rest === undefined ? wide : wide.slice(0, rest);
  return narrow.length >= fixed.length && fixed.every((level, at) => narrow[at] !== "#" && (level === "+" || level === narrow[at]));
}

/** Whether some topic matches both filters. When one does, so does the one that takes from each what is no wildcard there. */
export function filtersMeet(a: string, b: string): boolean {
  const [left, right] = [a.split("/"), b.split("/")];
  const lengths = [left, right].flatMap((levels) => (levels.at(-1) === "#" ? [] : levels.length));
  const length = lengths[0] ?? Math.max(left.length, right.length) - 1;
  const topic = Array.from(
    { length },
    (_, at) => [left[at], right[at]].find((level) => level !== undefined && !/^[+#]$/.test(level)) ?? "x",
  );
  return matchesFilter(a, topic.join("/")) && matchesFilter(b, topic.join("/"));
}
