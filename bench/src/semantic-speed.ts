/**
 * What semantic matching costs: `node --import tsx bench/src/semantic-speed.ts` prints microseconds, p10
 * and median of single operations on banking77's questions (12 words on average), and for the local
 * embedder the delay of the event loop while it works.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { flatIndex } from '../../src/features/semantic/flat-index.js'
import { createGuards, extractFeatures } from '../../src/features/semantic/guards/guards.js'
import { hashEmbedder } from '../../src/features/semantic/hash-embedder.js'
import { localEmbedder } from '../../src/features/semantic/local-embedder.js'
import { bankingQueries, seeded } from './semantic-data.js'

const texts = bankingQueries().map(({ text }) => text)

function measure(name: string, target: number, count: number, run: (index: number) => unknown) {
  for (let i = 0; i < 200; i += 1) run(i)
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const start = process.hrtime.bigint()
    run(i)
    times.push(Number(process.hrtime.bigint() - start) / 1_000)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): string => (times[Math.floor(count * share)] ?? NaN).toFixed(1)
  const verdict = Number(at(0.1)) <= target ? 'PASS' : 'MISS'
  console.log(
    `  ${verdict}  ${name}: p10 ${at(0.1)} us, median ${at(0.5)} us, target <= ${target} us`,
  )
}

const at = (index: number): string => texts[index % texts.length]!
const embedder = hashEmbedder()
measure('embed a question, built-in', 60, 3_000, (index) => embedder.embed([at(index)]))

// The built-in embedder's and the local one's; 15 MB of vectors no longer fit every processor's cache.
for (const [dimensions, entries, target] of [
  [512, 5_000, 1_000],
  [768, 5_000, 2_000],
  [1_536, 2_500, 2_000],
] as const) {
  const random = seeded(dimensions)
  const vector = (): Float32Array => {
    const values = Float32Array.from({ length: dimensions }, () => random() - 0.5)
    const length = Math.hypot(...values)
    return values.map((value) => value / length)
  }
  const index = flatIndex(dimensions, entries)
  for (let i = 0; i < entries; i += 1) index.add(`k${i}`, vector())
  const queries = Array.from({ length: 50 }, vector)
  measure(`look up among ${entries} x ${dimensions}, five nearest of all`, target, 500, (i) =>
    index.search(queries[i % queries.length]!, 5, -1),
  )
}

const guards = createGuards()
measure('read what the guards look at', 60, 3_000, (index) => extractFeatures(at(index)))
const features = texts.map((text) => extractFeatures(text))
measure('all guards on a pair', 20, 3_000, (index) =>
  guards.check(features[index % features.length]!, features[(index + 1) % features.length]!),
)

const local = localEmbedder()
await local.embed(['first'])
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const start = performance.now()
for (const text of texts.slice(0, 100)) await local.embed([text])
const each = (performance.now() - start) / 100
delay.disable()
await local.close?.()
const milliseconds = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1)
console.log(
  `  local embedder: ${each.toFixed(1)} ms a question; event loop delay meanwhile (resolution 1 ms): ` +
    `median ${milliseconds(delay.percentile(50))} ms, p99 ${milliseconds(delay.percentile(99))} ms`,
)
