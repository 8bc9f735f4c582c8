/** What a model reads of a request: its texts, and what is not text. */
import type { ContentPart, Message, ResponseFormat, Tool } from '../../contracts/request.js'

/** What of a request becomes input tokens; a parsed request and a provider call both fit. */
export interface ModelInput {
  readonly prompt?: string | undefined
  readonly system?: string | undefined
  readonly messages?: readonly Message[] | undefined
  readonly tools?: readonly Tool[] | undefined
  readonly response_format?: ResponseFormat | undefined
}

/** The texts in order, tools and answer schema as JSON. */
export function inputTexts(input: ModelInput): readonly string[] {
  const texts: string[] = []
  if (input.system !== undefined) texts.push(input.system)
  if (input.prompt !== undefined) texts.push(input.prompt)
  for (const message of input.messages ?? []) pushMessage(texts, message)
  for (const tool of input.tools ?? []) {
    texts.push(tool.name, tool.description ?? '', JSON.stringify(tool.parameters))
  }
  const format = input.response_format
  if (format?.type === 'json_schema') texts.push(JSON.stringify(format.schema))
  return texts
}

/** Messages as a vendor sees them: the instructions and a prompt are one each. */
export function countMessages(input: ModelInput): number {
  return (
    (input.messages?.length ?? 0) +
    (input.system === undefined ? 0 : 1) +
    (input.prompt === undefined ? 0 : 1)
  )
}

/** Parts of one kind in all messages. */
export function countParts(input: ModelInput, type: ContentPart['type']): number {
  let count = 0
  for (const message of input.messages ?? []) {
    for (const part of partsOf(message)) if (part.type === type) count += 1
  }
  return count
}

/** True when a vendor adds instructions of its own to the prompt: for tools, for an answer schema. */
export function isStructured(input: ModelInput): boolean {
  return (input.tools?.length ?? 0) > 0 || input.response_format?.type === 'json_schema'
}

function pushMessage(texts: string[], message: Message): void {
  if (typeof message.content === 'string') texts.push(message.content)
  for (const part of partsOf(message)) {
    if (part.type === 'text') texts.push(part.text)
    else if (part.type === 'file' && part.filename !== undefined) texts.push(part.filename)
  }
  if (message.role === 'assistant') {
    for (const call of message.tool_calls ?? []) texts.push(call.id, call.name, call.arguments)
  }
  if (message.role === 'tool') texts.push(message.tool_call_id)
}

function partsOf(message: Message): readonly ContentPart[] {
  return message.role === 'user' && typeof message.content !== 'string' ? message.content : []
}
