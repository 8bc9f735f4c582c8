/** A provider that is only listed, never called. */
import type { ModelCapabilities } from '../../../src/contracts/model.js'
import type { Logger } from '../../../src/contracts/logger.js'
import type { Provider } from '../../../src/contracts/provider.js'
import { EVERY_CAPABILITY } from '../../../src/util/capabilities.js'

export const EVERYTHING: ModelCapabilities = EVERY_CAPABILITY

export function stubProvider(name: string, part: Partial<Provider> = {}): Provider {
  return {
    specVersion: 'v1',
    name,
    vendor: null,
    models: [],
    capabilities: EVERYTHING,
    call: () => Promise.reject(new Error('not called')),
    stream: () => {
      throw new Error('not called')
    },
    ...part,
  }
}

/** Keeps what is logged. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = []
  const log = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { lines, debug: log, info: log, warn: log, error: log }
}
