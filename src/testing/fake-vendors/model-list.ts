/** GET /v1/models and /v1beta/models: the lists clients ask for. */
import type { IncomingMessage } from 'node:http'
import type { JsonObject } from './json.js'

// A few names of each vendor; a request may name any other.
const OPENAI = ['gpt-3.5-turbo', 'gpt-4', 'gpt-4o-mini', 'gpt-5', 'gpt-5-mini']
const ANTHROPIC = ['claude-haiku-4-5', 'claude-sonnet-4-5', 'claude-opus-4-5']
const GOOGLE = ['gemini-2.5-flash', 'gemini-2.5-flash-lite', 'gemini-2.5-pro']

function openaiModels(): JsonObject {
  const data = OPENAI.map((id) => ({ id, object: 'model', created: 0, owned_by: 'system' }))
  return { object: 'list', data }
}

function anthropicModels(): JsonObject {
  const data = ANTHROPIC.map((id) => ({
    id,
    type: 'model',
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
  }))
  return { data, has_more: false, first_id: ANTHROPIC[0], last_id: ANTHROPIC.at(-1) }
}

function googleModels(): JsonObject {
  const supportedGenerationMethods = ['generateContent', 'streamGenerateContent']
  const models = GOOGLE.map((id) => ({
    name: `models/${id}`,
    displayName: id,
    supportedGenerationMethods,
  }))
  return { models }
}

/** Undefined when the request is for something else. */
export function modelList(incoming: IncomingMessage, path: string): JsonObject | undefined {
  if (incoming.method !== 'GET') return undefined
  if (path === '/v1beta/models') return googleModels()
  if (path !== '/v1/models') return undefined
  return incoming.headers['anthropic-version'] === undefined ? openaiModels() : anthropicModels()
}
