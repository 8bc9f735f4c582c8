/** Tool calls as they arrive in pieces. */
import type { Delta } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { newId } from '../../util/id.js'
import { isRecord, nonEmpty } from './shape.js'

interface OpenCall {
  readonly position: number
  readonly id: string | undefined
}

export interface ToolCallReader {
  /** @throws ProviderError bad_response */
  read(pieces: unknown): Delta[]
  /** How many calls have begun. */
  readonly count: number
}

/**
 * Numbers the calls 0, 1, 2 … in the order of their first piece. A piece belongs to the call of
 * its `index`; one with a name and an id of its own begins a call even where a server sends the
 * same index for all, as Gemini's version of this format does.
 */
export function createToolCallReader(): ToolCallReader {
  const open = new Map<unknown, OpenCall>()
  let count = 0

  const readPiece = (piece: unknown, place: number): Delta => {
    const called = isRecord(piece) ? (piece['function'] ?? {}) : undefined
    if (!isRecord(piece) || !isRecord(called)) throw malformed()
    const text = called['arguments'] ?? undefined
    if (text !== undefined && typeof text !== 'string') throw malformed()
    const name = nonEmpty(called['name'])
    const id = nonEmpty(piece['id'])
    const index = piece['index'] ?? place
    const current = open.get(index)
    const isNew = name !== undefined && (!current || (id !== undefined && id !== current.id))
    if (!isNew) {
      if (!current) throw malformed()
      return { type: 'tool_call', index: current.position, arguments: text }
    }
    const begun = { position: count++, id }
    open.set(index, begun)
    return {
      type: 'tool_call',
      index: begun.position,
      id: id ?? newId('call'),
      name,
      arguments: text,
    }
  }

  return {
    read: (pieces) => {
      if (pieces === undefined || pieces === null) return []
      if (!Array.isArray(pieces)) throw malformed()
      return (pieces as unknown[]).map(readPiece)
    },
    get count() {
      return count
    },
  }
}

function malformed(): ProviderError {
  return new ProviderError({ reason: 'bad_response' })
}
