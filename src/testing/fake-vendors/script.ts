/** The rules a test gave the fake vendors, used up in the order they came. */
import { checkKnown } from '../../features/providers/vendor-options.js'
import type { Known } from '../../features/providers/vendor-options.js'
import { invalidOption } from '../../util/invalid-option.js'
import type { Random } from '../../contracts/clock.js'
import type { VendorFault, VendorRule } from './faults.js'
import type { VendorRequest } from './types.js'

interface ActiveRule {
  readonly rule: VendorRule
  left: number
}

const KNOWN: Known<VendorRule> = {
  vendor: true,
  model: true,
  when: true,
  times: true,
  probability: true,
  fault: true,
  answer: true,
}

const FAULT_KINDS: Readonly<Record<VendorFault['kind'], true>> = {
  status: true,
  quota: true,
  spend_limit: true,
  context_length: true,
  body: true,
  empty: true,
  content_filter: true,
  reset: true,
  closed: true,
  stall: true,
  slow_first_byte: true,
  cut: true,
  truncated: true,
  malformed: true,
  keep_alive: true,
  stream_error: true,
}

function check(rule: VendorRule): void {
  checkKnown('a rule of fakeVendors()', rule, KNOWN)
  const { times = Infinity, probability = 1, fault } = rule
  if (fault !== undefined && !Object.hasOwn(FAULT_KINDS, fault.kind)) {
    throw invalidOption('fault.kind', `one of ${Object.keys(FAULT_KINDS).join(', ')}`, fault.kind)
  }
  if (times !== Infinity && (!Number.isInteger(times) || times < 1)) {
    throw invalidOption('times', 'an integer >= 1', times)
  }
  if (!(probability >= 0 && probability <= 1)) {
    throw invalidOption('probability', 'from 0 to 1', probability)
  }
}

function fits(rule: VendorRule, request: VendorRequest): boolean {
  if (rule.vendor !== undefined && rule.vendor !== request.vendor) return false
  if (typeof rule.model === 'string' && rule.model !== request.model) return false
  if (rule.model instanceof RegExp && !rule.model.test(request.model)) return false
  return rule.when?.(request) ?? true
}

export class Script {
  readonly #random: Random
  #rules: ActiveRule[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** @throws RaptorflowError INVALID_REQUEST, reason `configuration` */
  add(rules: readonly VendorRule[]): void {
    for (const rule of rules) check(rule)
    this.#rules.push(...rules.map((rule) => ({ rule, left: rule.times ?? Infinity })))
  }

  clear(): void {
    this.#rules = []
  }

  /** The rule for a request, counted as used; a rule whose probability fails is passed over. */
  take(request: VendorRequest): VendorRule | undefined {
    const found = this.#rules.find(
      ({ rule }) =>
        fits(rule, request) &&
        (rule.probability === undefined || this.#random() < rule.probability),
    )
    if (!found) return undefined
    found.left -= 1
    if (found.left <= 0) this.#rules = this.#rules.filter((active) => active !== found)
    return found.rule
  }
}
