import { describe, expect, it, vi } from 'vitest'
import type { SemanticMatcherDeps } from '../../../src/features/semantic/matcher.js'
import type { SemanticOptions } from '../../../src/features/semantic/options.js'
import { benchOf, type Bench } from './fixtures.js'

/** A matcher whose stored answers are what `answers` says. */
function learning(
  options: SemanticOptions = {},
  deps: Partial<SemanticMatcherDeps> = {},
): Bench & { readonly answers: Map<string, string> } {
  const answers = new Map<string, string>()
  const answerOf = (key: string) => Promise.resolve(answers.get(key))
  return { ...benchOf(options, { answerOf, ...deps }), answers }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('learning from fresh answers', () => {
  it('raises the threshold above a neighbour whose answer would have been wrong', async () => {
    const { matcher, ask, store, answers } = learning({ maxErrorRate: 0.02, strict: false })
    answers.set('near', 'Paris')
    await store('near', 'what is this 0.90')
    const outcome = await ask('what is this')
    expect(outcome.accepted).toHaveLength(1)
    matcher.learn(outcome, 'Madrid')
    await settled()
    const after = await ask('what is this')
    expect(after.accepted).toEqual([])
    expect(after.threshold).toBeGreaterThan(0.9)
    expect(matcher.stats().labels).toEqual({ right: 0, wrong: 1 })
  })

  it('serves nothing when strict, until labels prove the error rate', async () => {
    const { matcher, ask, store, answers } = learning({ maxErrorRate: 0.1 })
    answers.set('near', 'Paris')
    await store('near', 'what is this 0.90')
    expect((await ask('what is this')).accepted).toEqual([])
    for (let i = 0; i < 100; i += 1) {
      matcher.learn(await ask('what is this'), 'Paris')
      await settled()
    }
    const after = await ask('what is this')
    expect(after).toMatchObject({ threshold: 0.8, accepted: [{ key: 'near' }] })
  })

  it('gives a judge that hangs a minute, so that others can be asked after it', async () => {
    const signals: AbortSignal[] = []
    const judge = vi.fn((_: string, __: string, { signal }: { signal: AbortSignal }) => {
      signals.push(signal)
      return new Promise<boolean>(() => undefined)
    })
    const { matcher, ask, store, answers, clock } = learning({ judge })
    answers.set('near', 'Paris')
    await store('near', 'what is this 0.90')
    const outcome = await ask('what is this')
    for (let i = 0; i < 40; i += 1) matcher.learn(outcome, 'Madrid')
    await settled()
    expect(judge).toHaveBeenCalledTimes(32)
    await clock.advance(60_000)
    expect(signals.every(({ aborted }) => aborted)).toBe(true)
    matcher.learn(outcome, 'Madrid')
    await settled()
    expect(judge).toHaveBeenCalledTimes(33)
  })

  it('asks the given judge, and takes no answer for no label', async () => {
    const judge = vi.fn<() => boolean | undefined>().mockReturnValueOnce(undefined)
    judge.mockImplementationOnce(() => {
      throw new Error('PRIVATE')
    })
    judge.mockReturnValueOnce(true)
    const { matcher, ask, store, answers, logged } = learning({ judge })
    answers.set('near', 'Paris')
    await store('near', 'what is this 0.90')
    for (let i = 0; i < 3; i += 1) {
      matcher.learn(await ask('what is this'), 'Madrid')
      await settled()
    }
    expect(judge.mock.calls[0]).toMatchObject(['Madrid', 'Paris', {}])
    expect(matcher.stats().labels).toEqual({ right: 1, wrong: 0 })
    expect(logged.join()).not.toContain('PRIVATE')
  })

  it('learns nothing from an answer that is gone, or where nothing was near', async () => {
    const { matcher, ask, store } = learning()
    await store('near', 'what is this 0.90')
    matcher.learn(await ask('what is this'), 'Paris')
    matcher.learn(await ask('nothing like it 0.20', 'other'), 'Paris')
    await settled()
    expect(matcher.stats().labels).toEqual({ right: 0, wrong: 0 })
  })

  it('answers a share of hits freshly, to learn whether they were right', async () => {
    const draws = [0.04, 0.06]
    const random = () => draws.shift() ?? 1
    const { matcher, ask, store, answers } = learning({ checkRate: 0.05 }, { random })
    answers.set('near', 'Paris')
    await store('near', 'what is this 0.90')
    const checked = await ask('what is this')
    expect(checked).toMatchObject({ accepted: [], wouldServe: { key: 'near' } })
    matcher.learn(checked, 'Paris')
    await settled()
    expect((await ask('what is this')).accepted).toHaveLength(1)
    expect(matcher.stats()).toMatchObject({ checks: 1, labels: { right: 1, wrong: 0 } })
  })
})

describe('feedback', () => {
  it('forgets what was bad and closes its scope up to that similarity', async () => {
    const { matcher, ask, store } = benchOf()
    await store('near', 'what is this 0.90')
    await store('next', 'what is this 0.88')
    await store('best', 'what is this 0.99')
    await store('near', 'what is this 0.90', 'other')
    const [, near] = (await ask('what is this')).accepted
    if (near) matcher.served('req_1', near)
    expect(matcher.feedback('req_1', 'bad')).toEqual({ key: 'near' })
    expect((await ask('what is this')).accepted.map(({ key }) => key)).toEqual(['best'])
    expect((await ask('what is this', 'other')).threshold).toBe(0.8)
    expect(matcher.feedback('req_1', 'bad')).toBeUndefined()
    expect(matcher.feedback('unknown', 'good')).toBeUndefined()
  })

  it('keeps what was good', async () => {
    const { matcher, ask, store } = benchOf()
    await store('near', 'what is this 0.90')
    const [near] = (await ask('what is this')).accepted
    if (near) matcher.served('req_1', near)
    expect(matcher.feedback('req_1', 'good')).toEqual({ key: 'near' })
    expect((await ask('what is this')).accepted).toHaveLength(1)
    expect(matcher.stats()).toMatchObject({ hits: 1, labels: { right: 1, wrong: 0 } })
  })

  it('remembers the newest 10,000 hits only', async () => {
    const { matcher } = benchOf()
    const near = { key: 'near', scope: 'scope', similarity: 0.9 }
    for (let i = 0; i <= 10_000; i += 1) matcher.served(`req_${i}`, near)
    expect(matcher.feedback('req_0', 'good')).toBeUndefined()
    expect(matcher.feedback('req_1', 'good')).toEqual({ key: 'near' })
  })
})

describe('shadow mode', () => {
  it('serves nothing, says what it would have served, and learns all the same', async () => {
    const { matcher, ask, store, answers } = learning({ shadow: true, checkRate: 1 })
    answers.set('near', 'Paris')
    await store('near', 'what is this 0.90')
    const outcome = await ask('what is this')
    expect(matcher.shadow).toBe(true)
    expect(outcome).toMatchObject({ accepted: [], wouldServe: { key: 'near' } })
    matcher.learn(outcome, 'Paris')
    await settled()
    expect(matcher.stats()).toMatchObject({ checks: 0, labels: { right: 1, wrong: 0 } })
  })
})
