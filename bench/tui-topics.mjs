/** Ten topics below each of a thousand branches, those in hundreds, those in tens: 10,000 topics have 1,110 branches. */
export function topicOf(index) {
  const digits = String(index).padStart(4, "0");
  return `site${digits.slice(0, -3)}/hall${digits.at(-3)}/room${digits.at(-2)}/sensor${digits.at(-1)}`;
}

/** As much as a small sensor says; each differs from the one before. */
export const payloadOf = (count) => `{"t":${(20 + (count % 97) / 10).toFixed(1)},"rh":48.2,"n":${count % 1_000_000}}`;
