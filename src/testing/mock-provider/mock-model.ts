/** What a mock provider serves and can do unless told otherwise: everything. */
import type { ModelCapabilities, ModelOptions } from '../../contracts/model.js'
import { EVERY_CAPABILITY } from '../../util/capabilities.js'

export const MOCK_CAPABILITIES: ModelCapabilities = EVERY_CAPABILITY

export const MOCK_MODEL: ModelOptions = {
  id: 'mock-model',
  price: { input: 1, output: 2 },
  contextWindow: 128_000,
  maxOutputTokens: 16_384,
  capabilities: MOCK_CAPABILITIES,
  qualityScore: 0.5,
}
