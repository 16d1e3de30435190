import { findKeys } from './find-keys.js'
import { findNames } from './find-names.js'
import type { GuardOptions } from './options.js'
import { keyVariables, type SecretValue, secretValues, shortestValue } from './variables.js'
import { viewsOf, withoutBackslashes } from './views.js'

/** Something that would be published. */
export interface Leak {
  /** A description that may be printed. */
  readonly what: string
  /** The text itself, by which it is found in other files; never printed. */
  readonly sought: string
  /** From 1. */
  readonly line: number
}

/** Searches texts for leaks. */
export interface Finder {
  /** Finds leaks in a published text. Names of variables count only if the text is code that runs. */
  inOutput(text: string, isCode: boolean): Leak[]
  /** Whether the option `allow` names this text. */
  isAllowed(text: string): boolean
  /** Finds the key variables that code reads from the environment. */
  inSource(code: string): Leak[]
}

export function createFinder({ variables = [], allow = [] }: GuardOptions, env: Readonly<Record<string, string | undefined>>): Finder {
  const names = [...keyVariables, ...variables]
  const values = secretValues(names, env).map((secret) => ({ ...secret, forms: formsOf(secret) }))
  const isAllowed = (text: string): boolean => allow.some((one) => (typeof one === 'string' ? one === text : new RegExp(one).test(text)))

  function inSource(code: string): Leak[] {
    return findNames(code, names).map(({ name, index }) => ({ what: `the variable ${name}`, sought: name, line: lineAt(code, index) }))
  }

  return {
    isAllowed,
    inSource,
    inOutput(text, isCode) {
      const leaks = viewsOf(text).flatMap((view) => {
        const line = (index: number): number => lineAt(text, view.origin(index))
        const byValue = values.flatMap(({ variable, forms }) =>
          forms.flatMap((form) => {
            const index = view.text.indexOf(form)
            return index === -1 ? [] : [{ what: `the value of the variable ${variable}`, sought: form, line: line(index) }]
          }),
        )
        const byForm = findKeys(view.text)
          .filter(({ text: key }) => !isAllowed(key) && !values.some(({ value }) => value === key))
          .map(({ text: key, index, form }) => ({ what: `a key of the form ${form}`, sought: key, line: line(index) }))
        return [...byValue, ...byForm]
      })
      return distinct([...leaks, ...(isCode ? inSource(text) : [])])
    },
  }
}

/** The value as it is, and as encoders write it; a form that is too short stands everywhere. */
function formsOf({ value }: SecretValue): string[] {
  const asFormField = new URLSearchParams({ '': value }).toString().slice(1)
  const written = [value, encodeURIComponent(value), asFormField, JSON.stringify(value).slice(1, -1), withoutBackslashes(value)]
  return [...new Set([...written, ...written.flatMap(inBase64)])].filter((form) => form.length >= shortestValue)
}

/**
 * The text in both alphabets of base64, at each of the three offsets that it can have in a longer text; without the
 * characters at its edges that also hold bits of its neighbours.
 */
function inBase64(text: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
    const start = offset === 0 ? 0 : offset + 1
    const end = Math.floor((bytes.length * 8) / 6)
    return (['base64', 'base64url'] as const).map((alphabet) => bytes.toString(alphabet).slice(start, end))
  })
}

function distinct(leaks: readonly Leak[]): Leak[] {
  return [...new Map(leaks.toReversed().map((leak) => [`${leak.what} ${leak.sought}`, leak])).values()].toReversed()
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
