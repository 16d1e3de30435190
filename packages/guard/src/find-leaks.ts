import { findKeys } from './find-keys.js'
import { findNames } from './find-names.js'
import type { GuardOptions } from './options.js'
import { keyVariables, type SecretValue, secretValues } from './variables.js'
import { viewsOf } from './views.js'

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

/** The value as it is, and as encoders write it. */
function formsOf({ value }: SecretValue): string[] {
  const asFormField = new URLSearchParams({ '': value }).toString().slice(1)
  return [
    ...new Set([value, encodeURIComponent(value), asFormField, JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')]),
  ]
}

function distinct(leaks: readonly Leak[]): Leak[] {
  return [...new Map(leaks.toReversed().map((leak) => [`${leak.what} ${leak.sought}`, leak])).values()].toReversed()
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
