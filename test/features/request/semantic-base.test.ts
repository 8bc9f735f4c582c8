import { describe, expect, test } from 'vitest'
import type { ParsedRequest } from '../../../src/contracts/request.js'
import { cacheKey } from '../../../src/features/request/fingerprint.js'
import { parseRequest } from '../../../src/features/request/parse.js'
import { semanticBase } from '../../../src/features/request/semantic-base.js'

const base = (raw: object): ReturnType<typeof semanticBase> =>
  semanticBase(parseRequest(raw), 'gpt-3.5-turbo')
const scopeOf = (raw: object): string | undefined => base(raw)?.scope

const said = (...messages: readonly (readonly [string, unknown])[]): object => ({
  messages: messages.map(([role, content]) => ({ role, content })),
})

describe('what is compared by meaning is', () => {
  test('the prompt', () => {
    expect(base({ prompt: 'Where is my card?' })?.text).toBe('Where is my card?')
  })

  test('the last user message, as a string or as one text part', () => {
    const before = [
      ['user', 'Hi'],
      ['assistant', 'Hello'],
    ] as const
    expect(base(said(...before, ['user', 'Where?']))?.text).toBe('Where?')
    expect(base(said(...before, ['user', [{ type: 'text', text: 'Where?' }]]))?.text).toBe('Where?')
  })

  test.each([
    ['a conversation that ends with the assistant', said(['user', 'Hi'], ['assistant', 'Hello'])],
    [
      'a message with an image',
      said([
        'user',
        [
          { type: 'text', text: 'What is it?' },
          { type: 'image', url: 'https://example.com/a.png' },
        ],
      ]),
    ],
    [
      'several text parts',
      said([
        'user',
        [
          { type: 'text', text: 'One' },
          { type: 'text', text: 'Two' },
        ],
      ]),
    ],
  ])('nothing of %s', (_, raw) => {
    expect(base(raw)).toBeUndefined()
  })
})

describe('the scope', () => {
  const prompt = 'Where is my card?'

  test('does not depend on the text', () => {
    expect(scopeOf({ prompt })).toBe(scopeOf({ prompt: 'Something else' }))
  })

  test.each([
    ['workspace', { workspace_id: 'acme' }],
    ['user, when the scope is the user', { user_id: 'u1', cache: { scope: 'user' } }],
    ['model', { model_name: 'gpt-4' }],
    ['system prompt', { system: 'Be brief' }],
    ['temperature', { temperature: 0 }],
    ['max_tokens', { max_tokens: 5 }],
    ['response format', { response_format: { type: 'json_object' } }],
    ['seed', { seed: 1 }],
  ])('depends on the %s', (_, fields) => {
    expect(scopeOf({ prompt, ...fields })).not.toBe(scopeOf({ prompt }))
  })

  test('depends on earlier messages', () => {
    const ending = ['user', 'And then?'] as const
    const one = scopeOf(said(['user', 'A'], ['assistant', 'B'], ending))
    expect(one).not.toBe(scopeOf(said(['user', 'A'], ['assistant', 'C'], ending)))
    expect(one).toBe(scopeOf(said(['user', 'A'], ['assistant', 'B'], ['user', 'Why?'])))
  })

  test('is never the cache key of a request with an empty text', () => {
    const empty = { ...parseRequest({ prompt }), prompt: '' } as ParsedRequest
    expect(scopeOf({ prompt })).not.toBe(cacheKey(empty, 'gpt-3.5-turbo'))
  })
})
