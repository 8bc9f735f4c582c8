import { describe, expect, it } from 'vitest'
import { sameAnswer } from '../../../src/features/semantic/same-answer.js'

const LONG =
  'Boil the egg in salted water for seven minutes, cool it in a bowl of ice, then peel the shell under running water.'

describe('sameAnswer', () => {
  it('takes equal words for the same answer', () => {
    expect(sameAnswer('Paris.', 'paris')).toBe(true)
    expect(sameAnswer(LONG, LONG.toUpperCase())).toBe(true)
  })

  it('finds a short fact inside a sentence, and misses another fact', () => {
    expect(sameAnswer('Paris', 'The capital of France is Paris.')).toBe(true)
    expect(sameAnswer('Paris', 'The capital of Spain is Madrid.')).toBe(false)
    expect(sameAnswer('It is 42.', 'It is 43.')).toBe(false)
    expect(sameAnswer('No', 'Yes')).toBe(false)
    expect(sameAnswer('No.', 'No, it is not.')).toBe(true)
  })

  it('compares longer answers by their rarer words, and leaves the middle open', () => {
    const similar =
      'Boil the egg for seven minutes in salted water, cool it in ice, then peel off the shell under water.'
    const other =
      'The treaty was signed in the spring by both ambassadors after long negotiations about fishing rights at sea.'
    expect(sameAnswer(LONG, similar)).toBe(true)
    expect(sameAnswer(LONG, other)).toBe(false)
    const half =
      'Boil the egg in salted water for seven minutes; the treaty was signed by both ambassadors after negotiations.'
    expect(sameAnswer(LONG, half)).toBeUndefined()
  })

  it('has no answer equal to none', () => {
    expect(sameAnswer('', 'Paris')).toBe(false)
  })
})
