/** What may be said of an error that is not ours: its class, never its text. */

/** The error's name where it is one word, or the type of what was thrown instead; safe for values that throw when read. */
export function errorKind(error: unknown): string {
  try {
    const name: unknown = error instanceof Error ? error.name : undefined
    return typeof name === 'string' && /^\w{1,64}$/.test(name) ? name : typeof error
  } catch {
    return typeof error
  }
}

/** `at name (place:line:column)`, and nothing else. */
const FRAME = /^\s+at (?:[\w$.<>[\] ]+ \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\)[^()\n]*:\d+:\d+\)?$/

/** Where in the code it was thrown: the first frame of its stack, the message cut off before. */
export function errorFrame(error: unknown): string | undefined {
  try {
    if (!(error instanceof Error) || error.stack === undefined) return undefined
    const { stack, message } = error
    // A message may hold lines that look like frames: only what follows it is looked at.
    const start = stack.indexOf(message)
    if (start < 0) return undefined
    const frames = stack.slice(start + message.length).split('\n')
    return frames.find((line) => FRAME.test(line))?.trim()
  } catch {
    return undefined
  }
}
