import type { PriceEntry, PriceFile } from '@postern/ports'
import { describeIssue } from './describe-issue.js'
import { createPriceFileSchema } from './price-schema.js'
import { formatPath, type Problem, problem } from './problem.js'
import type { Config } from './schema.js'
import { strict } from './schema-parts.js'

type Path = readonly PropertyKey[]

/** A price file as it was read. */
export interface PriceSource {
  /** What it holds; `undefined` if it could not be read. */
  readonly raw: unknown
  /** Why it could not be read; the path of each is empty, or a line. */
  readonly problems: readonly Problem[]
  /** The line on which a member stands, if that is known. */
  readonly lineOf?: ((path: Path) => number | undefined) | undefined
}

/** Reads the price file that a configuration names, by its path there. */
export type ReadPrices = (path: string) => PriceSource

/**
 * Checks the prices: in the file that the configuration names, or in the configuration itself.
 *
 * @param raw The configuration as it was read.
 * @param config The same with a valid form, if it has one.
 * @returns `undefined` if there are none, or if there is a problem with them.
 */
export function checkPrices(
  raw: unknown,
  config: Config | undefined,
  readPrices: ReadPrices | undefined,
  problems: Problem[],
): PriceFile | undefined {
  const path = namedFile(raw)
  if (path !== undefined) return readFile(path, readPrices, problems)
  const inline = config?.limits?.prices
  if (inline === undefined || typeof inline === 'string') return undefined
  return withoutFaults(inline, (inner) => formatPath(['limits', 'prices', ...inner]), problems)
}

/** The path of the price file that a configuration names, if it names one; for a configuration of any form. */
export function namedFile(raw: unknown): string | undefined {
  const limits = memberOf(raw, 'limits')
  const prices = memberOf(limits, 'prices')
  return typeof prices === 'string' && prices !== '' ? prices : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function readFile(path: string, readPrices: ReadPrices | undefined, problems: Problem[]): PriceFile | undefined {
  if (readPrices === undefined) {
    const fix = 'Read the file yourself, for example with the package yaml, and write what it holds in its place.'
    problems.push(problem('limits.prices', 'is a path, and here no file is read beside those of secrets.', fix))
    return undefined
  }
  const source = readPrices(path)
  if (source.problems.length > 0) {
    problems.push(...source.problems.map((each) => ({ ...each, path: each.path === '' ? path : `${path} ${each.path}` })))
    return undefined
  }
  const at = (inner: Path, told = formatPath(inner)): string => {
    const line = source.lineOf?.(inner)
    return `${path}${line === undefined ? '' : ` line ${line}`}${told === '' ? '' : `: ${told}`}`
  }
  const form = createPriceFileSchema(strict).safeParse(source.raw, { reportInput: true })
  if (form.success) return withoutFaults(form.data, at, problems)
  for (const issue of form.error.issues) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : []
    for (const [index, each] of describeIssue(issue).entries()) {
      const inner = unknown.length === 0 ? issue.path : [...issue.path, unknown[index] as string]
      problems.push({ ...each, path: at(inner, each.path) })
    }
  }
  return undefined
}

/** Checks what the form does not: that each entry has a price, and that no two are for the same calls. */
function withoutFaults(file: PriceFile, at: (inner: Path) => string, problems: Problem[]): PriceFile | undefined {
  const known = problems.length
  const seen = new Map<string, number>()
  for (const [index, entry] of file.prices.entries()) {
    const place: Path = ['prices', index]
    if (!hasPrice(entry))
      problems.push(problem(at(place), 'has no price.', 'Write perMillion, perImage, perSecond or perCall; 0 where it costs nothing.'))
    const { gateway, model, tier, unit } = entry
    const id = JSON.stringify([gateway, model, tier, unit])
    const earlier = seen.get(id)
    if (earlier === undefined) seen.set(id, index)
    else problems.push(problem(at(place), `is for the same calls as prices[${earlier}], in the same unit.`, 'Write one entry of them.'))
  }
  return problems.length === known ? file : undefined
}

function hasPrice({ perMillion, perCall, perImage, perSecond }: PriceEntry): boolean {
  return [perMillion, perCall, perImage, perSecond].some((price) => price !== undefined)
}
