/** What a program should hear although it has no logger: that a part it asked for cannot work at all. */

const told = new Set<string>()

/** By `process.emitWarning`, once for each text. @param message of ours, without anything of a caller's */
export function warnOnce(message: string): void {
  if (told.has(message)) return
  told.add(message)
  process.emitWarning(message, { type: 'RaptorflowWarning' })
}
