/** Which models can be asked for, at which provider, and what they cost. */
import { LRUCache } from 'lru-cache'
import type { Logger } from '../../contracts/logger.js'
import type { ModelOptions, ModelPrice, PriceSource } from '../../contracts/model.js'
import type { Offer, Provider } from '../../contracts/provider.js'
import { checkPrice } from './check-price.js'
import { MODEL_FACTS, type ModelFacts } from './model-facts.js'
import { toModel } from './model.js'
import { createPriceLookup } from './price-lookup.js'

export interface CatalogueDeps {
  readonly providers: readonly Provider[]
  readonly priceSource: PriceSource
  /** The caller's prices in USD per million tokens, by `provider/model` or `model` id; they come first. */
  readonly prices?: { readonly [name: string]: ModelPrice } | undefined
  readonly logger: Logger
}

export interface Catalogue {
  /**
   * Offers that serve `model` or `provider/model`, in the order of the providers; none when nobody
   * does. Aliases resolve; a dated version is served under its own name. Where a model's own name
   * contains a slash, the model wins. `provider/model` reaches an unlisted model of a known
   * provider, of which no more is known than the table of facts says.
   */
  readonly find: (name: string) => readonly Offer[]
  /** Every listed offer once: no aliases, no dated versions, nothing passed through. */
  readonly all: () => readonly Offer[]
  /**
   * Settles the prices of every listed offer and of `more`; at once when they are. Never rejects:
   * a price whose source fails is unknown, and asked for again next time.
   */
  readonly ready: (more?: readonly Offer[]) => Promise<void>
  /**
   * The price in USD per million tokens; null when unknown. A price that only an asynchronous source
   * knows is unknown until `ready` settled it.
   */
  readonly price: (offer: Offer) => ModelPrice | null
}

/** Unlisted models that are remembered: callers choose their names. */
const KEPT = 1_000

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, for a price that is none */
export function createCatalogue(deps: CatalogueDeps): Catalogue {
  const own = new Map(Object.entries(deps.prices ?? {}))
  for (const [name, price] of own) checkPrice(`prices.${name}`, price)
  for (const { name, models } of deps.providers) {
    for (const { id, price } of models ?? []) {
      if (price !== undefined) checkPrice(`${name}.models.${id}.price`, price)
    }
  }
  const listings = deps.providers.map((provider) => listingOf(provider))
  const everything = listings.flatMap((listing) => listing.main)
  const byName = index(listings)
  const byProvider = new Map(deps.providers.map((provider) => [provider.name, provider]))
  const passed = new LRUCache<string, readonly Offer[]>({ max: KEPT })

  const passThrough = (name: string): readonly Offer[] => {
    const slash = name.indexOf('/')
    const provider = slash > 0 ? byProvider.get(name.slice(0, slash)) : undefined
    const id = name.slice(slash + 1)
    if (provider === undefined || id === '') return []
    const known = passed.get(name)
    if (known) return known
    const offers = [
      { provider, model: toModel({ id }, provider.capabilities, factsFor(provider, id)) },
    ]
    passed.set(name, offers)
    return offers
  }

  const prices = createPriceLookup(own, deps.priceSource, deps.logger)
  let listedSettled = false

  return {
    find: (name) => byName.get(name) ?? passThrough(name),
    all: () => everything,
    ready: async (more = []) => {
      if (!listedSettled) listedSettled = await prices.settle(everything)
      if (more.length > 0) await prices.settle(more)
    },
    price: prices.price,
  }
}

interface Listing {
  readonly provider: Provider
  readonly main: readonly Offer[]
  /** Every name it answers to. */
  readonly names: ReadonlyMap<string, Offer>
}

function listingOf(provider: Provider): Listing {
  const names = new Map<string, Offer>()
  const main: Offer[] = []
  const list = (options: ModelOptions, facts: ModelFacts | undefined, listed: boolean): void => {
    const offer = { provider, model: toModel(options, provider.capabilities, facts) }
    if (listed) main.push(offer)
    // A model's own name is stronger than another one's alias.
    names.set(options.id, offer)
  }
  for (const options of provider.models ?? []) list(options, factsFor(provider, options.id), true)
  if (provider.models === null) {
    for (const facts of MODEL_FACTS.filter((row) => row.vendor === provider.vendor)) {
      list({ id: facts.id }, facts, true)
      for (const id of facts.snapshots) list({ id }, { ...facts, aliases: [] }, false)
    }
  }
  for (const offer of main) {
    for (const alias of offer.model.aliases) if (!names.has(alias)) names.set(alias, offer)
  }
  return { provider, main, names }
}

/** Facts are the vendor's: another vendor's model of the same name is another model. */
function factsFor(provider: Provider, id: string): ModelFacts | undefined {
  const facts = MODEL_FACTS.find(
    (row) => row.vendor === provider.vendor && (row.id === id || row.snapshots.includes(id)),
  )
  return facts && facts.id !== id ? { ...facts, aliases: [] } : facts
}

function index(listings: readonly Listing[]): ReadonlyMap<string, readonly Offer[]> {
  const byName = new Map<string, Offer[]>()
  const add = (name: string, offer: Offer): void => {
    const offers = byName.get(name)
    if (offers) offers.push(offer)
    else byName.set(name, [offer])
  }
  for (const { names } of listings) for (const [name, offer] of names) add(name, offer)
  for (const { provider, names } of listings) {
    for (const [name, offer] of names) {
      const full = `${provider.name}/${name}`
      if (!byName.has(full)) add(full, offer)
    }
  }
  return byName
}
