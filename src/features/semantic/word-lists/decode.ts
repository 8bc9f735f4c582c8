/** Word lists are kept as text and read at first use: importing them costs next to nothing. */
import { once } from '../../../util/once.js'

/** A set of words from text with white space between them. */
export const wordSet = (text: string): (() => ReadonlySet<string>) =>
  once(() => new Set(words(text)))

/** `go: went gone; ...`: every word behind a colon to the one before it. */
export const formsOf = (text: string): (() => ReadonlyMap<string, string>) =>
  once(() => {
    const forms = new Map<string, string>()
    for (const row of text.split(';')) {
      const [base = '', rest = ''] = row.split(':')
      for (const form of words(rest)) forms.set(form, base.trim())
    }
    return forms
  })

/** Words of a row; empty for an empty row. */
export const words = (text: string): string[] => text.match(/\S+/g) ?? []
