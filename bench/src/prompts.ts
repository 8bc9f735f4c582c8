/** Prompts of a given length, all different. */

const SENTENCE =
  'The customer asks how long a transfer between two accounts takes and what it costs. '

/** About 20 tokens. */
export function shortPrompt(index: number): string {
  return `Question ${index}: how long does a transfer between two of my accounts take, and why?`
}

/** About 4,000 tokens. @param bytes of ASCII text */
export function longPrompt(index: number, bytes = 16_384): string {
  const text = `Document ${index}. ${SENTENCE.repeat(Math.ceil(bytes / SENTENCE.length))}`
  // A flat string, as one that was read from a socket or a file.
  return Buffer.from(text.slice(0, bytes)).toString()
}
