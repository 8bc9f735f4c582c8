/** The documented documents, asked of the running parts. */
import type { AnalyticsOptions } from '../contracts/stats.js'
import type { AnalyticsDocument, ProvidersDocument, StatusDocument } from '../contracts/stats.js'
import {
  analyticsDocument,
  providersDocument,
  statusDocument,
  type QueueNumbers,
} from '../features/ledger/documents.js'
import type { PipelineDependencies } from './dependencies.js'

export interface Documents {
  status(): StatusDocument
  /** @throws RaptorflowError INVALID_REQUEST, field `days` */
  analytics(options: AnalyticsOptions | null | undefined): AnalyticsDocument
  providers(): Promise<ProvidersDocument>
}

/** As documented. */
const DEFAULT_DAYS = 7

/** @param ttlSeconds how long an answer is fresh when its request says nothing */
export function createDocuments(deps: PipelineDependencies, ttlSeconds: number): Documents {
  const { clock, ledger, cache, catalogue } = deps
  const queue = (): QueueNumbers => {
    const { slots, active, pending, queues, average_wait_seconds } = deps.scheduler.stats()
    return {
      pending,
      processing: active,
      slots,
      active,
      queues,
      averageWaitSeconds: average_wait_seconds,
    }
  }
  return {
    status: () =>
      statusDocument({
        ledger,
        clock,
        queue: queue(),
        tiers: { l1: cache.tier('l1'), l2: cache.tier('l2'), l3: cache.tier('l3') },
        ttlSeconds,
        semantic: deps.semantic.stats(),
      }),
    analytics: (options) =>
      analyticsDocument({ ledger, clock, queue: queue() }, options?.days ?? DEFAULT_DAYS),
    providers: async () => {
      await catalogue.ready()
      const offers = catalogue.all().map((offer) => ({
        provider: offer.provider.name,
        model: offer.model,
        price: catalogue.price(offer),
      }))
      return providersDocument({ ledger, clock, offers })
    },
  }
}
