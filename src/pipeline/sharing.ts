/** One call for all processes: who has the lease makes it, the others read its answer from the shared cache. */
import type { FlightControl } from '../features/dedup/flight.js'
import type { CacheHit } from '../features/cache/stack.js'
import { leaseName } from '../features/request/fingerprint.js'
import type { Decision, FlightResult } from './decision.js'
import type { PipelineDependencies } from './dependencies.js'
import { mayServe } from './serving.js'

type Make = () => Promise<FlightResult>

/**
 * `make`, unless another process is at the same: then its answer, once that is in the shared cache.
 * Without a shared store, or with an ill one, `make` at once. Streams take a free lease and never wait.
 */
export async function share(
  deps: PipelineDependencies,
  flight: FlightControl<Decision>,
  decision: Decision,
  make: Make,
): Promise<FlightResult> {
  const { leases } = deps
  if (leases === undefined || decision.cacheKey === undefined || decision.alone) return make()
  const stored = (): Promise<CacheHit | undefined> => newestFor(deps, decision)
  const outcome = await leases.enter(leaseName(decision.cacheKey, decision.request), {
    signal: flight.signal,
    wait: flight.mode === 'unary',
    isStored: async () => (await stored()) !== undefined,
    deadline: () => flight.latestDeadline(),
  })
  if (outcome.kind === 'owner') return makeAsOwner(decision, make, outcome.lease)
  const hit = outcome.kind === 'stored' ? await stored() : undefined
  if (hit === undefined) return make()
  return { answer: hit.entry.answer, sponsor: decision, served: { kind: 'shared', hit } }
}

interface OwnLease {
  end(end: 'stored' | 'none'): Promise<void>
}

/** The answer does not wait for its way into the cache; the lease does, or the others would not find it. */
async function makeAsOwner(decision: Decision, make: Make, lease: OwnLease): Promise<FlightResult> {
  try {
    return await make()
  } finally {
    void (decision.storing ?? Promise.resolve(false)).then(
      (stored) => lease.end(stored ? 'stored' : 'none'),
      () => lease.end('none'),
    )
  }
}

/** What a request that found nothing may be served by now: for a refresh, nothing older than itself. */
async function newestFor(
  deps: PipelineDependencies,
  { cacheKey, request, arrivedAt }: Decision,
): Promise<CacheHit | undefined> {
  if (cacheKey === undefined) return undefined
  const hit = await deps.cache.lookup(cacheKey)
  if (hit === undefined || hit.stale || !mayServe(deps, hit, request)) return undefined
  if (request.cache?.refresh === true && hit.entry.created_at < arrivedAt) return undefined
  return hit
}
