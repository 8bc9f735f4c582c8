/** The answer that belongs to a key: a torn or mixed-up one is told from it. */
import { createHash } from 'node:crypto'

export function answerText(key: string): string {
  const digest = createHash('sha256').update(key).digest('hex')
  return `${key} ${digest.repeat(1 + (Number.parseInt(digest.slice(0, 2), 16) % 100))}`
}
