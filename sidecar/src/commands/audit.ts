import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { regularFile } from '@postern/config'
import { type MasterKeys, masterKeysOf } from '@postern/instance'
import { type AuditLine, digestOf, readLine, splitLines } from '../audit/line.js'
import { type Verdict, verifyAudit } from '../audit/verify.js'
import { countOf } from '../count-of.js'
import { Failure } from '../failure.js'
import { requireConfig } from '../load-config.js'
import { print, printable, printJson, printTable } from '../print.js'
import { readYaml } from '../read-yaml.js'

export interface AuditOptions {
  readonly config: string
  readonly file?: string
  readonly holds?: string
  readonly newest?: string
  readonly trustedUntil?: string
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
  const told = Object.entries(about).filter(([name]) => !ofChain.has(name))
  const facts = told.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [time, who, what, result, facts.join('\n')].map(printable)
}

/** What shows that lines fit each other, and tells nothing of what was done. */
const ofChain: ReadonlySet<string> = new Set(['before', 'chain', 'mac'])

/** Checks that every line carries the digest of the one before and, if there are master keys, a mark of theirs. */
export function verify(options: AuditOptions): number {
  const { path, bytes } = readAudit(options)
  const { masterKeys, why } = findMasterKeys(options)
  const trusted = options.trustedUntil?.toLowerCase()
  const digests = new Set(splitLines(bytes).map(digestOf))
  if (trusted !== undefined && !digests.has(trusted)) throw new Failure(`${path}: no line has the digest ${trusted} of --trusted-until.`)
  const verdict = verifyAudit(bytes, masterKeys === undefined ? undefined : { masterKeys, trusted })
  const { lines, last, torn, fault } = verdict
  const missing = newestDigests(options).find((digest) => !digests.has(digest))
  const isGood = fault === undefined && missing === undefined && why === undefined
  const cut = fault === undefined && missing !== undefined ? { tampering: 'cut at the end' as const, digest: missing } : undefined
  if (options.json === true) {
    const marks = masterKeys === undefined ? 'not checked' : 'checked'
    const held = options.holds === undefined ? {} : { holds: missing === undefined }
    printJson({ ok: isGood, ...verdict, marks, ...held, ...(cut === undefined ? {} : { missing: cut }) })
  } else if (fault !== undefined) throw new Failure(describeFault(path, fault))
  else if (missing !== undefined)
    throw new Failure(
      `${path}: no line has the digest ${missing}. Lines are missing (cut at the end), or it is another audit. If it was begun anew on purpose, give the part of the log since then.`,
    )
  else {
    print(`${path}: every line fits, ${lines} in all.${last === null ? '' : ` ${nameOfLast(verdict)} has the SHA-256 ${last}.`}`)
    for (const number of torn) print(`Line ${number} is torn: the process ended while it wrote it.`)
    print(describeMarks(verdict, why))
  }
  return isGood ? 0 : 1
}

/** @param why Why the marks could not be checked, although the configuration has master keys. */
function describeMarks({ marked, unmarked }: Verdict, why: string | undefined): string {
  if (why !== undefined) return `The marks were not checked: ${why}`
  if (marked === undefined)
    return 'Marks were not checked, since no configuration with keyRing.masterKeys was given: whoever may write to the file could have written all of it anew.'
  const believed =
    unmarked === undefined ? '' : ` ${countOf(unmarked, 'line')} before them ${unmarked === 1 ? 'has' : 'have'} none, and were believed.`
  return `${countOf(marked, 'line')} ${marked === 1 ? 'has' : 'have'} the mark of a master key.${believed}`
}

/**
 * The master keys of the configuration. A configuration that is not there, or names none, has none; of one that has a fault the chain is
 * checked all the same.
 */
function findMasterKeys({ config }: AuditOptions): { readonly masterKeys?: MasterKeys | undefined; readonly why?: string } {
  if (!existsSync(config)) return {}
  const { keyRing } = (readYaml(config).raw ?? {}) as { readonly keyRing?: unknown }
  if (keyRing === undefined) return {}
  try {
    return { masterKeys: masterKeysOf(requireConfig(config, (path) => !path.startsWith('keyRing.')).checked) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { why: `the master keys cannot be read. ${error.message}` }
  }
}

/**
 * The digests that the audit must hold: of a log all, since a process that finds an audit without its end goes on behind what is left, and
 * its newest line then fits.
 */
function newestDigests({ holds, newest }: AuditOptions): readonly string[] {
  const held = holds === undefined ? [] : [holds.toLowerCase()]
  if (newest === undefined) return held
  if (/^[0-9a-f]{64}$/i.test(newest)) return [...held, newest.toLowerCase()]
  let text: string
  try {
    text = readRegular(newest).toString('utf8')
  } catch (error) {
    const code = codeOf(error)
    throw new Failure(
      code === noRegularFile
        ? `--newest ${newest} is a pipe or a device, whose end nobody knows. Write the log into a file first, and name that.`
        : `--newest ${newest} is neither a SHA-256 nor a file that can be read (${code}).`,
    )
  }
  const named = text.split('\n').filter((line) => line.includes('"audit_newest"'))
  const found = named.flatMap((line) => /"digest":"([0-9a-f]{64})"/.exec(line)?.[1] ?? [])
  if (found.length === 0) throw new Failure(`${newest} has no line "audit_newest". Give the log of the process that wrote the audit.`)
  return [...held, ...found]
}

function describeFault(path: string, { line, reason, tampering }: NonNullable<Verdict['fault']>): string {
  return `${path}: line ${line} does not fit${tampering === undefined ? '' : ` (${tampering})`}. ${reason}`
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
    return { path, bytes: readRegular(path) }
  } catch (error) {
    const code = codeOf(error)
    throw new Failure(
      code === noRegularFile
        ? `The audit ${path} is a pipe or a device, whose end nobody knows. Copy the lines into a file, and give that with --file.`
        : `The audit ${path} cannot be read (${code}).`,
    )
  }
}

/** Of a pipe or a device, the code of the error that {@link regularFile} throws. */
const noRegularFile = 'ENOTREG'

/** @throws {Error} also for a pipe or a device: a read of it could wait for ever. */
function readRegular(path: string): Buffer {
  regularFile(path)
  return readFileSync(path)
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}

function placeOf(config: string): string {
  const { audit } = (readYaml(config).raw ?? {}) as { readonly audit?: { readonly file?: unknown } | null }
  if (typeof audit?.file !== 'string')
    throw new Failure(
      `${config} names no file for the audit, so its lines are in the log: "event":"audit". Write  audit: { file: ./audit.jsonl }, or give --file.`,
    )
  return resolve(dirname(resolve(config)), audit.file)
}
