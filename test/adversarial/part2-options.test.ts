/** Options and arguments of part 2 as hostile code could give them: only RaptorflowErrors come back. */
import { describe, expect, it } from 'vitest'
import { keyvTier } from '../../src/features/cache/keyv-tier.js'
import { redis } from '../../src/features/cache/redis-tier.js'
import { sqlite } from '../../src/features/cache/sqlite-tier.js'
import { openaiEmbedder } from '../../src/features/providers/openai-embedder.js'
import { embedderFrom } from '../../src/features/semantic/embedder-from.js'
import { InferenceClient } from '../../src/index.js'
import { mockProvider } from '../../src/testing/index.js'
import { CANARY, isRaptorflowError, never, revoked, untouchable } from './support.js'

const throwing = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new Error(CANARY)
    },
  })

const base = { providers: [mockProvider({ reply: 'ok' })], defaultModel: 'mock-model' }
const client = (options: object) => () => new InferenceClient({ ...base, ...options })
const cache = (options: unknown) => client({ cache: options })
const semantic = (options: unknown) => cache({ semantic: options })
const warming = (options: unknown) => client({ warming: options })
const vector = (): number[][] => [[1, 0]]
const hostile = (make: (options: never) => unknown, good: object, name: string) =>
  [
    ['null', null],
    ['a text', 'x'],
    ['an array', []],
    ['an unknown name', { ...good, nonsense: 1 }],
    ['a getter that throws', Object.assign(throwing(name), {})],
    ['a proxy that throws', untouchable()],
    ['a revoked proxy', revoked()],
  ].map(([title, value]) => [title, () => make(value as never)] as const)

const BAD: Readonly<Record<string, readonly (readonly [unknown, () => unknown])[]>> = {
  'redis()': [
    ...hostile(redis, {}, 'url'),
    ['a number for its url', () => redis({ url: 5 as never })],
    ['an http url', () => redis({ url: 'http://127.0.0.1' })],
    ['two ways', () => redis({ url: 'redis://127.0.0.1', cluster: { rootNodes: [{}] } })],
    ['a client without methods', () => redis({ client: {} as never })],
    ['a namespace with braces', () => redis({ namespace: '{x}' })],
    ['a short key', () => redis({ encryptionKey: 'abc' })],
    ['no keys', () => redis({ encryptionKey: [] })],
  ],
  'sqlite()': [
    ...hostile(sqlite, { path: '/tmp/x' }, 'path'),
    ['no path', () => sqlite({} as never)],
    ['memory', () => sqlite({ path: ':memory:' })],
    ['too few bytes', () => sqlite({ path: '/tmp/x', maxBytes: 5 })],
    ['an age of NaN', () => sqlite({ path: '/tmp/x', maxAgeDays: NaN })],
    ['entries as text', () => sqlite({ path: '/tmp/x', maxEntries: '5' as never })],
    ['entries as a symbol', () => sqlite({ path: '/tmp/x', maxEntries: Symbol('x') as never })],
    ['a key of another kind', () => sqlite({ path: '/tmp/x', encryptionKey: 5 as never })],
  ],
  'keyvTier()': [
    ...hostile(keyvTier, { store: new Map() }, 'store'),
    ['nothing', () => keyvTier({})],
    ['both', () => keyvTier({ store: new Map(), keyv: new Map() as never })],
    ['level l1', () => keyvTier({ store: new Map(), level: 'l1' as never })],
    ['a getter for a method', () => keyvTier({ store: throwing('get') as never })],
  ],
  'embedderFrom()': [
    ...hostile((options) => embedderFrom(vector, options), { id: 'x', dimensions: 2 }, 'id'),
    ['no function', () => embedderFrom(5 as never, { id: 'x', dimensions: 2 })],
    ['no dimensions', () => embedderFrom(vector, { id: 'x' } as never)],
    [
      'a threshold of text',
      () => embedderFrom(vector, { id: 'x', dimensions: 2, recommendedThreshold: '0.5' as never }),
    ],
    [
      'a threshold of NaN',
      () => embedderFrom(vector, { id: 'x', dimensions: 2, recommendedThreshold: NaN }),
    ],
    [
      'a threshold that is a symbol',
      () =>
        embedderFrom(vector, {
          id: 'x',
          dimensions: 2,
          recommendedThreshold: Symbol('x') as never,
        }),
    ],
  ],
  'openaiEmbedder()': [
    ...hostile(openaiEmbedder, { apiKey: 'k' }, 'apiKey'),
    ['dimensions as text', () => openaiEmbedder({ apiKey: 'k', dimensions: '5' as never })],
    ['a time of text', () => openaiEmbedder({ apiKey: 'k', timeoutMs: '5' as never })],
    ['an unknown model', () => openaiEmbedder({ apiKey: 'k', model: 'other' })],
    ['another protocol', () => openaiEmbedder({ apiKey: 'k', baseURL: 'ftp://x' })],
  ],
  'the cache': [
    ['null for semantic', semantic(null)],
    ['text for semantic', semantic('shadow')],
    ['0 for semantic', semantic(0)],
    ['a function for semantic', semantic(() => true)],
    ...[NaN, -1, 2, '0.9', {}, throwing('valueOf')].map(
      (value) => ['a threshold', semantic({ threshold: value })] as const,
    ),
    ...[0, 1, NaN, -0.1, '0'].map(
      (value) => ['maxErrorRate', semantic({ maxErrorRate: value })] as const,
    ),
    ['an unknown guard', semantic({ guards: { numbers: false } })],
    ['a guard as text', semantic({ guards: { number: 'off' } })],
    ['verify', semantic({ verify: 5 })],
    [
      'an embedder without a threshold',
      semantic({ embedder: { id: 'x', dimensions: 2, embed: vector } }),
    ],
    ['an embedder with a getter that throws', semantic({ embedder: throwing('embed') })],
    ['getters', semantic(throwing('threshold'))],
    ['a proxy', cache(untouchable())],
    ['a tier of the wrong level', cache({ l2: sqlite({ path: '/tmp/raptorflow-never-made' }) })],
    ['a tier without methods', cache({ l2: { level: 'l2' } })],
    [
      'a tier whose get is no function',
      cache({ l3: { level: 'l3', get: 5, set: 5, delete: 5, clear: 5, stats: 5 } }),
    ],
    ...[NaN, -1, '5', Infinity, 2.5].map(
      (value) => [`preload ${String(value)}`, cache({ preload: value })] as const,
    ),
    ...[0, NaN, '5', -1].map((value) => ['ttlSeconds', cache({ ttlSeconds: value })] as const),
    ['l1 entries', cache({ l1: { maxEntries: '5' } })],
    ['l1 true', cache({ l1: true })],
  ],
  warming: [
    ['null', warming(null)],
    ['text', warming('yes')],
    ['automatic without a cap', warming({ automatic: true })],
    ['a cap of 0', warming({ automatic: true, maxCostPerHour: 0 })],
    ['a cap of Infinity', warming({ automatic: true, maxCostPerHour: Infinity })],
    ['a cap of text', warming({ maxCostPerHour: '5' })],
    ['a threshold of 0', warming({ threshold: 0 })],
    ['a holdout of 1', warming({ holdout: 1 })],
    ['an interval of 0', warming({ intervalSeconds: 0 })],
    ['an unknown name', warming({ maxCost: 5 })],
    ['getters', warming(throwing('automatic'))],
    ['a proxy', warming(untouchable())],
  ],
}

for (const [what, cases] of Object.entries(BAD)) {
  describe(`bad options of ${what}`, () => {
    it.each(cases.map(([title, make]) => ({ title: String(title), make })))(
      '$title: refused, naming the configuration',
      ({ make }) => {
        let thrown: unknown
        try {
          make()
        } catch (error) {
          thrown = error
        }
        expect(isRaptorflowError(thrown)).toBe(true)
        expect(thrown).toMatchObject({
          code: 'INVALID_REQUEST',
          details: { reason: 'configuration' },
        })
        expect((thrown as Error).message).not.toContain(CANARY)
      },
    )
  })
}

const endless = (): string[] =>
  Object.assign(['a'], {
    [Symbol.iterator]: function* () {
      for (let turn = 0; turn < 100_000; turn += 1) yield 'x'
    },
  })

const REJECTED = Symbol('rejected')
const givenFor = (given: unknown): unknown =>
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as JavaScript might
  given === REJECTED ? Promise.reject(undefined) : given

describe('hostile arguments', () => {
  const one = new InferenceClient(base)
  const arguments_: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['tags: a sparse array', () => one.invalidateTags(new Array<string>(3))],
    ['tags: a proxy', () => one.invalidateTags(untouchable() as never)],
    ['tags: a revoked proxy', () => one.invalidateTags(revoked() as never)],
    ['tags: two million', () => one.invalidateTags(new Array<string>(2_000_000).fill('a'))],
    ['tags: null', () => one.invalidateTags(null as never)],
    ['feedback: a proxy', () => one.feedback(untouchable() as never, 'bad')],
    ['feedback: another verdict', () => one.feedback('x', 'BAD' as never)],
    ['feedback: __proto__', () => one.feedback('__proto__', 'bad')],
    ['clear: a proxy', () => one.clearCache(untouchable() as never)],
    ['warm: a proxy', () => one.warm(untouchable())],
    ['warm: endless cost', () => one.warm({ prompts: ['a'], maxCost: NaN })],
    ['warm: prompts as a proxy', () => one.warm({ prompts: untouchable() as never })],
    ['warm: a length that lies', () => one.warm({ prompts: new Proxy([], { get: () => 1e9 }) })],
    ['warm: options as a proxy', () => one.warm({}, untouchable())],
    ['warm: a signal that is none', () => one.warm({}, { signal: 5 as never })],
  ]
  it.each(arguments_.map(([title, call]) => ({ title, call })))(
    '$title: refused',
    async ({ call }) => {
      const error = await Promise.race([
        call().then(
          (value) => ({ resolved: value }),
          (thrown: unknown) => thrown,
        ),
        new Promise((resolve) => setTimeout(resolve, 2_000, 'hangs')),
      ])
      expect(isRaptorflowError(error)).toBe(true)
    },
  )

  it('tags that iterate as they like are read by position', async () => {
    const { tags } = await one.invalidateTags(endless())
    expect(tags).toEqual([...Array.from({ length: tags.length }, () => 'a')])
    expect(tags.length).toBeLessThan(1_000)
  })

  it('maxCost: Infinity is a number like others', async () => {
    await expect(one.warm({ prompts: ['a'], maxCost: Infinity })).resolves.toMatchObject({
      failed: 0,
    })
    await expect(one.warm({ prompts: ['b'], maxCost: 1e300 })).resolves.toMatchObject({ failed: 0 })
  })

  const answers: Readonly<Record<string, unknown>> = {
    nothing: undefined,
    'a number': 5,
    'a text': 'x',
    null: null,
    'a sparse row': [new Array(2)],
    'a row with a hole': [Object.assign(new Array<number>(2), { 0: 1 })],
    NaN: [[NaN, 1]],
    zeros: [[0, 0]],
    'a row too short': [[1]],
    'a proxy': untouchable(),
    'a rejection with nothing': REJECTED,
    'a promise of nothing': Promise.resolve(undefined),
  }
  it.each(Object.keys(answers))(
    'an embedder made from a function that gives %s fails as documented',
    async (name) => {
      const given = givenFor(answers[name])
      const embedder = embedderFrom(() => given as never, { id: 'x', dimensions: 2 })
      let thrown: unknown
      try {
        await embedder.embed(['a'])
      } catch (error) {
        thrown = error
      }
      // What the function itself rejects with is passed on.
      if (name === 'a rejection with nothing') return
      expect(isRaptorflowError(thrown)).toBe(true)
      expect(thrown).toMatchObject({ details: { reason: 'bad_response' } })
    },
  )

  it.each([...Object.keys(answers), 'never anything', 'a throw'])(
    'a client whose embedder gives %s answers all the same',
    async (name) => {
      const embed = (): unknown => {
        if (name === 'a throw') throw untouchable() as Error
        return name === 'never anything' ? never() : givenFor(answers[name])
      }
      const embedder = { id: 'x', dimensions: 2, recommendedThreshold: 0.5, embed }
      const asking = new InferenceClient({
        ...base,
        cache: { semantic: { embedder: embedder as never } },
      })
      const response = await asking.infer('Where do I find my new bank card?')
      expect(response.response).toBe('ok')
      await asking.close()
    },
  )
})
