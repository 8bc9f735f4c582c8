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

const WORDS =
  'the transfer account takes between one and three working days because your bank checks amount currency limit first then sends notice fee statement customer support card payment refund balance often please note that holidays may delay it'.split(
    ' ',
  )

/** Words in a seeded order: neither as repetitive as a repeated sentence nor as random as noise. */
export function answerText(seed: number, length: number): string {
  let state = seed + 1
  const words: string[] = []
  for (let written = 0; written < length;) {
    state = (state * 48_271) % 2_147_483_647
    const word = WORDS[state % WORDS.length] ?? ''
    words.push(word)
    written += word.length + 1
  }
  return words.join(' ').slice(0, length)
}
