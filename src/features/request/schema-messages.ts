/** The zod schemas of a conversation: four roles, three kinds of content. */
import * as z from 'zod'
import type { Message } from '../../contracts/request.js'
import { once } from '../../util/once.js'
import { equals, list, pattern, text } from './schema-parts.js'

// No `i` flag: JSON Schema patterns have none.
const WEB_URL = /^[Hh][Tt][Tt][Pp][Ss]?:\/\/[^\s/?#\\][^\s\\]*$/
const MEDIA_TYPE =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/
// Groups of four in the pattern would take 46 ms for 4 MB; one class and a length test take 2 ms.
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

const webUrl = once(() => pattern(WEB_URL, 'an http or https URL'))
const mediaType = once(() => pattern(MEDIA_TYPE, 'a media type, for instance `image/png`'))
const BASE64_WORDS = 'base64 text with its padding and without a `data:` prefix'
const base64 = once(() =>
  pattern(BASE64, BASE64_WORDS)
    .refine((data) => data.length % 4 === 0, {
      error: BASE64_WORDS,
      params: { validation: 'format' },
    })
    .meta({ contentEncoding: 'base64' }),
)

const textPart = once(() => z.strictObject({ type: z.literal('text'), text: text('a string') }))

interface Source {
  readonly url?: string | undefined
  readonly data?: string | undefined
}

function oneSource({ value, issues }: z.core.ParsePayload<Source>): void {
  if ((value.url === undefined) !== (value.data === undefined)) return
  issues.push({
    code: 'custom',
    input: value,
    path: [],
    message: 'a part with exactly one of `url` and `data`',
    params: { validation: 'exclusive' },
  })
}

const imagePart = once(() =>
  z
    .strictObject({
      type: z.literal('image'),
      url: webUrl().optional(),
      data: base64().optional(),
      media_type: mediaType().optional(),
    })
    .check(oneSource, ({ value, issues }) => {
      if (value.data === undefined || value.media_type !== undefined) return
      issues.push({
        code: 'custom',
        input: value,
        path: ['media_type'],
        message: 'the media type of `data`, for instance `image/png`',
        params: { validation: 'required' },
      })
    })
    .meta({
      oneOf: [{ required: ['url'] }, { required: ['data'] }],
      dependentRequired: { data: ['media_type'] },
    }),
)

const filePart = once(() =>
  z
    .strictObject({
      type: z.literal('file'),
      url: webUrl().optional(),
      data: base64().optional(),
      media_type: mediaType(),
      filename: text('a file name of 1-255 characters', 1, 255).optional(),
    })
    .check(oneSource)
    .meta({ oneOf: [{ required: ['url'] }, { required: ['data'] }] }),
)

const contentPart = once(() =>
  z.discriminatedUnion('type', [textPart(), imagePart(), filePart()], {
    error: 'an object whose `type` is `text`, `image` or `file`',
  }),
)

const toolCall = once(() =>
  z.strictObject(
    {
      id: text('a non-empty string', 1),
      name: text('a non-empty string', 1),
      arguments: text('JSON text'),
    },
    { error: 'an object with `id`, `name` and `arguments`' },
  ),
)

const assistantMessage = once(() =>
  z
    .strictObject({
      role: z.literal('assistant'),
      content: text('a string').nullish(),
      tool_calls: list(toolCall(), 'tool calls').optional(),
    })
    .check(({ value, issues }) => {
      if (typeof value.content === 'string' || (value.tool_calls?.length ?? 0) > 0) return
      issues.push({
        code: 'custom',
        input: value,
        path: ['content'],
        message: 'a string, as there are no `tool_calls`',
        params: { validation: 'required' },
      })
    })
    .meta({
      anyOf: [
        { required: ['content'], properties: { content: { type: 'string' } } },
        { required: ['tool_calls'], properties: { tool_calls: { type: 'array', minItems: 1 } } },
      ],
    }),
)

/** One message; which fields it has depends on its `role`. */
export const messageSchema = once(() =>
  equals<Message>()(
    z.discriminatedUnion(
      'role',
      [
        z.strictObject({ role: z.literal('system'), content: text('a string') }),
        z.strictObject({
          role: z.literal('user'),
          content: z.union([text('a string'), list(contentPart(), 'content parts', 1)], {
            error: 'a string or a non-empty array of content parts',
          }),
        }),
        assistantMessage(),
        z.strictObject({
          role: z.literal('tool'),
          tool_call_id: text('a non-empty string', 1),
          content: text('a string'),
        }),
      ],
      { error: 'an object whose `role` is `system`, `user`, `assistant` or `tool`' },
    ),
  ),
)
