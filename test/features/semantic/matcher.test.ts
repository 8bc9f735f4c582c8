import { describe, expect, it } from 'vitest'
import { benchOf, cosineEmbedder } from './fixtures.js'

describe('createSemanticMatcher', () => {
  it('serves the stored question that is most similar, and those after it in order', async () => {
    const { ask, store } = benchOf()
    await store('far', 'what is this 0.82')
    await store('near', 'what is this 0.97')
    await store('other', 'what is this 0.30')
    const { accepted, threshold } = await ask('what is this')
    expect(accepted.map(({ key }) => key)).toEqual(['near', 'far'])
    expect(accepted[0]?.similarity).toBeCloseTo(0.97, 5)
    expect(threshold).toBe(0.8)
  })

  it('serves nothing below the threshold', async () => {
    const { ask, store } = benchOf({ threshold: 0.9 })
    await store('near', 'what is this 0.89')
    expect(await ask('what is this')).toMatchObject({ accepted: [], nearest: undefined })
  })

  it('lets a request raise the threshold, and never lower it', async () => {
    const { ask, store } = benchOf({ threshold: 0.9 })
    await store('near', 'what is this 0.95')
    await store('below', 'what is this 0.85')
    expect((await ask('what is this', 'scope', 0.99)).accepted).toEqual([])
    const lowered = await ask('what is this', 'scope', 0)
    expect(lowered.accepted.map(({ key }) => key)).toEqual(['near'])
    expect(lowered.threshold).toBe(0.9)
  })

  it('answers with a record to store, of the scope and the embedder', async () => {
    const { ask } = benchOf()
    const { record } = await ask('what is this')
    expect(record).toMatchObject({ embedder: 'cosine-8', text: 'what is this' })
    expect(record?.vector).toHaveLength(8)
  })

  it('does not compare what a different embedder made', async () => {
    const { matcher, ask, store } = benchOf()
    const { record } = await store('near', 'what is that')
    const other = benchOf({ embedder: cosineEmbedder({ id: 'other-8' }) })
    if (record) other.matcher.add('near', record)
    expect((await other.ask('what is this')).accepted).toEqual([])
    expect((await ask('what is this')).accepted).toHaveLength(1)
    expect(matcher.stats().entries).toBe(1)
    expect(other.matcher.stats().entries).toBe(0)
  })

  it('leaves the same question to the exact cache: its answer is past its time, or being renewed', async () => {
    const { ask, store } = benchOf()
    await store('same', 'what is this')
    expect(await ask('what is this')).toMatchObject({ accepted: [], nearest: undefined })
  })

  it('lets the guards object, and offers the next neighbour', async () => {
    const { matcher, ask, store } = benchOf({ guards: {} })
    await store('seven', 'How do I boil 7 eggs?')
    await store('plain', 'how do i boil eggs')
    const { accepted } = await ask('How do I boil eggs?')
    expect(accepted.map(({ key }) => key)).toEqual(['plain'])
    expect(matcher.stats().objections).toEqual({ number: 2 })
    const without = benchOf({ guards: { number: false } })
    await without.store('seven', 'How do I boil 7 eggs?')
    expect((await without.ask('How do I boil eggs?')).accepted).toHaveLength(1)
  })
})
