/** The price of an offer, settled once: the caller's, the listing's, then the source's. */
import { LRUCache } from 'lru-cache'
import type { MaybePromise } from '../../contracts/cache-tier.js'
import type { Logger } from '../../contracts/logger.js'
import type { ModelPrice, PriceSource } from '../../contracts/model.js'
import type { Offer } from '../../contracts/provider.js'
import { isPrice } from './check-price.js'
import { errorKind } from '../../util/error-kind.js'

export interface PriceLookup {
  /** Null when unknown, or not settled yet. */
  readonly price: (offer: Offer) => ModelPrice | null
  /** False when a source failed: the next try may find it well again. Never rejects. */
  readonly settle: (offers: readonly Offer[]) => Promise<boolean>
}

/** Prices that are kept: callers may choose model names. */
const KEPT = 1_000

interface Settled {
  readonly price: ModelPrice | null
}

const NOT_ASKED: Settled = { price: null }

/** @param own the caller's prices by `provider/model` or `model` */
export function createPriceLookup(
  own: ReadonlyMap<string, ModelPrice>,
  source: PriceSource,
  logger: Logger,
): PriceLookup {
  const ask = askOnce(source, logger)
  const given = ({ provider, model }: Offer): ModelPrice | null =>
    own.get(`${provider.name}/${model.id}`) ?? own.get(model.id) ?? model.price

  /** Asked on every call: nothing settled is looked up by name again. */
  const settled = new WeakMap<Offer, ModelPrice | null>()

  return {
    price: (offer) => {
      const known = settled.get(offer)
      if (known !== undefined) return known
      const first = given(offer)
      if (first !== null || offer.provider.vendor === null) return first
      const answer = ask(offer.provider.vendor, offer.model.id)
      if (answer === undefined || isPending(answer)) return null
      settled.set(offer, answer.price)
      return answer.price
    },
    settle: async (offers) => {
      const answers = await Promise.all(
        offers.map(async (offer) =>
          offer.provider.vendor === null || given(offer) !== null
            ? NOT_ASKED
            : ask(offer.provider.vendor, offer.model.id),
        ),
      )
      return answers.every((answer) => answer !== undefined)
    },
  }
}

/** What is settled, or the wait for it, which never rejects; undefined after a failure. */
type Ask = (vendor: string, model: string) => MaybePromise<Settled | undefined>

/** Puts each question once and keeps the answer; a failure is no answer. */
function askOnce(source: PriceSource, logger: Logger): Ask {
  const settled = new LRUCache<string, Settled>({ max: KEPT })
  const asked = new Map<string, Promise<Settled | undefined>>()

  const keep = (model: string, answer: ModelPrice | null): Settled => {
    const price = isPrice(answer) ? answer : null
    if (price === null && answer !== null) {
      logger.warn({ model }, 'the price source gave a price that is none: it is ignored')
    }
    const kept = { price }
    settled.set(model, kept)
    return kept
  }
  const complain = (model: string, error: unknown): void => {
    const kind = errorKind(error)
    logger.warn({ model, error: kind }, 'the price source failed: the price is unknown')
  }
  const wait = async (key: string, answer: Promise<ModelPrice | null>) => {
    try {
      return keep(key, await answer)
    } catch (error) {
      complain(key, error)
      return undefined
    } finally {
      asked.delete(key)
    }
  }

  return (vendor, model) => {
    const key = `${vendor}/${model}`
    const known = settled.get(key) ?? asked.get(key)
    if (known) return known
    try {
      const answer = source.priceOf(vendor, model)
      if (!isPending(answer)) return keep(key, answer)
      const waiting = wait(key, answer)
      asked.set(key, waiting)
      return waiting
    } catch (error) {
      complain(key, error)
      return undefined
    }
  }
}

/** Not `instanceof`: a promise of another realm is one, too. */
function isPending<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value
}
