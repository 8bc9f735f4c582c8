/** How large each part of a request may be. */
import type { ParsedRequest } from '../../contracts/request.js'
import { assertJsonSize, copyJson, tooLarge, type Bounds, type JsonCopy } from './json-copy.js'

/** Most UTF-8 bytes of `prompt`, `system` and all texts in `messages` together. */
const MAX_TEXT_BYTES = 4 * 2 ** 20

const SMALL: Bounds = { bytes: 64 * 2 ** 10, depth: 8 }
const LARGE: Bounds = { bytes: 256 * 2 ** 10, depth: 64 }
/** A valid message nests 5 levels. Its bytes are texts, which `assertTextSize` counts exactly. */
const MESSAGES: Bounds = { bytes: MAX_TEXT_BYTES, depth: 8 }

const BOUNDS: Readonly<Record<string, Bounds>> = {
  tools: LARGE,
  response_format: LARGE,
  provider_options: LARGE,
}

/**
 * A copy of what a field holds, within the field's bounds: 256 KiB of JSON and 64 levels for tools,
 * response_format and provider_options, 64 KiB and 8 levels for metadata and the small ones.
 * @throws Violation
 */
export function copyField(field: string, value: object): JsonCopy {
  if (field === 'messages') return copyJson(field, value, MESSAGES)
  const bounds = BOUNDS[field] ?? SMALL
  const copy = copyJson(field, value, bounds)
  assertJsonSize(field, copy, bounds)
  return copy
}

/**
 * @param messageUnits UTF-16 units of all texts in `messages`
 * @throws Violation when prompt, system and messages together exceed 4 MiB
 */
export function assertTextSize(request: ParsedRequest, messageUnits: number): void {
  const { prompt, system, messages } = request
  const units = (prompt?.length ?? 0) + (system?.length ?? 0) + messageUnits
  // UTF-8 takes at most 3 bytes for each UTF-16 unit: what is short needs no counting.
  if (units * 3 <= MAX_TEXT_BYTES) return
  const bytes = textBytes(prompt) + textBytes(system) + textBytes(messages)
  const field = messages === undefined ? 'prompt' : 'messages'
  if (bytes > MAX_TEXT_BYTES) throw tooLarge(field, MAX_TEXT_BYTES, `${bytes} with \`system\``)
}

function textBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value !== 'object' || value === null) return 0
  let bytes = 0
  for (const part of Object.values(value)) bytes += textBytes(part)
  return bytes
}
