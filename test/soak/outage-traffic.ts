/** The traffic of redis-outages.ts: half found in memory, a third in Redis, the rest asked of a model. */
import type { CacheTier } from '../../src/contracts/cache-tier.js'
import { InferenceClient, type InferenceResponse } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import type { Outcome } from './open-loop.js'

/** How long the model takes. */
const MODEL_MS = 5
/** Prompts that are always in memory: each is asked five times a second. */
const HOT = 20
/**
 * Prompts that are in Redis and, whenever they come round again after 17 s, no longer in the memory:
 * its 400 entries are replaced within five.
 */
export const SHELF = 1_000
const L1_ENTRIES = 400

export function clientWith(l2: CacheTier | undefined, l1 = true): InferenceClient {
  return new InferenceClient({
    providers: [mockProvider({ reply: { text: 'An answer.', latencyMs: MODEL_MS } })],
    defaultModel: 'mock-model',
    cache: { l1: l1 ? { maxEntries: L1_ENTRIES } : false, preload: false, ...(l2 && { l2 }) },
  })
}

const shelfPrompt = (index: number): string => `What lies on shelf ${index % SHELF}?`

/** Puts the shelf's answers into Redis: asks for them until all come from there. */
export async function fillShelf(l2: CacheTier): Promise<void> {
  const client = clientWith(l2, false)
  const requests = Array.from({ length: SHELF }, (_, index) => ({ prompt: shelfPrompt(index) }))
  for (let missing = SHELF, passes = 0; missing > 0; passes++) {
    if (passes === 20) throw new Error(`Still ${missing} answers do not come from Redis`)
    const { responses } = await client.batch({ requests, max_batch_size: 20 })
    missing = responses.filter(({ cache }) => cache.level === null).length
    await client.flush()
  }
  await client.close()
}

/** `partner` asks some of the new prompts at the same moment, as another process would. */
export interface Askers {
  client: InferenceClient
  partner: InferenceClient
}

/** Of ten requests five are hot, three on the shelf, two new; one of four new ones is asked twice. */
export async function ask(askers: Askers, run: string, index: number): Promise<Outcome> {
  const { client, partner } = askers
  const turn = index % 10
  if (turn % 2 === 0) return single(client, `What is hot ${(index / 2) % HOT}?`, index)
  if (turn !== 3 && turn !== 7) return single(client, shelfPrompt(index), index, true)
  const prompt = `What is new in ${run} ${index}?`
  if (index % 20 !== 7) return single(client, prompt, index)
  await Promise.all([client.infer(prompt), partner.infer(prompt)])
  return { kind: 'twice', shelf: false }
}

/** One of eleven is streamed. */
async function single(
  client: InferenceClient,
  prompt: string,
  index: number,
  shelf = false,
): Promise<Outcome> {
  const { cache }: InferenceResponse =
    index % 11 === 0 ? await client.stream(prompt).response() : await client.infer(prompt)
  return { kind: cache.level ?? 'miss', shelf }
}
