/** A whole answer as the deltas a stream would have brought. */
import type { Delta, ProviderAnswer } from '../../contracts/provider.js'

/** Reasoning, text and tool calls, each in one piece, then `finish`. */
export function answerDeltas(answer: ProviderAnswer): readonly Delta[] {
  const deltas: Delta[] = []
  if (answer.reasoning) deltas.push({ type: 'reasoning', text: answer.reasoning })
  if (answer.text) deltas.push({ type: 'text', text: answer.text })
  answer.tool_calls.forEach((call, index) => {
    deltas.push({ type: 'tool_call', index, ...call })
  })
  deltas.push({ type: 'finish', finish_reason: answer.finish_reason, usage: answer.usage })
  return deltas
}
