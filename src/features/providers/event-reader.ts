/** Reads a response body as server-sent events, or whole, with limits. */
import { ProviderError } from '../../errors.js'

/** Longest event and longest whole body, characters. */
const MAX_EVENT = 2 ** 20
const MAX_BODY = 8 * 2 ** 20
/** The format's fields; the empty one is a comment's. */
const FIELDS: ReadonlySet<string> = new Set(['', 'data', 'event', 'id', 'retry'])

export interface ServerEvent {
  readonly name: string | undefined
  readonly data: string
}

export interface EventReader {
  /**
   * The next event that has data, or undefined at the end. Comments are passed over.
   * @throws ProviderError `answer_too_large`, `bad_response` for a line that is none of the format,
   * and whatever the connection fails with
   */
  next(): Promise<ServerEvent | undefined>
}

/**
 * Own reading instead of the SDK's stream, because that neither tells a stream which ended with
 * `[DONE]` from one that was cut, nor bounds an event, and prints malformed data to the console.
 * The line rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html, but for
 * lines of an unknown field: what a damaged line held would be missing from an answer that looks whole.
 */
export function createEventReader(response: Response): EventReader {
  const chunks = textOf(response)
  const lines = createLineBuffer()
  let name: string | undefined
  let data: string | undefined
  let ended = false

  const readField = (line: string): void => {
    const colon = line.indexOf(':')
    const key = colon < 0 ? line : line.slice(0, colon)
    // At the end it is half a line, and what it belongs to is missed for lack of its own end.
    if (!FIELDS.has(key) && !ended) throw new ProviderError({ reason: 'bad_response' })
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (key === 'data') data = data === undefined ? value : `${data}\n${value}`
    if (key === 'event') name = value
  }
  /** The next event in the lines at hand; undefined when more text is needed. */
  const scan = (): ServerEvent | undefined => {
    for (let line = lines.take(); line !== undefined; line = lines.take()) {
      if (line !== '') {
        readField(line)
        continue
      }
      const event = data === undefined ? undefined : { name, data }
      name = undefined
      data = undefined
      if (event) return event
    }
    return undefined
  }

  return {
    next: async () => {
      for (;;) {
        const event = scan()
        if (event) return event
        if (ended) return undefined
        if (lines.waiting + (data?.length ?? 0) > MAX_EVENT) {
          throw new ProviderError({ reason: 'answer_too_large' })
        }
        const chunk = await chunks.next()
        ended = chunk.done === true
        // A body that ends without the last empty line still ends its last event.
        lines.add(chunk.done === true ? '\n\n' : chunk.value)
      }
    },
  }
}

interface LineBuffer {
  add(text: string): void
  take(): string | undefined
  /** Characters of the line that has not ended yet. */
  readonly waiting: number
}

/** Joins a line once, when its end has come: a long line in many pieces costs no more than in one. */
function createLineBuffer(): LineBuffer {
  let whole = ''
  let position = 0
  let tail: string[] = []
  let waiting = 0
  return {
    add: (text) => {
      const end = text.lastIndexOf('\n') + 1
      if (end > 0) {
        whole = whole.slice(position) + tail.join('') + text.slice(0, end)
        position = 0
        tail = []
        waiting = 0
      }
      tail.push(text.slice(end))
      waiting += text.length - end
    },
    take: () => {
      const end = whole.indexOf('\n', position)
      if (end < 0) return undefined
      const line = whole.slice(position, end)
      position = end + 1
      return line
    },
    get waiting() {
      return waiting
    },
  }
}

/** The whole body. @throws ProviderError `answer_too_large` */
export async function readBody(response: Response): Promise<string> {
  let text = ''
  for await (const chunk of textOf(response)) {
    text += chunk
    if (text.length > MAX_BODY) throw new ProviderError({ reason: 'answer_too_large' })
  }
  return text
}

/** The body decoded, with every line end as `\n`. */
async function* textOf(response: Response): AsyncGenerator<string, undefined> {
  if (!response.body) throw new ProviderError({ reason: 'bad_response' })
  const decoder = new TextDecoder()
  let afterReturn = false
  for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
    let text = decoder.decode(bytes, { stream: true })
    if (text === '') continue
    if (afterReturn && text.startsWith('\n')) text = text.slice(1)
    afterReturn = text.endsWith('\r')
    yield text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}

/** Some servers name no type, or a wrong one, for their events; JSON and HTML they do name. */
export function isEventStream(response: Response): boolean {
  const type = response.headers.get('content-type') ?? ''
  return !/^(?:application\/(?:[\w.]+\+)?json|text\/html)\b/i.test(type.trim())
}
