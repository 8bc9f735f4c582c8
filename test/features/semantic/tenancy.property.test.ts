import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { semanticBase } from '../../../src/features/request/semantic-base.js'
import type { KeyedEntry } from '../../../src/contracts/cache-tier.js'
import { hashEmbedder } from '../../../src/features/semantic/hash-embedder.js'
import { benchOf, keyed, requestOf } from './fixtures.js'

const request = fc
  .record({
    workspace_id: fc.constantFrom('a', 'b', undefined),
    user_id: fc.constantFrom('u1', 'u2'),
    scope: fc.constantFrom('workspace' as const, 'user' as const),
    model_name: fc.constantFrom('m1', 'm2', undefined),
    system: fc.constantFrom('be brief', 'be kind', undefined),
    prompt: fc.constantFrom(
      'How do I boil an egg?',
      'how do i boil an egg',
      'How do I boil eggs?',
      'What is tea?',
    ),
  })
  .map(({ scope, ...fields }) => requestOf({ ...fields, cache: { scope, semantic: true } }))

const stepOf = fc.record({
  request,
  action: fc.constantFrom('store' as const, 'load' as const, 'forget' as const, 'bad' as const),
})

/** Who may share an answer, written anew: everything but the text. */
function partition({
  workspace_id,
  user_id,
  model_name,
  system,
  cache,
}: ReturnType<typeof requestOf>) {
  const user = cache?.scope === 'user' ? user_id : null
  return JSON.stringify([workspace_id ?? 'default', user, model_name ?? null, system ?? null])
}

describe('tenancy of semantic matching', () => {
  it('never answers with a key of another tenant, user, model or system prompt', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 2, maxLength: 60 }), async (steps) => {
        const owners = new Map<string, string>()
        const stored: KeyedEntry[] = []
        // A store that answers with everything, whatever scope was asked for.
        const entriesInScope = () => Promise.resolve({ entries: [...stored], complete: true })
        const { matcher, clock } = benchOf({ embedder: hashEmbedder() }, { entriesInScope })
        for (const [index, step] of steps.entries()) {
          const probe = matcher.probe(step.request, semanticBase(step.request, 'default'))
          if (!probe) throw new Error('Expected a probe')
          const outcome = await matcher.match(probe, new AbortController().signal)
          for (const { key } of [...outcome.accepted, outcome.nearest, outcome.wouldServe].flatMap(
            (near) => near ?? [],
          )) {
            expect(owners.get(key)).toBe(partition(step.request))
          }
          const key = `k${index}`
          const [best] = outcome.accepted
          if (step.action === 'bad' && best) {
            matcher.served(key, best)
            matcher.feedback(key, 'bad')
          } else if (step.action === 'forget' && best) {
            matcher.forget([best.key])
          } else if (outcome.record) {
            owners.set(key, partition(step.request))
            if (step.action === 'store') matcher.add(key, outcome.record)
            else stored.push(keyed(key, outcome.record))
          }
          if (step.action === 'load') await clock.advance(1_000)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('matches within a partition at all: the property above is not empty', async () => {
    const { matcher } = benchOf({ embedder: hashEmbedder() })
    const ask = async (prompt: string, workspace_id: string) => {
      const made = requestOf({ prompt, workspace_id, cache: { semantic: true } })
      const probe = matcher.probe(made, semanticBase(made, 'default'))
      if (!probe) throw new Error('Expected a probe')
      return matcher.match(probe, new AbortController().signal)
    }
    const { record } = await ask('How do I boil an egg?', 'a')
    if (record) matcher.add('k', record)
    expect((await ask('how do I boil an egg', 'a')).accepted).toHaveLength(1)
    expect((await ask('how do I boil an egg', 'b')).accepted).toHaveLength(0)
  })
})
