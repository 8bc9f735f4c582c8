import { describe, expect, it } from 'vitest'
import { refusalOf } from '../../../src/features/semantic/refusals.js'
import type { ParsedRequest } from '../../../src/contracts/request.js'
import { benchOf, requestOf } from './fixtures.js'

const LIMITS = { maxTemperature: 1, maxTextLength: 1_000, anyLanguage: false, threshold: 0.8 }
const PLAIN = 'How do I boil an egg?'

const request = (fields: Partial<ParsedRequest>) => refusalOf(requestOf(fields), PLAIN, LIMITS)
const text = (given: string) => refusalOf(requestOf(), given, LIMITS)
const TOOL = { name: 'look', parameters: {} }
const CALL = { id: '1', name: 'look', arguments: '{}' }

describe('refusalOf', () => {
  it('lets a plain English question pass, at the default and at low temperatures', () => {
    expect(text(PLAIN)).toBeUndefined()
    expect(request({ temperature: 1 })).toBeUndefined()
    expect(request({ response_format: { type: 'text' } })).toBeUndefined()
    expect(request({ tools: [] })).toBeUndefined()
  })

  it('refuses requests whose answer is for them alone', () => {
    expect(request({ temperature: 1.1 })).toBe('temperature')
    expect(request({ tools: [TOOL] })).toBe('tools')
    expect(request({ messages: [{ role: 'assistant', tool_calls: [CALL] }] })).toBe('tools')
    expect(request({ messages: [{ role: 'tool', tool_call_id: '1', content: '' }] })).toBe('tools')
    expect(request({ response_format: { type: 'json_object' } })).toBe('format')
    const image = { type: 'image', url: 'https://example.com/a.png' } as const
    expect(request({ messages: [{ role: 'user', content: [image] }] })).toBe('attachments')
    expect(request({ cache: { scope: 'user' } })).toBe('user')
    expect(request({ cache: { scope: 'user' }, user_id: 'u1' })).toBeUndefined()
  })

  it('refuses texts that cannot be matched safely', () => {
    expect(refusalOf(requestOf(), undefined, LIMITS)).toBe('shape')
    expect(text(' ?! ')).toBe('empty')
    expect(text('word '.repeat(201))).toBe('too_long')
  })

  it.each([
    'Who is the current president?',
    'What happened today?',
    'What is the Latest version of Node?',
    'Which films come out next week',
    "What's the weather like in Paris?",
  ])('refuses what is answered otherwise tomorrow: %s', (question) => {
    expect(text(question)).toBe('time')
  })

  it('does not take part of a word for a word of time', () => {
    expect(text('How do I know whether snow melts?')).toBeUndefined()
  })

  it.each([
    'Wie kann ich mein Passwort nicht vergessen?',
    'Comment puis-je changer mon mot de passe ?',
    '日本の首都はどこですか',
    'Какая столица Франции?',
  ])('refuses what is not English, whose negations the guards cannot see: %s', (question) => {
    expect(text(question)).toBe('language')
    expect(refusalOf(requestOf(), question, { ...LIMITS, anyLanguage: true })).toBeUndefined()
  })

  it('counts refusals by reason', () => {
    const { matcher } = benchOf()
    const base = { scope: 'scope', text: PLAIN }
    expect(matcher.probe(requestOf({ temperature: 2 }), base)).toBeUndefined()
    expect(matcher.probe(requestOf({ temperature: 2 }), base)).toBeUndefined()
    expect(matcher.probe(requestOf(), undefined)).toBeUndefined()
    expect(matcher.probe(requestOf({ cache: { semantic: false } }), base)).toBeUndefined()
    expect(matcher.probe(requestOf({ use_cache: false }), base)).toBeUndefined()
    expect(matcher.stats().refused).toEqual({ temperature: 2, shape: 1 })
  })
})
