/** ISO timestamps; formatting costs as much as a cache lookup, so one per millisecond is made. */

let lastMs = NaN
let lastText = ''

/** `2026-01-01T00:00:00.000Z` for epoch milliseconds. */
export function isoTime(epochMs: number): string {
  const ms = Math.floor(epochMs)
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString()
    lastMs = ms
  }
  return lastText
}
