import { describe, expect, it } from 'vitest'
import { isCacheable } from '../../../src/features/cache/cacheable.js'
import { answer } from './fixtures.js'

const call = { id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' }
const calling = (over: object = {}) =>
  answer({ text: '', finish_reason: 'tool_calls', tool_calls: [{ ...call, ...over }] })

describe('isCacheable', () => {
  it.each([
    ['a finished text', answer()],
    ['a tool call without text', calling()],
    ['a tool call without arguments', calling({ arguments: '' })],
    ['tool calls that end with stop', answer({ text: ' ', tool_calls: [call] })],
    ['an answer whose price is unknown', answer({ cost: null })],
    ['a substituted answer', answer({ substitution: 'any', substitution_reason: 'failover' })],
  ])('accepts %s', (_, candidate) => {
    expect(isCacheable(candidate)).toBe(true)
  })

  it.each([
    ['a truncated answer', answer({ finish_reason: 'length' })],
    ['a refused answer', answer({ finish_reason: 'content_filter' })],
    ['an empty text', answer({ text: '' })],
    ['whitespace', answer({ text: ' \n\t\u00a0' })],
    ['tool_calls without any', answer({ finish_reason: 'tool_calls' })],
    ['a tool call that was cut off', calling({ arguments: '{"city":"Par' })],
    ['a tool call without a name', calling({ name: '' })],
    ['usage that is not a number', answer({ usage: { ...answer().usage, output: NaN } })],
    ['negative usage', answer({ usage: { ...answer().usage, input: -1 } })],
    ['a negative cost', answer({ cost: -1 })],
    ['usage with a missing field', { ...answer(), usage: { input: 1, output: 1 } }],
    ['a text that is none', { ...answer(), text: 42 }],
    ['an unknown finish reason', { ...answer(), finish_reason: 'done' }],
    ['an unknown substitution', { ...answer(), substitution: 'maybe' }],
    ['no model', answer({ model_used: '' })],
    ['an array', [answer()]],
    ['null', null],
    ['an HTML page', '<html>'],
  ])('refuses %s', (_, candidate) => {
    expect(isCacheable(candidate)).toBe(false)
  })
})
