/** The answer of a fake vendor nobody gave a script: plausible, and the same for the same request. */
import { estimateTokens } from '../scripted-answer.js'
import { sampleJson } from './sample-json.js'
import { hashOf } from './seeded.js'
import type { ScriptedAnswer } from '../scripted-answer.js'
import type { VendorRequest, Wanted } from './types.js'

const OPENINGS = [
  'Thanks for getting in touch.',
  'Happy to help with this.',
  'Good question.',
  'I can sort this out with you.',
]

const TOPICS: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /refund|charged|charge|fee/i,
    [
      'You can see each charge under Payments; open it and choose Query to ask for a refund.',
      'Refunds go back to the method you paid with and take 3 to 5 working days.',
    ],
  ],
  [
    /transfer|beneficiary|receiv/i,
    [
      'Transfers usually arrive within one working day; the status is shown under Payments.',
      'Please check the account details of the recipient; a pending transfer can still be cancelled.',
    ],
  ],
  [
    /top.?up|deposit|balance/i,
    [
      'A top-up shows on your balance within a few minutes once your bank confirms it.',
      'If a top-up is still pending after 30 minutes, your own bank may be checking it.',
    ],
  ],
  [
    /exchange|currency|rate|abroad/i,
    [
      'We use the interbank rate at the moment you pay, which the app shows before you confirm.',
      'You can hold and exchange more than 30 currencies under Accounts.',
    ],
  ],
  [
    /pin|passcode|password|identity|verif/i,
    [
      'You can change it under Security, after confirming that it is you.',
      'Verification takes a few minutes: have a photo of your ID at hand.',
    ],
  ],
  [
    /card|atm|cash/i,
    [
      'Cards arrive within 5 working days; you can follow the delivery under Cards.',
      'You can freeze, replace or activate your card at any time under Cards.',
    ],
  ],
]

const GENERAL = [
  'You will find this under Help, where each step is explained.',
  'Please open the app, choose Help and follow the steps shown there.',
]

const CLOSINGS = [
  'Is there anything else I can do?',
  'Let me know if it does not work.',
  'Write back any time.',
]

function pick(choices: readonly string[], hash: number): string {
  return choices[hash % choices.length] ?? ''
}

function supportText(request: VendorRequest, seed: number): string {
  const hash = hashOf(`${seed}\n${request.model}\n${request.prompt}`)
  const [, sentences] = TOPICS.find(([topic]) => topic.test(request.prompt)) ?? [null, GENERAL]
  const reference = hash.toString(16).padStart(8, '0')
  return [
    pick(OPENINGS, hash),
    pick(sentences, hash >>> 4),
    pick(CLOSINGS, hash >>> 8),
    `(Reference ${reference})`,
  ].join(' ')
}

/** Honours a forced tool, structured output and the request's limit on tokens. */
export function defaultAnswer(
  request: VendorRequest,
  wanted: Wanted,
  seed: number,
): ScriptedAnswer {
  const { forcedTool } = wanted
  const tool =
    forcedTool === 'any'
      ? wanted.tools[0]
      : wanted.tools.find(({ name }) => name === forcedTool?.name)
  if (tool) {
    const call = { name: tool.name, arguments: JSON.stringify(sampleJson(tool.parameters)) }
    return { tool_calls: [call] }
  }
  const text = supportText(request, seed)
  if (wanted.schema) {
    const sampled =
      Object.keys(wanted.schema).length > 0 ? sampleJson(wanted.schema) : { answer: text }
    return { text: JSON.stringify(sampled) }
  }
  return limited(text, wanted.maxTokens)
}

/** A text cut where the tokens end, with finish reason `length`. */
export function limited(text: string, maxTokens: number | undefined): ScriptedAnswer {
  if (maxTokens === undefined || estimateTokens(text.length) <= maxTokens) return { text }
  return { text: text.slice(0, maxTokens * 4), finish_reason: 'length' }
}
