import { describe, expect, it } from 'vitest'
import { looksEnglish, rarity } from '../../../src/features/semantic/english.js'
import { wordsOf } from '../../../src/features/semantic/words.js'

describe('rarity', () => {
  it('is low for the words questions are made of, higher for what they are about', () => {
    const frame = ['what', 'how', 'is', 'the', 'of', 'which', 'do', 'can', 'why', 'who']
    const topics = ['password', 'egg', 'treaty', 'piano', 'mitochondria', 'kubernetes']
    const most = Math.max(...frame.map(rarity))
    expect(most).toBeLessThan(5)
    expect(Math.min(...topics.map(rarity))).toBeGreaterThan(most + 1)
  })
})

describe('looksEnglish', () => {
  it('needs half the words to be common English ones; numbers do not count', () => {
    expect(looksEnglish('Who is Zlatan Ibrahimovic?')).toBe(true)
    expect(looksEnglish('kubectl minikube 1 2 3 4')).toBe(false)
    expect(looksEnglish('1 + 1')).toBe(true)
  })
})

describe('wordsOf', () => {
  it('keeps signs that belong to a name or stand for themselves, and drops punctuation', () => {
    expect(wordsOf('Is C++ (or C#) > "Go"? 2+2 = 4 …')).toEqual([
      'is',
      'c++',
      'or',
      'c#',
      '>',
      'go',
      '2+',
      '2',
      '=',
      '4',
    ])
  })

  it('writes compatibility forms plainly, and keeps other scripts', () => {
    expect(wordsOf('Ｆｕｌｌ ﬁne 日本')).toEqual(['full', 'fine', '日本'])
  })
})
