/** An answer as a test writes it, and the same answer with nothing left open. */
import { RaptorflowError } from '../errors.js'
import type { Usage } from '../contracts/provider.js'
import type { ToolCall } from '../contracts/request.js'
import type { FinishReason } from '../contracts/provider.js'

export interface ScriptedToolCall {
  /** @default generated */
  readonly id?: string | undefined
  readonly name: string
  /** An object is sent as its JSON text. @default {} */
  readonly arguments?: string | { readonly [field: string]: unknown } | undefined
}

/** Every field is optional; `{}` is an empty answer. */
export interface ScriptedAnswer {
  /** @default the chunks joined, or '' */
  readonly text?: string | undefined
  readonly reasoning?: string | undefined
  readonly tool_calls?: readonly ScriptedToolCall[] | undefined
  /** @default 'tool_calls' when there are any, otherwise 'stop' */
  readonly finish_reason?: FinishReason | undefined
  /** What is reported; `null` reports none. @default one token per 4 characters, rounded up */
  readonly usage?: Partial<Usage> | null | undefined
  /** How a stream cuts the text; joined, they must be the text. @default pieces of whole words */
  readonly chunks?: readonly string[] | undefined
  /** Milliseconds before the answer. @default 0 */
  readonly latencyMs?: number | undefined
  /** Milliseconds before a stream's first piece. @default latencyMs */
  readonly firstByteMs?: number | undefined
  /** Milliseconds between a stream's pieces. @default 0 */
  readonly betweenChunksMs?: number | undefined
}

export interface SettledAnswer {
  readonly text: string
  readonly chunks: readonly string[]
  readonly reasoning: string | undefined
  readonly toolCalls: readonly ToolCall[]
  readonly finishReason: FinishReason
  readonly usage: Usage | null
}

export interface SettleContext {
  /** Characters of the whole input. */
  readonly inputChars: number
  /** Most pieces the text is cut into when no chunks are scripted. */
  readonly chunkCount: number
  /** The id of the tool call at a position. */
  readonly toolCallId: (position: number) => string
}

/** One token per 4 characters, the vendors' own rule of thumb for English. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / 4)
}

/** Cuts at word boundaries into at most `count` pieces of about equal word counts. */
export function splitText(text: string, count: number): readonly string[] {
  if (text === '') return []
  const words = text.split(/(?<=\s)(?=\S)/)
  const pieces = Math.max(1, Math.min(count, words.length))
  return Array.from({ length: pieces }, (_, piece) =>
    words
      .slice(
        Math.floor((piece * words.length) / pieces),
        Math.floor(((piece + 1) * words.length) / pieces),
      )
      .join(''),
  )
}

function settleToolCalls(
  scripted: readonly ScriptedToolCall[],
  context: SettleContext,
): readonly ToolCall[] {
  return scripted.map((call, position) => ({
    id: call.id ?? context.toolCallId(position),
    name: call.name,
    arguments:
      typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments ?? {}),
  }))
}

/** @throws RaptorflowError INVALID_REQUEST, reason `configuration`, when chunks and text differ */
export function settleAnswer(
  scripted: string | ScriptedAnswer,
  context: SettleContext,
): SettledAnswer {
  const answer = typeof scripted === 'string' ? { text: scripted } : scripted
  const text = answer.text ?? answer.chunks?.join('') ?? ''
  if (answer.chunks && answer.chunks.join('') !== text) {
    throw new RaptorflowError(
      'INVALID_REQUEST',
      'Expected the `chunks` of a scripted answer to join to its `text`, but they differ. Leave one of the two out.',
      { details: { reason: 'configuration' } },
    )
  }
  const toolCalls = settleToolCalls(answer.tool_calls ?? [], context)
  const outputChars = toolCalls.reduce((sum, call) => sum + call.arguments.length, text.length)
  return {
    text,
    chunks: answer.chunks ?? splitText(text, context.chunkCount),
    reasoning: answer.reasoning,
    toolCalls,
    finishReason: answer.finish_reason ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    usage:
      answer.usage === null
        ? null
        : {
            input: estimateTokens(context.inputChars),
            cache_read: 0,
            cache_write: 0,
            output: estimateTokens(outputChars),
            reasoning: estimateTokens(answer.reasoning?.length ?? 0),
            ...answer.usage,
          },
  }
}
