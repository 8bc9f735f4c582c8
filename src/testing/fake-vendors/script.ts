/** The rules a test gave the fake vendors, used up in the order they came. */
import { invalidOption } from '../../util/invalid-option.js'
import type { Random } from '../../contracts/clock.js'
import type { VendorRule } from './faults.js'
import type { VendorRequest } from './types.js'

interface ActiveRule {
  readonly rule: VendorRule
  left: number
}

function check({ times = Infinity, probability = 1 }: VendorRule): void {
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
