import { describe, expect, it } from 'vitest'
import { flatIndex } from '../../../src/features/semantic/flat-index.js'
import { Scopes } from '../../../src/features/semantic/scopes.js'
import { vectorAt } from './fixtures.js'

const DIMENSIONS = 4_096

function scopesOf(maxEntries = 5_000): Scopes {
  return new Scopes({
    embedder: 'test',
    dimensions: DIMENSIONS,
    maxEntries,
    calibration: { base: 0.8, maxErrorRate: 0.02, strict: false },
    createIndex: flatIndex,
  })
}

function add(scopes: Scopes, id: string, key: string, text = key): void {
  const vector = vectorAt(1, DIMENSIONS)
  scopes.add(scopes.open(id), key, { scope: id, embedder: 'test', text, vector })
}

describe('Scopes', () => {
  it('holds at most 1,000 scopes: the one used longest ago goes', () => {
    const scopes = scopesOf()
    add(scopes, 'first', 'k')
    for (let i = 0; i < 999; i += 1) scopes.open(`s${i}`)
    scopes.open('first')
    scopes.open('one more')
    expect(scopes.size).toBe(1_000)
    expect(scopes.peek('first')?.size).toBe(1)
    expect(scopes.peek('s0')).toBeUndefined()
  })

  it('holds at most 128 MiB of vectors, by whole scopes', () => {
    const scopes = scopesOf()
    // 16 KiB a vector: 8,192 of them are the limit.
    for (let scope = 0; scope < 9; scope += 1) {
      for (let i = 0; i < 1_000; i += 1) add(scopes, `s${scope}`, `k${i}`)
    }
    expect(scopes.peek('s0')).toBeUndefined()
    expect(scopes.entries).toBe(8_000)
  })

  it('holds at most 32 MiB of texts and vectors in one scope: the oldest go', () => {
    const scopes = scopesOf()
    // 16 KiB a vector and 40 KB a text: 595 of them are the limit.
    const text = 'x'.repeat(20_000)
    for (let i = 0; i < 700; i += 1) add(scopes, 's', `k${i}`, text)
    expect(scopes.entries).toBe(595)
    expect(scopes.peek('s')?.has('k104')).toBe(false)
    expect(scopes.peek('s')?.has('k105')).toBe(true)
  })

  it('counts the texts of all scopes, and what the guards read of them', () => {
    const scopes = scopesOf()
    const long = 'x '.repeat(10_000)
    for (let scope = 0; scope < 4; scope += 1) {
      for (let i = 0; i < 594; i += 1) add(scopes, `s${scope}`, `k${i}`, long)
    }
    expect(scopes.size).toBe(4)
    add(scopes, 's3', 'k0', 'short')
    // Eighty bytes a character, of ten texts: more than the room that is left.
    for (let i = 1; i <= 10; i += 1) scopes.peek('s1')?.featuresOf(`k${i}`)
    add(scopes, 's3', 'k0', 'short')
    expect(scopes.peek('s0')).toBeUndefined()
    expect(scopes.entries).toBe(3 * 594)
    scopes.clear()
    expect(scopes.entries).toBe(0)
  })

  it('counts what its indexes push out, and drops their texts', () => {
    const scopes = scopesOf(10)
    for (let i = 0; i < 200; i += 1) add(scopes, 's', `k${i}`)
    expect(scopes.entries).toBe(10)
    expect(scopes.peek('s')?.textOf('k199')).toBe('k199')
    expect(scopes.peek('s')?.textOf('k0')).toBeUndefined()
    scopes.forget(['k199', 'unknown'])
    expect(scopes.entries).toBe(9)
  })
})
