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

/** Where in the code it was thrown: the first frame of its stack, which holds no message. */
export function errorFrame(error: unknown): string | undefined {
  try {
    const stack = error instanceof Error ? error.stack : undefined
    return stack
      ?.split('\n')
      .find((line) => /^\s+at /.test(line))
      ?.trim()
  } catch {
    return undefined
  }
}
