import { describe, expect, it } from 'vitest'
import {
  resolveWarmingOptions,
  type WarmingOptions,
} from '../../../src/jobs/warming/warming-options.js'

describe('the options of warming', () => {
  it('spend nothing by default', () => {
    expect(resolveWarmingOptions()).toEqual({
      automatic: false,
      maxCostPerHour: undefined,
      threshold: 0.75,
      intervalSeconds: 60,
      maxInFlight: 2,
      holdout: 0.1,
      maxKeys: 1_000,
      valuePerSecond: 0,
    })
  })

  it('need a spend cap for the automatic mode', () => {
    expect(() => resolveWarmingOptions({ automatic: true })).toThrow(
      /Expected the option `warming\.maxCostPerHour` to be a number greater than 0/,
    )
    expect(resolveWarmingOptions({ automatic: true, maxCostPerHour: 1 }).automatic).toBe(true)
  })

  it.each([
    [{ automatic: 'yes' }, 'warming.automatic'],
    [{ maxCostPerHour: 0 }, 'warming.maxCostPerHour'],
    [{ threshold: 0 }, 'warming.threshold'],
    [{ threshold: 1.1 }, 'warming.threshold'],
    [{ intervalSeconds: 0.5 }, 'warming.intervalSeconds'],
    [{ intervalSeconds: 1e9 }, 'warming.intervalSeconds'],
    [{ maxInFlight: 1.5 }, 'warming.maxInFlight'],
    [{ holdout: 1 }, 'warming.holdout'],
    [{ holdout: NaN }, 'warming.holdout'],
    [{ maxKeys: 100_001 }, 'warming.maxKeys'],
    [{ valuePerSecond: -1 }, 'warming.valuePerSecond'],
    [{ treshold: 0.5 }, 'warming.treshold'],
  ])('refuse %j by the name of %s', (options, field) => {
    expect(() => resolveWarmingOptions(options as WarmingOptions)).toThrow(
      expect.objectContaining({
        code: 'INVALID_REQUEST',
        details: { field, validation: 'option', reason: 'configuration' },
      }),
    )
  })
})
