import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type AuditLine, digestOf, readLine, splitLines } from '../audit/line.js'
import { type Verdict, verifyAudit } from '../audit/verify.js'
import { Failure } from '../failure.js'
import { print, printable, printJson, printTable } from '../print.js'
import { readYaml } from '../read-yaml.js'

export interface AuditOptions {
  readonly config: string
  readonly file?: string
  readonly holds?: string
  readonly json?: boolean
}

/** Prints who changed what. */
export function showAudit(options: AuditOptions): number {
  const { path, bytes } = readAudit(options)
  const { fault } = verifyAudit(bytes)
  if (fault !== undefined) process.stderr.write(`${describeFault(path, fault)}\n`)
  const lines = splitLines(bytes)
    .filter(({ length }) => length > 0)
    .map(readLine)
  if (options.json === true) {
    printJson(lines.filter((line) => line !== undefined))
    return 0
  }
  const rows = lines.map((line) => (line === undefined ? ['', '', 'a line that cannot be read', '', ''] : rowOf(line)))
  printTable(['time', 'who', 'what', 'result', 'about'], rows)
  return 0
}

function rowOf({ time, who, what, result, ...about }: AuditLine): readonly string[] {
  const told = Object.entries(about).filter(([name]) => name !== 'before')
  const facts = told.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [time, who, what, result, facts.join('\n')].map(printable)
}

/** Checks that every line carries the digest of the one before. */
export function verify(options: AuditOptions): number {
  const { path, bytes } = readAudit(options)
  const verdict = verifyAudit(bytes)
  const { lines, last, torn, fault } = verdict
  const isMissing = options.holds !== undefined && !splitLines(bytes).some((line) => digestOf(line) === options.holds?.toLowerCase())
  const isGood = fault === undefined && !isMissing
  if (options.json === true) printJson({ ok: isGood, ...verdict, ...(options.holds === undefined ? {} : { holds: !isMissing }) })
  else if (fault !== undefined) throw new Failure(describeFault(path, fault))
  else if (isMissing)
    throw new Failure(`${path}: no line has the digest ${options.holds}. Lines at the end are missing, or it is another audit.`)
  else {
    print(`${path}: every line fits, ${lines} in all.${last === null ? '' : ` ${nameOfLast(verdict)} has the SHA-256 ${last}.`}`)
    for (const number of torn) print(`Line ${number} is torn: the process ended while it wrote it.`)
  }
  return isGood ? 0 : 1
}

function describeFault(path: string, { line, reason }: NonNullable<Verdict['fault']>): string {
  return `${path}: line ${line} does not fit. ${reason}`
}

/** A torn line has no digest: the one that is printed is that of the last whole line. */
function nameOfLast({ lines, torn }: Verdict): string {
  const isTorn = new Set(torn)
  let last = lines
  while (isTorn.has(last)) last -= 1
  return last === lines ? 'The last one' : `The last whole one, line ${last},`
}

/** Reads where the audit is and nothing else of the configuration: it is wanted also where the rest has a fault. */
function readAudit({ config, file }: AuditOptions): { readonly path: string; readonly bytes: Buffer } {
  const path = file === undefined ? placeOf(config) : resolve(file)
  try {
    return { path, bytes: readFileSync(path) }
  } catch (error) {
    throw new Failure(`The audit ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`)
  }
}

function placeOf(config: string): string {
  const { audit } = (readYaml(config).raw ?? {}) as { readonly audit?: { readonly file?: unknown } | null }
  if (typeof audit?.file !== 'string')
    throw new Failure(
      `${config} names no file for the audit, so its lines are in the log: "event":"audit". Write  audit: { file: ./audit.jsonl }, or give --file.`,
    )
  return resolve(dirname(resolve(config)), audit.file)
}
