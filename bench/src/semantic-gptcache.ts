/**
 * GPTCache's own benchmark through the matcher: `npx tsx bench/src/semantic-gptcache.ts [mock_data.json]`.
 *
 * Its protocol (examples/benchmark/benchmark_sqlite_faiss_onnx.py): all 999 origins are stored, then
 * each `similar` is asked. Positive: the best match is its own origin; negative: it is another one;
 * fail: no match. Ids are strict: 35 origins are there twice, and the other copy counts as negative.
 */
import { createSemanticMatcher } from '../../src/features/semantic/matcher.js'
import type { Embedder } from '../../src/contracts/embedder.js'
import { systemClock } from '../../src/util/clock.js'
import { EMBEDDERS, NO_GUARDS, gptcachePairs, withVectors } from './semantic-data.js'
import type { Pair } from './semantic-data.js'

const THRESHOLDS: Readonly<Record<string, readonly number[]>> = {
  'built-in': [0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
  local: [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9],
}

async function score(embedder: Embedder, pairs: Pair[], threshold: number, guards: boolean) {
  const silent = (): void => undefined
  const matcher = createSemanticMatcher(
    {
      embedder,
      threshold,
      checkRate: 0,
      maxTextLength: 20_000,
      anyLanguage: true,
      ...(!guards && { guards: NO_GUARDS }),
    },
    {
      clock: systemClock,
      random: Math.random,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      entriesInScope: () => Promise.resolve({ entries: [], complete: true }),
      answerOf: () => Promise.resolve(undefined),
    },
  )
  const signal = new AbortController().signal
  // Statements, not requests: refusals (today, latest, ...) would only blur what is compared.
  const ask = (text: string) => matcher.match({ scope: 'gptcache', text, threshold: 0 }, signal)
  for (const [id, { origin }] of pairs.entries()) {
    const { record } = await ask(origin)
    matcher.add(String(id), record!)
  }
  const counts = { positive: 0, negative: 0, fail: 0 }
  for (const [id, { similar }] of pairs.entries()) {
    const [best] = (await ask(similar)).accepted
    counts[best === undefined ? 'fail' : best.key === String(id) ? 'positive' : 'negative'] += 1
  }
  return counts
}

const pairs = gptcachePairs(process.argv[2])
if (pairs === undefined) {
  console.log(
    'GPTCache benchmark: skipped, its data is not here (bench/data/README.md says where it is)',
  )
} else {
  console.log(`GPTCache benchmark, ${pairs.length} pairs, strict ids: positive/negative/fail`)
  console.log('  GPTCache itself (ONNX, FAISS, SQLite; its README): 0.9 804/77/118, 0.8 904/92/3')
  for (const [name, make] of Object.entries(EMBEDDERS)) {
    const texts = pairs.flatMap(({ origin, similar }) => [origin, similar])
    const embedder = await withVectors(make(), texts)
    for (const guards of [false, true]) {
      const results: string[] = []
      for (const threshold of THRESHOLDS[name] ?? []) {
        const { positive, negative, fail } = await score(embedder, pairs, threshold, guards)
        results.push(`${threshold} ${positive}/${negative}/${fail}`)
      }
      console.log(`  ${name}, ${guards ? 'with' : 'without'} guards: ${results.join(', ')}`)
    }
  }
}
