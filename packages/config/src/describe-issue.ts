import type { z } from 'zod'
import { createMeantBy } from '@postern/ports'
import { exampleOf } from './example-of.js'
import { readFault } from './fault.js'
import { expectedKind, kindOf } from './kinds.js'
import { formatPath, oneOfThese, type Problem, problem } from './problem.js'

/**
 * Turns a schema violation into a problem with a fix. Never repeats a value, which may be a secret, except a number in the
 * place of a time or a size.
 */
export function describeIssue(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(' ')
    return issue.keys.map((key) => describeUnknownKey(formatPath([...issue.path, key]), key, known))
  }
  const nested = issue.code === 'invalid_union' ? nestedIssues(issue) : []
  if (nested.length > 0) return nested.flatMap(describeIssue)
  const path = formatPath(issue.path)
  return [isSecretPlace(path) ? describeSecret(path, issue.input) : problem(path, ...describe(issue))]
}

function describeSecret(path: string, found: unknown): Problem {
  return found === undefined
    ? problem(path, 'is missing.', 'Write { env: NAME } or { file: PATH }.')
    : problem(
        path,
        'holds something other than a reference to a secret.',
        'Write { env: NAME } or { file: PATH }; the secret itself never stands in this file.',
      )
}

function describe(issue: z.core.$ZodIssue): readonly [reason: string, fix: string] {
  const { reason, fix } = readFault(issue.message)
  if (fix !== undefined) return [reason, fix]
  const { input } = issue
  if (issue.code === 'invalid_type') {
    if (issue.expected === 'boolean' && typeof input === 'string' && /^(?:yes|no|on|off)$/i.test(input))
      return ['is a text, as yes, no, on and off are in YAML.', 'Write true or false.']
    const example = exampleOf(formatPath(issue.path))
    const such = example !== undefined && (issue.expected === 'object' || issue.expected === 'record') ? `, such as ${example}` : ''
    if (input === undefined) return ['is missing.', `Write ${nameOf(issue)}: ${expectedKind(issue.expected)}${such}.`]
    const bare = typeof input === 'string' && isWithinQuotes(issue.expected, input) ? ', without quotes' : ''
    return [`is ${kindOf(input)}.`, `Write ${expectedKind(issue.expected)}${such}${bare}.`]
  }
  if (issue.code === 'invalid_value') {
    if (input === undefined) return ['is missing.', `Write ${nameOf(issue)}: ${oneOfThese(issue.values)}.`]
    const meant = typeof input === 'string' ? createMeantBy(issue.values.map(String))(input) : undefined
    return ['has a value that is not known.', meant === undefined ? `Write ${oneOfThese(issue.values)}.` : `Did you mean "${meant}"?`]
  }
  if (issue.code === 'invalid_key') return describe(issue.issues[0] as z.core.$ZodIssue)
  if (issue.code === 'too_small') return tooSmall(issue)
  if (issue.code === 'too_big') return [`is more than ${issue.maximum}.`, `Write ${issue.maximum} or less.`]
  return [reason.replace(/^./, (first) => first.toLowerCase()), 'The folder docs/ describes the settings.']
}

/** What a text holds would be right if it were written without quotes. */
function isWithinQuotes(expected: string, text: string): boolean {
  return expected === 'boolean' ? /^(?:true|false)$/.test(text) : /^(?:number|int)$/.test(expected) && /^-?\d+(?:\.\d+)?$/.test(text)
}

function tooSmall({ origin, minimum, inclusive }: z.core.$ZodIssueTooSmall): readonly [reason: string, fix: string] {
  if (origin === 'array') return ['is an empty list.', 'Write one entry or more, or leave the setting out.']
  if (origin === 'string') return ['is an empty text.', 'Write what is meant, or leave the setting out.']
  return inclusive === false
    ? [`is not more than ${minimum}.`, `Write a number above ${minimum}.`]
    : [`is less than ${minimum}.`, `Write ${minimum} or more.`]
}

/** The setting's name in quotation marks, for a fix that the operator can copy. */
function nameOf({ path }: z.core.$ZodIssue): string {
  return path.length === 0 ? 'a configuration' : `"${String(path.at(-1))}"`
}

function isSecretPlace(path: string): boolean {
  return path.endsWith('ecret') || path.endsWith('.hashes') || path.startsWith('callers.session.secrets[')
}

function describeUnknownKey(path: string, key: string, known: readonly string[]): Problem {
  const meant = createMeantBy(known)(key)
  return problem(path, 'is not a setting.', meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean "${meant}"?`)
}

/** The issues inside a value of a union, if only one of its forms can be meant; else empty. */
function nestedIssues(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  if (issue.errors.some((form) => form.length === 0)) return []
  const near = issue.errors.filter((form) => form.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'))
  const onlyUnknown = near.find((form) => form.every(({ code }) => code === 'unrecognized_keys'))
  // All of its members are right, but for what stands deeper within one.
  const deeper = near.filter((form) => form.every(({ path }) => path.length > 1))
  // Of all references to a secret, this one alone knows every member that is written.
  const known = isSecretPlace(formatPath(issue.path))
    ? near.filter((form) => form.every(({ path, code }) => path.length > 0 || code !== 'unrecognized_keys'))
    : []
  const meant =
    onlyUnknown ??
    (known.length === 1 ? known[0] : undefined) ??
    (near.length === 1 ? near[0] : deeper.length === 1 ? deeper[0] : undefined)
  return (meant ?? []).map((nested) => ({ ...nested, path: [...issue.path, ...nested.path] }))
}
