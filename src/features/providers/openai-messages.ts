/** A conversation in the words of chat completions. */
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import type { ProviderCall } from '../../contracts/provider.js'
import type { AssistantMessage, ContentPart, FilePart } from '../../contracts/request.js'
import { ProviderError } from '../../errors.js'

/**
 * The system text goes first, as role `system`, which every server of this format knows; OpenAI
 * reads it as `developer` where a model wants that.
 * @throws ProviderError status 400, type `unsupported_file_url`: a document can only be sent as data
 */
export function messagesOf(
  call: Pick<ProviderCall, 'system' | 'messages'>,
): ChatCompletionMessageParam[] {
  const messages: ChatCompletionMessageParam[] =
    call.system === undefined ? [] : [{ role: 'system', content: call.system }]
  for (const message of call.messages) {
    switch (message.role) {
      case 'user':
        messages.push({
          role: 'user',
          content:
            typeof message.content === 'string' ? message.content : message.content.map(partOf),
        })
        break
      case 'assistant':
        messages.push(assistantOf(message))
        break
      case 'tool':
        messages.push({
          role: 'tool',
          tool_call_id: message.tool_call_id,
          content: message.content,
        })
        break
    }
  }
  return messages
}

function assistantOf(message: AssistantMessage): ChatCompletionAssistantMessageParam {
  const calls = (message.tool_calls ?? []).map(({ id, name, arguments: text }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: text },
  }))
  return {
    role: 'assistant',
    content: message.content ?? null,
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function partOf(part: ContentPart): ChatCompletionContentPart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'image': {
      const url = part.url ?? dataURL(part.media_type ?? 'image/png', part.data ?? '')
      return { type: 'image_url', image_url: { url } }
    }
    case 'file':
      return filePart(part)
  }
}

function filePart(part: FilePart): ChatCompletionContentPart {
  if (part.data === undefined) {
    throw new ProviderError({ status: 400, type: 'unsupported_file_url' })
  }
  // OpenAI refuses file_data without a name, although its types make it optional.
  const filename =
    part.filename ?? (part.media_type === 'application/pdf' ? 'document.pdf' : 'document')
  return { type: 'file', file: { filename, file_data: dataURL(part.media_type, part.data) } }
}

function dataURL(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`
}
