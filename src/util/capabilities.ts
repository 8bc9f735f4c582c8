/** What a chat model can be asked for, all of it: adapters say how they differ. */
import type { ModelCapabilities } from '../contracts/model.js'

export const EVERY_CAPABILITY: ModelCapabilities = Object.freeze({
  tools: true,
  toolChoice: true,
  images: true,
  files: true,
  fileUrls: true,
  jsonObject: true,
  jsonSchema: true,
  stop: true,
  seed: true,
  topP: true,
  maxTemperature: 2,
  temperatureWithTopP: true,
  stream: true,
})
