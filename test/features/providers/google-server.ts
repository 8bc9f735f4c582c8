/** Gemini's wire format for the scripts of a local server. */
import type { Json } from './anthropic-server.js'

export const usageMetadata = { promptTokenCount: 20, candidatesTokenCount: 7, totalTokenCount: 27 }
export const usage = { input: 20, cache_read: 0, cache_write: 0, output: 7, reasoning: 0 }

/** Chunks as `alt=sse` sends them. */
export function geminiEvents(...chunks: readonly unknown[]): string[] {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`)
}

/** One chunk, or a whole answer. */
export function chunk(parts: readonly Json[], finishReason?: string, rest: Json = {}): Json {
  return {
    candidates: [
      { content: { role: 'model', parts }, index: 0, ...(finishReason && { finishReason }) },
    ],
    usageMetadata,
    modelVersion: 'gemini-test',
    ...rest,
  }
}

export const hello = [chunk([{ text: 'Hel' }]), chunk([{ text: 'lo' }], 'STOP')] as const

export function googleFailure(
  code: number,
  status: string,
  message = 'it failed',
  details?: readonly Json[],
): Json {
  return { error: { code, message, status, ...(details && { details }) } }
}

export const dailyQuota: Json = {
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [
    {
      quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
      quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
    },
  ],
}

export const minuteQuota: Json = {
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }],
}

export const retryInfo: Json = {
  '@type': 'type.googleapis.com/google.rpc.RetryInfo',
  retryDelay: '36s',
}
