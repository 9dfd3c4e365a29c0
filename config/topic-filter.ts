/** Whether some topic matches both; a topic is a filter too. */
export function filtersOverlap(a: string, b: string): boolean {
  // What begins with $ is not in a wildcard at the first level [MQTT-4.7.2-1].
  if (a.startsWith("$") !== b.startsWith("$") && (/^[+#]/.test(a) || /^[+#]/.test(b))) return false;
  const [left, right] = [a.split("/"), b.split("/")];
  for (let at = 0; ; at++) {
    const [one, other] = [left[at], right[at]];
    // # takes in the level above it as well [MQTT-4.7.1-2].
    if (one === "#" || other === "#") return true;
    if (one === undefined || other === undefined) return one === other || (one ?? other) === "#";
    if (one !== other && one !== "+" && other !== "+") return false;
  }
}
