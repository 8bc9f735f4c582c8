import { describe, expect, it } from 'vitest'
import { errorFrame, errorKind } from '../../src/util/error-kind.js'

const unreadable = new Proxy(new Error('secret'), {
  get: () => {
    throw new Error('secret')
  },
})

describe('what is said of a foreign error', () => {
  it('is its class, where that is one word', () => {
    expect(errorKind(new TypeError('secret'))).toBe('TypeError')
    expect(errorKind(Object.assign(new Error('x'), { name: 'the secret prompt' }))).toBe('object')
    expect(errorKind('secret')).toBe('string')
    expect(errorKind(unreadable)).toBe('object')
  })

  it('is the place it was thrown at, even when its message looks like a stack', () => {
    const place = /error-kind\.test\.ts:\d+:\d+\)?$/
    expect(errorFrame(new Error('plain'))).toMatch(place)
    for (const message of ['a\n    at SECRET prompt', '\n    at secret (/etc/secret:1:2)', '']) {
      const frame = errorFrame(new Error(message))
      expect(frame).toMatch(place)
      expect(frame).not.toMatch(/secret/i)
    }
    expect(errorFrame(unreadable)).toBeUndefined()
    expect(errorFrame('secret')).toBeUndefined()
  })
})
