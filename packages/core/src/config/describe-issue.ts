import type { z } from 'zod'
import { createMeantBy } from '../lib/meant-by.js'
import { announcedSettings } from './announced.js'
import { formatPath, type Problem } from './problem.js'

const error = { severity: 'error' } as const

/** Says what a schema violation means and what to write instead. Never repeats a value: it may be a secret. */
export function describeIssue(issue: z.core.$ZodIssue): readonly Problem[] {
  const path = formatPath(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(' ')
    return issue.keys.map((key) => describeUnknownKey(formatPath([...issue.path, key]), key, known))
  }
  const unrecognized = issue.code === 'invalid_union' ? nestedUnknownKeys(issue) : []
  if (unrecognized.length > 0) return unrecognized
  if (issue.input === undefined && isSecretPlace(path)) {
    return [{ ...error, path, reason: 'is missing.', fix: 'Write { env: NAME } or { file: PATH }.' }]
  }
  if (isSecretPlace(path)) {
    return [
      {
        ...error,
        path,
        reason: 'holds something other than a reference to a secret.',
        fix: 'Write { env: NAME } or { file: PATH }; the secret itself never stands in this file.',
      },
    ]
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [
      {
        ...error,
        path,
        reason: 'is missing.',
        fix: `Write ${issue.path.length === 0 ? 'a configuration' : `"${String(issue.path.at(-1))}"`}: ${expected(issue.expected)}.`,
      },
    ]
  }
  if (issue.code === 'invalid_type') return [{ ...error, path, reason: 'is of the wrong kind.', fix: `Write ${expected(issue.expected)}.` }]
  if (issue.code === 'invalid_value')
    return [{ ...error, path, reason: 'has a value that is not known.', fix: `Write ${issue.values.map(String).join(', ')}.` }]
  if (issue.code === 'invalid_key')
    return [{ ...error, path, reason: 'is not a name.', fix: 'Use 1 to 64 letters, digits, dots, underscores and hyphens.' }]
  return [
    {
      ...error,
      path,
      reason: `${issue.message.replace(/^./, (first) => first.toLowerCase())}.`,
      fix: fixOf(issue) ?? 'The README shows a configuration with this setting.',
    },
  ]
}

/** What a check of ours says to do, beside what is wrong. */
function fixOf(issue: z.core.$ZodIssue): string | undefined {
  const fix: unknown = issue.code === 'custom' ? issue.params?.['fix'] : undefined
  return typeof fix === 'string' ? fix : undefined
}

function isSecretPlace(path: string): boolean {
  return path.endsWith('ecret') || path.endsWith('.hashes')
}

function describeUnknownKey(path: string, key: string, known: readonly string[]): Problem {
  if (announcedSettings.has(path)) {
    return {
      ...error,
      path,
      reason: 'is not enforced by this version.',
      fix: 'Remove it: a setting that is accepted and not kept would promise what does not happen.',
    }
  }
  const meant = createMeantBy(known)(key)
  const fix = meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean "${meant}"?`
  return { ...error, path, reason: 'is not a setting.', fix }
}

function nestedUnknownKeys(issue: z.core.$ZodIssueInvalidUnion): readonly Problem[] {
  const only = issue.errors.flat().find((nested) => nested.code === 'unrecognized_keys')
  if (only === undefined || issue.errors.some((nested) => nested.length === 0)) return []
  const required = issue.errors.some((nested) => nested.every((each) => each.code === 'unrecognized_keys'))
  return required ? describeIssue({ ...only, path: [...issue.path, ...only.path] }) : []
}

const kinds: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a group of settings',
  record: 'a group of names with their settings',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function expected(kind: string): string {
  return kinds[kind] ?? kind
}
