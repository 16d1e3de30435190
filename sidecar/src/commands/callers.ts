import { hash, randomBytes } from 'node:crypto'
import { formatHashRing, formatManifest, labelInRing, parseHashRing } from '@postern/config'
import type { RingEntry } from '@postern/ports'
import { Failure } from '../failure.js'
import { loadConfig } from '../load-config.js'
import { print, printJson, printTable } from '../print.js'
import { openManifest, openRing, type Ring } from '../ring.js'
import { whileLocked } from '../while-locked.js'

interface CallersOptions {
  readonly config: string
  /** A manifest instead of the configuration's ring. */
  readonly manifest?: string
  readonly json?: boolean
}

interface AddOptions extends CallersOptions {
  /** The hash of a credential that exists already. */
  readonly sha256?: string
}

interface RotateOptions extends Omit<CallersOptions, 'manifest'> {
  /** How long the former credential counts, such as `12h`. */
  readonly grace: string
}

/** Lists the service callers. */
export function listCallers(options: CallersOptions): number {
  const { ring, entries } = readRing(options)
  const rows = entries.map((entry) => ({
    label: entry.label,
    ...(entry.until === undefined ? {} : { in_ring: labelInRing(entry), until: new Date(entry.until).toISOString() }),
    sha256: entry.digest,
    ...ring.principals[entry.label],
  }))
  if (options.json === true) printJson(rows)
  else if (ring.missing !== undefined) print(`${ring.missing}, so there are no callers in the ring. Add one with "postern callers add".`)
  else if (rows.length === 0) print('The ring has no callers. Add one with "postern callers add".')
  else {
    printTable(
      ['label', 'sha-256 begins', 'user', 'team', 'project', 'acts for others', 'counts until'],
      rows.map((row) => [
        row.in_ring ?? row.label,
        row.sha256.slice(0, 12),
        row.user ?? '',
        row.team ?? '',
        row.project ?? '',
        row.delegate === true ? 'yes' : '',
        row.until === undefined ? '' : Date.parse(row.until) <= Date.now() ? 'it is over' : row.until,
      ]),
    )
  }
  return 0
}

const labelPattern = /^[a-zA-Z0-9._:-]{1,64}$/

/** Prints the ring as the text that `GATEWAY_API_KEY_HASHES` takes. */
export function printCallers(options: CallersOptions): number {
  const { entries } = readRing(options)
  if (entries.length === 0) throw new Failure('The ring is empty; uploading it would lock everybody out. Add a caller first.')
  if (options.json === true) printJson({ hashes: formatHashRing(entries) })
  else print(formatHashRing(entries))
  return 0
}

/** Makes a credential for a service caller and prints it once; only its hash goes into the ring. */
export function addCaller(label: string, options: AddOptions): number {
  if (!labelPattern.test(label)) throw new Failure('A label has 1 to 64 letters, digits, dots, underscores, colons and hyphens.')
  return whileNobodyElse(options, () => addAlone(label, options))
}

function addAlone(label: string, options: AddOptions): number {
  const { ring, entries } = readRing(options)
  if (entries.some((entry) => entry.label === label && entry.until === undefined))
    throw new Failure(
      `There is a caller "${label}" already. Remove it first, or choose another label; "postern callers rotate" gives it another credential.`,
    )
  const credential = options.sha256 === undefined ? createCredential(ring) : undefined
  const digest = credential === undefined ? readDigest(options.sha256 as string, entries) : hash('sha256', credential)
  const changed = [...entries, { label, digest, createdAt: new Date().toISOString() }]
  const where = writeRing(ring, changed, options)
  if (options.json === true)
    printJson({ label, credential: credential ?? null, hashes: formatHashRing(changed), written_to: where ?? null })
  else {
    if (credential !== undefined) print(`Credential of "${label}", shown this once:\n\n  ${credential}\n`)
    printWhere(ring, where, changed, options)
    if (options.manifest === undefined && ring.principals[label] === undefined)
      print(`Say who it is, in the configuration:\n\n  callers.service.principals.${label}: { user: …, team: …, project: … }\n`)
  }
  return 0
}

function createCredential({ prefix }: Ring): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`
}

/**
 * Gives a service caller another credential, printed once. The former one counts for the time of grace and then ends by itself; the log
 * says of each call whether it came with a former credential.
 */
export function rotateCaller(label: string, options: RotateOptions): number {
  const graceMs = readGrace(options.grace)
  return whileNobodyElse(options, () => rotateAlone(label, graceMs, options))
}

function rotateAlone(label: string, graceMs: number, options: RotateOptions): number {
  const { ring, entries } = readRing(options)
  const current = entries.find((entry) => entry.label === label && entry.until === undefined)
  if (current === undefined)
    throw new Failure(
      `There is no caller "${label}" in the ring. ${ring.missing === undefined ? '"postern callers list" has all.' : `${ring.missing}.`}`,
    )
  const now = Date.now()
  const taken = new Set(entries.map(labelInRing))
  // A ring has whole seconds, and each end of a caller once.
  let until = Math.ceil((now + graceMs) / 1000) * 1000
  while (taken.has(labelInRing({ ...current, until }))) until += 1000
  const credential = createCredential(ring)
  const changed = entries.flatMap((entry) => {
    if (entry.until !== undefined && entry.until <= now) return []
    if (entry !== current) return [entry]
    return [
      { label, digest: hash('sha256', credential), createdAt: new Date(now).toISOString() },
      ...(graceMs === 0 ? [] : [{ ...entry, until }]),
    ]
  })
  const where = writeRing(ring, changed, options)
  const formerUntil = graceMs === 0 ? null : new Date(until).toISOString()
  const others = changed
    .filter((entry) => entry.label === label && entry.until !== undefined && entry.digest !== current.digest)
    .map(labelInRing)
  if (options.json === true)
    printJson({ label, credential, former_until: formerUntil, others, hashes: formatHashRing(changed), written_to: where ?? null })
  else {
    print(`New credential of "${label}", shown this once:\n\n  ${credential}\n`)
    print(formerUntil === null ? 'The one before it no longer counts.' : describeGrace(labelInRing({ ...current, until }), formerUntil))
    for (const other of others) print(`An earlier one still counts. End it with: postern callers remove ${other}\n`)
    printWhere(ring, where, changed, options)
  }
  return 0
}

function describeGrace(former: string, until: string): string {
  return `The former one counts until ${until}. Log lines of calls with it have "former_credential": true;\nonce there are none, end it sooner with: postern callers remove ${former}\n`
}

/** The units of a time of grace, in milliseconds, and the longest one: a credential that is never ended is not rotated. */
const graceUnits: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const longestGraceMs = 90 * 86_400_000

function readGrace(text: string): number {
  const [, number, unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? []
  const ms = Number(number) * (graceUnits[unit] ?? NaN)
  if (ms <= longestGraceMs) return ms
  throw new Failure(
    'The time of grace is a number with its unit, such as 30m, 12h or 7d: from 0s, which ends the former credential now, to 90d.',
  )
}

/** Checks a hash by the rules for every ring. */
function readDigest(sha256: string, entries: readonly RingEntry[]): string {
  const { problems } = parseHashRing(formatHashRing([...entries, { label: 'new', digest: sha256 }]))
  const [first] = problems
  if (first !== undefined) throw new Failure(`The hash ${first.reason}. ${first.fix}`)
  return sha256.toLowerCase()
}

/**
 * Removes the hashes of a service caller from the ring; one former credential alone if the label has its end. Exit code 1 if the ring is in the environment, which this command
 * cannot change.
 */
export function removeCaller(label: string, options: CallersOptions): number {
  return whileNobodyElse(options, () => removeAlone(label, options))
}

/** Does what reads the ring and then writes it, so that no change of another command is lost in between. */
function whileNobodyElse(options: CallersOptions, work: () => number): number {
  const { file } = readRing(options).ring
  return file === undefined ? work() : whileLocked(file, work)
}

function removeAlone(given: string, options: CallersOptions): number {
  // As `callers list --json` prints the end of a former credential.
  const label = given.replace(/\.\d{3}Z$/, 'Z')
  const { ring, entries } = readRing(options)
  const changed = entries.filter((entry) => entry.label !== label && labelInRing(entry) !== label)
  if (changed.length === entries.length) throw new Failure(`There is no caller "${label}".`)
  const where = writeRing(ring, changed, options)
  if (options.json === true) printJson({ label, hashes: formatHashRing(changed), written_to: where ?? null })
  else {
    if (where === undefined) print(`"${label}" is not removed yet: its ring is in the environment, which this command cannot change.`)
    else print(`Removed "${label}".`)
    printWhere(ring, where, changed, options)
    if (changed.length === 0) print(`That was the last caller: ${whatEmptyMeans(options)}`)
  }
  return where === undefined ? 1 : 0
}

function whatEmptyMeans({ manifest }: CallersOptions): string {
  return manifest === undefined
    ? 'under this ring every service caller is refused.'
    : 'uploading an empty ring would lock everybody out. Add another one first.'
}

/** Writes the ring, reads it again as the sidecar will, and fails if the two differ. */
function writeRing(ring: Ring, entries: readonly RingEntry[], options: CallersOptions): string | undefined {
  requireReadable(entries)
  const where = ring.write(entries)
  if (where !== undefined && !hasSameEntries(readRing(options).entries, entries))
    throw new Failure(`${where} is written, but reads as another ring than was meant. Write it by hand:\n\n${formatHashRing(entries)}`)
  return where
}

/** A ring that could not be read back would lock everybody out, and a credential that was just made would be lost: so nothing is written. */
function requireReadable(entries: readonly RingEntry[]): void {
  const { problems } = parseHashRing(readable(entries))
  const [first] = problems
  if (first !== undefined) throw new Failure(`Nothing is changed: entry ${first.position} of the ring ${first.reason}. ${first.fix}`)
}

/** The form that can hold every label. */
function readable(entries: readonly RingEntry[]): string {
  try {
    return formatManifest(entries, new Date())
  } catch (error) {
    throw new Failure(`Nothing is changed: ${(error as Error).message}`)
  }
}

/** Compares without order: a manifest has its own. */
function hasSameEntries(some: readonly RingEntry[], others: readonly RingEntry[]): boolean {
  const [one, other] = [some, others].map((entries) =>
    JSON.stringify(entries.map((entry) => [labelInRing(entry), entry.digest].join()).toSorted()),
  )
  return one === other
}

function readRing({ config, manifest }: CallersOptions): { ring: Ring; entries: readonly RingEntry[] } {
  if (manifest === undefined) loadConfig(config)
  const ring = manifest === undefined ? openRing(config) : openManifest(manifest)
  const { entries, problems } = parseHashRing(ring.text)
  const [first] = problems
  if (first !== undefined) throw new Failure(`Entry ${first.position} of the ring ${first.reason}. ${first.fix}`)
  return { ring, entries }
}

function printWhere(ring: Ring, where: string | undefined, entries: readonly RingEntry[], options: CallersOptions): void {
  if (where !== undefined) print(`The ring in ${where} is written.`)
  else {
    const why = ring.dotenv === undefined ? `${ring.variable} is in this environment, which a command cannot change` : ring.missing
    const place = ring.dotenv === undefined ? '' : `${ring.dotenv}, or `
    print(`Nothing is written: ${why}.\nPut this line into ${place}what sets the environment of the sidecar:\n`)
    print(`${ring.variable}=${formatHashRing(entries).split('\n').join(',')}\n`)
    if (ring.dotenv !== undefined) print('Once .env has the line, this command writes each further caller into it.')
  }
  print(whenInUse(ring, where, options))
}

/** From when on a running process goes by the ring. */
function whenInUse({ variable, dotenv }: Ring, where: string | undefined, { manifest }: CallersOptions): string {
  if (manifest !== undefined) return 'The gateway goes by the ring from before until this one is uploaded.'
  if (variable === undefined) return 'A running sidecar goes by it within five seconds.'
  if (where === undefined)
    return `A running sidecar goes by the ring from before until it is started again with this line${dotenv === undefined ? '' : ', or, if .env has it, until "postern reload"'}.`
  return `A running sidecar goes by the ring from before until "postern reload", SIGHUP or, with reload.watch, five seconds from now; if it was started with ${variable} in its own environment, .env does not count and it must be started again with the new value.`
}
