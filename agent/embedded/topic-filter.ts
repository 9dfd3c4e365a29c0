// C0, DEL, C1, noncharacters, and what broken UTF-8 became: MQTT 3.1.1 section 1.5.3.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come in
const notText = /[\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffd-\uffff]/;

/** Whether this may be a topic, a filter or the name of a client. */
export function isText(text: string): boolean {
  return !notText.test(text);
}

/** aedes throws at more, also much later, out of what it keeps. */
const maxLevels = 100;

/** Whether one may publish to it. */
export function isTopic(topic: string): boolean {
  return topic !== "" && isText(topic) && !/[+#]/.test(topic) && topic.split("/").length <= maxLevels;
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
  const [wanted, given] = [filter.split("/"), topic.split("/")];
  for (const [index, level] of wanted.entries()) {
    if (level === "#") return true;
    if (index >= given.length || (level !== "+" && level !== given[index])) return false;
  }
  return wanted.length === given.length;
}
