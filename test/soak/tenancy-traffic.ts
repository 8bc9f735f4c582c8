/** The traffic of tenancy.ts: the same questions, and nearly the same, from everybody at once. */
import type { InferenceClient, InferenceResponse } from '../../src/index.js'

/** Whose answers these are; `user` where the request is scoped to one. */
export interface Asker {
  readonly workspace: string
  readonly user: string | undefined
}

export const TENANTS = ['acme', 'globex', 'initech'] as const
const USERS = ['ann', 'bob'] as const
const TOPICS = [
  'bank card',
  'delivery address',
  'monthly invoice',
  'password',
  'phone contract',
  'refund',
  'subscription',
  'travel insurance',
] as const
const WAYS = [
  (topic: string, nth: number) => `How do I change the ${topic} of customer ${nth}?`,
  (topic: string, nth: number) => `How can I change the ${topic} of customer ${nth}?`,
  (topic: string, nth: number) => `How do I change the ${topic} of customer ${nth}`,
  (topic: string, nth: number) => `How do I change the ${topic} of the customer ${nth}?`,
  (topic: string, nth: number) => `Please, how do I change the ${topic} of customer ${nth}?`,
] as const

/** Different numbers give different questions; five in a row mean the same. */
export function promptOf(index: number): string {
  const way = WAYS[index % WAYS.length] ?? WAYS[0]
  const rest = Math.floor(index / WAYS.length)
  const topic = TOPICS[rest % TOPICS.length] ?? TOPICS[0]
  return way(topic, Math.floor(rest / TOPICS.length) + 1)
}

const nameOf = ({ workspace, user }: Asker): string =>
  user === undefined ? workspace : `${workspace}.${user}`

/** What the provider says: for whom it was called. The request's id is all it knows of the asker. */
export const answerTo = (request_id: string): string => `For ${request_id.split('-')[0]}.`

/** Counts answers by level, and those that were another asker's. */
export class Tally {
  readonly levels = new Map<string, number>()
  readonly foreign: string[] = []
  readonly failures: string[] = []
  requests = 0

  async ask(client: InferenceClient, asker: Asker, prompt: string, how: How): Promise<void> {
    this.requests += 1
    const name = nameOf(asker)
    const { workspace: workspace_id, user } = asker
    const request = {
      prompt,
      workspace_id,
      // Named also where the answer is everybody's: it must not matter.
      user_id: user ?? how.bystander,
      cache: {
        tags: [how.tag],
        ...(user !== undefined && { scope: 'user' as const }),
        ...(how.exact && { semantic: false }),
      },
    }
    const options = { request_id: `${name}-${this.requests}` }
    try {
      const answer = how.streamed
        ? await client.stream(request, options).response()
        : await client.infer(request, options)
      this.#note(answer, name)
    } catch (error) {
      this.failures.push(String(error))
    }
  }

  #note({ response, cache, coalesced }: InferenceResponse, name: string): void {
    const level = cache.level ?? (coalesced ? 'coalesced' : 'model')
    this.levels.set(level, (this.levels.get(level) ?? 0) + 1)
    if (response !== answerTo(name)) {
      this.foreign.push(`${name} was told "${response}" by ${level}`)
    }
  }
}

export interface How {
  readonly tag: string
  readonly streamed: boolean
  /** Not matched by meaning, so that there are answers to be found again as they are. */
  readonly exact: boolean
  readonly bystander: string | undefined
}

/** Everybody who asks one question at a time: each tenant, often twice, and sometimes its users. */
export function askersOf(random: () => number): Asker[] {
  return TENANTS.flatMap((workspace) => {
    const shared = { workspace, user: undefined }
    const users = USERS.map((user) => ({ workspace, user }))
    return [shared, ...(random() < 0.3 ? [shared] : []), ...(random() < 0.1 ? users : [])]
  })
}
