/** Turns what zod found wrong into one sentence that repeats no text of the caller's. */
import type * as z from 'zod'
import { described, dotted, mismatch, Violation, type ValidationRule } from './violation.js'

type Issue = z.core.$ZodIssue

interface Located {
  readonly issue: Issue
  readonly path: readonly PropertyKey[]
}

/**
 * The first issue, in words. The schemas put "to be …" into each issue's message.
 * @param data what was judged: plain data, copied before
 * @param root what the input is called when no field of it is at fault
 */
export function explain(issues: readonly Issue[], data: unknown, root: string): Violation {
  const [first] = issues
  if (first === undefined) return new Violation(root, 'type', `Expected another ${root}`)
  const { issue, path } = locate({ issue: first, path: first.path })
  if (issue.code === 'unrecognized_keys') return unknownField([...path, issue.keys[0] ?? '*'])
  const value = valueAt(data, path)
  const field = path.length === 0 ? root : dotted(path)
  const rule = ruleOf(issue, value)
  if (field === 'prompt' && value === '') {
    return new Violation('prompt', 'required', 'Prompt cannot be empty')
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? 'a known name'
    return new Violation(field, rule, `Expected each name in \`${field}\` to be ${expected}`)
  }
  const got = rule === 'enum' ? named(value) : described(value)
  return new Violation(field, rule, mismatch(field, issue.message, got))
}

/** Its name is given: the caller has to find it. */
export function unknownField(path: readonly PropertyKey[]): Violation {
  const field = dotted(path)
  return new Violation(
    field,
    'unknown_field',
    `Expected only known fields, got \`${field}\`. Check its spelling or remove it`,
  )
}

/** Inside a union, the issue of the branch whose type fitted: it says more than "none of these". */
function locate(at: Located): Located {
  if (at.issue.code !== 'invalid_union') return at
  for (const [first] of at.issue.errors) {
    if (first === undefined) continue
    if (first.code === 'invalid_type' && first.path.length === 0) continue
    if (first.code === 'invalid_value' && first.path.length === 0) continue
    return locate({ issue: first, path: [...at.path, ...first.path] })
  }
  return at
}

function ruleOf(issue: Issue, value: unknown): ValidationRule {
  switch (issue.code) {
    case 'custom':
      return customRule(issue.params)
    case 'too_small':
    case 'too_big':
      return typeof value === 'number' ? 'range' : 'size'
    case 'invalid_format':
    case 'invalid_key':
      return 'format'
    case 'invalid_value':
      return value === undefined ? 'required' : 'enum'
    case 'invalid_union':
      if (value === undefined) return 'required'
      return issue.errors.length === 0 || typeof value === 'string' ? 'enum' : 'type'
    default:
      return value === undefined ? 'required' : 'type'
  }
}

function customRule(params: Readonly<Record<string, unknown>> | undefined): ValidationRule {
  const validation = params?.['validation']
  return validation === 'required' || validation === 'exclusive' ? validation : 'format'
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment))
      return undefined
    value = (value as Readonly<Record<PropertyKey, unknown>>)[segment]
  }
  return value
}

/** What stands where a name from a list is expected may be shown when it looks like one. */
function named(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z _-]{0,31}$/.test(value)
    ? `\`${value}\` (string)`
    : described(value)
}
