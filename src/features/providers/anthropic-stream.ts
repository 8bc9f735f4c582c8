/** Turns the events of Anthropic's stream into deltas. */
import type { Delta, Usage } from '../../contracts/provider.js'
import { ProviderError } from '../../errors.js'
import { finishOf, textOf, usageOf } from './anthropic-answer.js'
import { errorEvent } from './anthropic-errors.js'
import { isRecord } from './shape.js'

type Fields = { readonly [field: string]: unknown }

interface OpenToolCall {
  /** Position among the answer's tool calls; the vendor counts all blocks. */
  readonly index: number
  hasArguments: boolean
}

/** Reads one stream, event by event. */
export class MessageReader {
  #counts: Fields = {}
  #stopReason: string | undefined
  #stopped = false
  #hasText = false
  #toolCalls = 0
  readonly #open = new Map<unknown, OpenToolCall>()

  /** True once the terminal marker was seen: a cut after it loses nothing. */
  get complete(): boolean {
    return this.#stopReason !== undefined
  }

  /** True after the last event. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** The latest counts; output is cumulative. Undefined before the first. */
  get usage(): Usage | undefined {
    return usageOf(this.#counts)
  }

  /** @throws ProviderError `bad_response` for an event of the wrong shape, the type of an error event */
  read(event: unknown): Delta {
    if (!isRecord(event)) throw new ProviderError({ reason: 'bad_response' })
    switch (event['type']) {
      case 'message_start':
        this.#count(fieldsOf(event['message'])['usage'])
        return { type: 'alive', usage: this.usage }
      case 'content_block_start':
        return this.#start(event['index'], fieldsOf(event['content_block']))
      case 'content_block_delta':
        return this.#delta(event['index'], fieldsOf(event['delta']))
      case 'content_block_stop':
        return this.#stop(event['index'])
      case 'message_delta':
        this.#count(event['usage'])
        this.#end(fieldsOf(event['delta'])['stop_reason'])
        return { type: 'alive', usage: this.usage }
      case 'message_stop':
        this.#stopped = true
        return { type: 'alive' }
      case 'error':
        throw errorEvent(event)
      default:
        // Pings, and whatever comes next.
        return { type: 'alive' }
    }
  }

  /** @throws ProviderError `stream_truncated` without a stop reason, else as `finishOf` */
  finish(): Delta {
    const { usage } = this
    const stopReason = this.#stopReason
    if (stopReason === undefined) throw new ProviderError({ reason: 'stream_truncated', usage })
    const came = { text: this.#hasText, toolCalls: this.#toolCalls > 0 }
    return { type: 'finish', finish_reason: finishOf(stopReason, came, usage), usage }
  }

  #start(position: unknown, block: Fields): Delta {
    if (block['type'] === 'text') return this.#text(block['text'] ?? '')
    if (block['type'] === 'thinking') return reasoning(block['thinking'] ?? '')
    if (block['type'] !== 'tool_use') return { type: 'alive' }
    const index = this.#toolCalls++
    this.#open.set(position, { index, hasArguments: false })
    return { type: 'tool_call', index, id: textOf(block['id']), name: textOf(block['name']) }
  }

  #delta(position: unknown, delta: Fields): Delta {
    if (delta['type'] === 'text_delta') return this.#text(delta['text'])
    if (delta['type'] === 'thinking_delta') return reasoning(delta['thinking'])
    const open = this.#open.get(position)
    if (delta['type'] !== 'input_json_delta' || !open) return { type: 'alive' }
    const piece = textOf(delta['partial_json'])
    if (piece === '') return { type: 'alive' }
    open.hasArguments = true
    return { type: 'tool_call', index: open.index, arguments: piece }
  }

  /** A call without arguments streams none at all, where a whole answer has `{}`. */
  #stop(position: unknown): Delta {
    const open = this.#open.get(position)
    this.#open.delete(position)
    if (!open || open.hasArguments) return { type: 'alive' }
    return { type: 'tool_call', index: open.index, arguments: '{}' }
  }

  #text(value: unknown): Delta {
    const text = textOf(value)
    if (text === '') return { type: 'alive' }
    this.#hasText ||= text.trim() !== ''
    return { type: 'text', text }
  }

  #count(usage: unknown): void {
    // A later null means "not said again", not zero.
    const said = Object.entries(fieldsOf(usage)).filter(([, value]) => value != null)
    this.#counts = { ...this.#counts, ...Object.fromEntries(said) }
  }

  #end(stopReason: unknown): void {
    if (typeof stopReason === 'string') this.#stopReason = stopReason
  }
}

function reasoning(value: unknown): Delta {
  const text = textOf(value)
  return text === '' ? { type: 'alive' } : { type: 'reasoning', text }
}

function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : {}
}
