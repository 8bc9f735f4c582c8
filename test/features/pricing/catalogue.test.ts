import { describe, expect, it, vi } from 'vitest'
import type { ModelPrice, PriceSource } from '../../../src/contracts/model.js'
import type { Provider } from '../../../src/contracts/provider.js'
import { createCatalogue, type Catalogue } from '../../../src/features/pricing/catalogue.js'
import { MODEL_FACTS } from '../../../src/features/pricing/model-facts.js'
import { EVERYTHING, recordingLogger, stubProvider } from './stub-provider.js'

const CHEAP: ModelPrice = { input: 1, output: 2 }
const DEAR: ModelPrice = { input: 10, output: 20 }
const openai = stubProvider('openai', { vendor: 'openai', models: null })
const noPrices: PriceSource = { priceOf: () => null }

function catalogueOf(
  providers: readonly Provider[],
  part: { priceSource?: PriceSource; prices?: { readonly [name: string]: ModelPrice } } = {},
): Catalogue & { readonly lines: string[] } {
  const logger = recordingLogger()
  const catalogue = createCatalogue({ providers, priceSource: noPrices, logger, ...part })
  return { ...catalogue, lines: logger.lines }
}

const found = (catalogue: Catalogue, name: string): readonly string[] =>
  catalogue.find(name).map(({ provider, model }) => `${provider.name}:${model.id}`)

describe('finding models', () => {
  it('lists the table’s models of the vendor for a provider without a list', () => {
    const rows = MODEL_FACTS.filter(({ vendor }) => vendor === 'openai')
    expect(catalogueOf([openai]).all()).toHaveLength(rows.length)
    expect(found(catalogueOf([openai]), 'gpt-4')).toEqual(['openai:gpt-4'])
    expect(found(catalogueOf([openai]), 'claude-opus-5')).toEqual([])
  })

  it('finds a model at every provider that lists it, in the order of the providers', () => {
    const b = stubProvider('b', { models: [{ id: 'gpt-4' }] })
    expect(found(catalogueOf([b, openai]), 'gpt-4')).toEqual(['b:gpt-4', 'openai:gpt-4'])
    expect(found(catalogueOf([b, openai]), 'openai/gpt-4')).toEqual(['openai:gpt-4'])
  })

  it('resolves aliases to the name that is sent, and keeps dated versions under their own', () => {
    const own = stubProvider('own', { models: [{ id: 'real', aliases: ['nick'] }] })
    const catalogue = catalogueOf([openai, own])
    expect(found(catalogue, 'gpt-5.6')).toEqual(['openai:gpt-5.6-sol'])
    expect(found(catalogue, 'openai/gpt-5.6')).toEqual(['openai:gpt-5.6-sol'])
    expect(found(catalogue, 'nick')).toEqual(['own:real'])
    expect(found(catalogue, 'gpt-4o-2024-08-06')).toEqual(['openai:gpt-4o-2024-08-06'])
    expect(catalogue.find('gpt-4o-2024-08-06')[0]?.model.contextWindow).toBe(128_000)
    expect(catalogue.all().some(({ model }) => model.id === 'gpt-4o-2024-08-06')).toBe(false)
  })

  it('prefers a model’s own name to another model’s alias', () => {
    const own = stubProvider('own', { models: [{ id: 'a', aliases: ['b'] }, { id: 'b' }] })
    expect(found(catalogueOf([own]), 'b')).toEqual(['own:b'])
  })

  it('takes a slash for part of the model’s name where a model has that name', () => {
    const host = stubProvider('host', { models: [{ id: 'meta-llama/llama-3' }] })
    const meta = stubProvider('meta-llama')
    const catalogue = catalogueOf([host, meta])
    expect(found(catalogue, 'meta-llama/llama-3')).toEqual(['host:meta-llama/llama-3'])
    expect(found(catalogue, 'host/meta-llama/llama-3')).toEqual(['host:meta-llama/llama-3'])
    expect(found(catalogue, 'meta-llama/llama-4')).toEqual(['meta-llama:llama-4'])
  })

  it('passes an unlisted model through to a known provider only', () => {
    const catalogue = catalogueOf([openai])
    expect(found(catalogue, 'openai/next/thing')).toEqual(['openai:next/thing'])
    expect(catalogue.find('openai/next/thing')[0]?.model).toMatchObject({
      qualityScore: null,
      contextWindow: null,
      capabilities: EVERYTHING,
    })
    for (const name of [
      'nobody/gpt-4',
      'next',
      'openai/',
      '/gpt-4',
      '',
      '__proto__',
      'constructor',
    ]) {
      expect(found(catalogue, name), name).toEqual([])
    }
  })

  it('knows the table’s facts of a model that is passed through', () => {
    const few = stubProvider('few', { vendor: 'openai', models: [{ id: 'gpt-4' }] })
    expect(catalogueOf([few]).find('few/o3')[0]?.model.capabilities.maxTemperature).toBeNull()
  })

  it('answers the same offer for the same name, and forgets what callers made up', () => {
    const catalogue = catalogueOf([openai])
    const first = catalogue.find('openai/made-up')
    expect(catalogue.find('openai/made-up')).toBe(first)
    for (let i = 0; i < 2_000; i += 1) catalogue.find(`openai/made-up-${String(i)}`)
    expect(catalogue.find('openai/made-up')).not.toBe(first)
  })
})

describe('a model’s abilities', () => {
  it('are the provider’s, less what the table says the model refuses', () => {
    const { capabilities } = catalogueOf([openai]).find('o3')[0]!.model
    expect(capabilities).toMatchObject({
      maxTemperature: null,
      topP: false,
      stop: false,
      tools: true,
    })
  })

  it('follow the listing where it contradicts the table, never beyond the provider’s', () => {
    const provider = stubProvider('p', {
      vendor: 'openai',
      capabilities: { ...EVERYTHING, seed: false, maxTemperature: 1 },
      models: [{ id: 'o3', capabilities: { stop: true, seed: true, maxTemperature: 2 } }],
    })
    const { capabilities } = catalogueOf([provider]).find('o3')[0]!.model
    expect(capabilities).toMatchObject({ stop: true, seed: false, maxTemperature: 1, topP: false })
  })

  it('ignore the table for a provider of nobody’s models', () => {
    const host = stubProvider('host', { models: [{ id: 'o3' }] })
    expect(catalogueOf([host]).find('o3')[0]?.model.capabilities).toEqual(EVERYTHING)
  })
})

describe('prices', () => {
  it('are the caller’s first, then the listing’s, then the source’s', () => {
    const provider = stubProvider('p', {
      vendor: 'v',
      models: [{ id: 'a', price: DEAR }, { id: 'b', price: DEAR }, { id: 'c' }, { id: 'd' }],
    })
    const source: ModelPrice = { input: 3, output: 3 }
    const catalogue = catalogueOf([provider], {
      priceSource: { priceOf: () => source },
      prices: { 'p/a': CHEAP, d: CHEAP },
    })
    const price = (name: string): ModelPrice | null => catalogue.price(catalogue.find(name)[0]!)
    expect([price('a'), price('b'), price('c'), price('d')]).toEqual([CHEAP, DEAR, source, CHEAP])
  })

  it('ask the source once per vendor and model, however many providers have it', async () => {
    const priceOf = vi.fn(() => Promise.resolve(CHEAP))
    const one = stubProvider('one', { vendor: 'v', models: [{ id: 'm' }] })
    const two = stubProvider('two', { vendor: 'v', models: [{ id: 'm' }] })
    const catalogue = catalogueOf([one, two], { priceSource: { priceOf } })
    expect(catalogue.price(catalogue.find('one/m')[0]!)).toBeNull()
    await Promise.all([catalogue.ready(), catalogue.ready()])
    await catalogue.ready()
    expect(catalogue.find('m').map(catalogue.price)).toEqual([CHEAP, CHEAP])
    expect(priceOf.mock.calls).toEqual([['v', 'm']])
  })

  it('settle for unlisted models, too, when asked for them', async () => {
    const provider = stubProvider('p', { vendor: 'v' })
    const catalogue = catalogueOf([provider], {
      priceSource: { priceOf: () => Promise.resolve(DEAR) },
    })
    const offers = catalogue.find('p/new')
    await catalogue.ready(offers)
    expect(catalogue.price(offers[0]!)).toBe(DEAR)
  })

  it('stay unknown while the source fails, and are asked for again', async () => {
    const provider = stubProvider('p', { vendor: 'v', models: [{ id: 'm' }] })
    const priceOf = vi
      .fn<PriceSource['priceOf']>()
      .mockRejectedValueOnce(new Error('secret text'))
      .mockImplementationOnce(() => {
        throw new TypeError('secret text')
      })
      .mockReturnValue(CHEAP)
    const catalogue = catalogueOf([provider], { priceSource: { priceOf } })
    const offer = catalogue.find('m')[0]!
    await catalogue.ready()
    expect(catalogue.price(offer)).toBeNull()
    await catalogue.ready()
    expect(catalogue.price(offer)).toEqual(CHEAP)
    expect(catalogue.lines).toHaveLength(2)
    expect(catalogue.lines.join()).not.toContain('secret')
  })

  it('are never asked for where the models are nobody’s', () => {
    const priceOf = vi.fn(() => CHEAP)
    const catalogue = catalogueOf([stubProvider('p', { models: [{ id: 'gpt-4' }] })], {
      priceSource: { priceOf },
    })
    expect(catalogue.price(catalogue.find('gpt-4')[0]!)).toBeNull()
    expect(priceOf).not.toHaveBeenCalled()
  })

  it.each([
    { input: -1, output: 1 },
    { input: NaN, output: 1 },
    { input: 1, output: 1, cacheRead: Infinity },
    { input: 1, output: 1, tiers: [{ input: 1, output: 1, aboveInputTokens: -5 }] },
    {
      input: 1,
      output: 1,
      tiers: [
        { input: 1, output: 1, aboveInputTokens: 9 },
        { input: 1, output: 1, aboveInputTokens: 9 },
      ],
    },
  ])('are refused as options and ignored from a source when they make no sense: %j', (price) => {
    const broken = { code: 'INVALID_REQUEST', details: { reason: 'configuration' } }
    expect(() => catalogueOf([openai], { prices: { 'gpt-4': price } })).toThrow(
      expect.objectContaining({ code: broken.code }),
    )
    const listing = stubProvider('p', { models: [{ id: 'm', price }] })
    expect(() => catalogueOf([listing])).toThrow(/Expected the option `p\.models\.m\.price` to be/)
    const catalogue = catalogueOf([openai], { priceSource: { priceOf: () => price } })
    expect(catalogue.price(catalogue.find('gpt-4')[0]!)).toBeNull()
    expect(catalogue.lines).toHaveLength(1)
  })
})
