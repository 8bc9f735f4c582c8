/** Which requests are never matched by meaning, and why. */
import type { Message, ParsedRequest } from '../../contracts/request.js'
import { looksEnglish } from './english.js'
import type { ResolvedSemanticOptions } from './options.js'
import { wordsOf } from './words.js'

/**
 * `temperature`: it asks for variety. `tools`: the answer acts on the world. `format`: a structured
 * answer has to fit this very question. `attachments`: the text is not all of the question. `user`:
 * user scope without a user. `shape`: the conversation does not end with a user's text. `empty`: no
 * words. `too_long`: what matters may be any detail of it. `time`: the answer changes. `language`: the
 * guards do not know it.
 */
export type Refusal =
  | 'temperature'
  | 'tools'
  | 'format'
  | 'attachments'
  | 'user'
  | 'shape'
  | 'empty'
  | 'too_long'
  | 'time'
  | 'language'

type Limits = Pick<
  ResolvedSemanticOptions,
  'maxTemperature' | 'maxTextLength' | 'anyLanguage' | 'threshold'
>

/** @param text the last user text; undefined when there is none */
export function refusalOf(
  request: ParsedRequest,
  text: string | undefined,
  limits: Limits,
): Refusal | undefined {
  return refusedRequest(request, limits) ?? refusedText(text, limits)
}

function refusedRequest(request: ParsedRequest, { maxTemperature }: Limits): Refusal | undefined {
  const { temperature, tools, response_format, messages, cache, user_id } = request
  // The documented default, 0.7, is nobody's wish: only a named temperature counts.
  if (temperature !== undefined && temperature > maxTemperature) return 'temperature'
  if (tools !== undefined && tools.length > 0) return 'tools'
  if (messages?.some(usesTools) === true) return 'tools'
  if (response_format !== undefined && response_format.type !== 'text') return 'format'
  if (messages?.some(hasAttachments) === true) return 'attachments'
  if (cache?.scope === 'user' && user_id === undefined) return 'user'
  return undefined
}

function refusedText(text: string | undefined, limits: Limits): Refusal | undefined {
  if (text === undefined) return 'shape'
  if (text.length > limits.maxTextLength) return 'too_long'
  if (wordsOf(text).length === 0) return 'empty'
  if (TIME.test(text)) return 'time'
  if (!limits.anyLanguage && !looksEnglish(text)) return 'language'
  return undefined
}

function usesTools(message: Message): boolean {
  return message.role === 'tool' || (message.role === 'assistant' && !!message.tool_calls?.length)
}

function hasAttachments(message: Message): boolean {
  if (message.role !== 'user' || typeof message.content === 'string') return false
  return message.content.some((part) => part.type !== 'text')
}

/** Words after which yesterday's answer is wrong. */
const TIME = new RegExp(
  String.raw`\b(?:${[
    'today',
    'tonight',
    'tomorrow',
    'yesterday',
    'now',
    'nowadays',
    'currently',
    'current',
    'latest',
    'newest',
    'recent',
    'recently',
    'lately',
    'up[- ]to[- ]date',
    'so far',
    'as of',
    'at the moment',
    'at present',
    'breaking',
    'news',
    'weather',
    'forecast',
    'what time',
    'what day',
    'what date',
    'how long ago',
    '(?:stock|share) price',
    '(?:this|last|next|past|coming) (?:second|minute|hour|morning|afternoon|evening|night|day|week|weekend|month|quarter|year|monday|tuesday|wednesday|thursday|friday|saturday|sunday)',
  ].join('|')})\b`,
  'i',
)
