import { hash, randomBytes } from 'node:crypto'
import { formatHashRing, parseHashRing, type RingEntry } from '@postern/core'
import { Failure } from '../failure.js'
import { loadConfig } from '../load-config.js'
import { print, printJson, printTable } from '../print.js'
import { openRing, type Ring } from '../ring.js'

interface CallersOptions {
  readonly config: string
  readonly json?: boolean
}

/** Lists who may call from a server. */
export function listCallers(options: CallersOptions): number {
  const { ring, entries } = readRing(options.config)
  const rows = entries.map(({ label, digest }) => ({ label, sha256: digest, ...ring.principals[label] }))
  if (options.json === true) printJson(rows)
  else {
    printTable(
      ['label', 'sha-256 begins', 'user', 'team', 'project', 'acts for others'],
      rows.map((row) => [
        row.label,
        row.sha256.slice(0, 12),
        row.user ?? '',
        row.team ?? '',
        row.project ?? '',
        row.delegate === true ? 'yes' : '',
      ]),
    )
  }
  return 0
}

const labelPattern = /^[a-zA-Z0-9._:-]{1,64}$/

/** Makes a credential for a server-side caller and prints it once; only its hash is kept. */
export function addCaller(label: string, options: CallersOptions): number {
  if (!labelPattern.test(label)) throw new Failure('A label has 1 to 64 letters, digits, dots, underscores, colons and hyphens.')
  const { ring, entries } = readRing(options.config)
  if (entries.some((entry) => entry.label === label))
    throw new Failure(`There is a caller "${label}" already. Remove it first, or choose another label.`)
  const credential = `pst_${randomBytes(32).toString('base64url')}`
  const changed = [...entries, { label, digest: hash('sha256', credential) }]
  const where = ring.write(formatHashRing(changed))
  if (options.json === true) printJson({ label, credential, hashes: formatHashRing(changed), written_to: where ?? null })
  else {
    print(`Credential of "${label}", shown this once:\n\n  ${credential}\n`)
    printWhere(ring, where, changed)
    if (ring.principals[label] === undefined)
      print(`Say who it is, in the configuration:\n\n  callers.service.principals.${label}: { user: …, team: …, project: … }\n`)
  }
  return 0
}

/** Takes a server-side caller's hash out of the ring. */
export function removeCaller(label: string, options: CallersOptions): number {
  const { ring, entries } = readRing(options.config)
  const changed = entries.filter((entry) => entry.label !== label)
  if (changed.length === entries.length) throw new Failure(`There is no caller "${label}".`)
  const where = ring.write(formatHashRing(changed))
  if (options.json === true) printJson({ label, hashes: formatHashRing(changed), written_to: where ?? null })
  else {
    print(`Removed "${label}". A running sidecar knows the old ring until it is started again.`)
    printWhere(ring, where, changed)
  }
  return 0
}

function readRing(config: string): { ring: Ring; entries: readonly RingEntry[] } {
  loadConfig(config)
  const ring = openRing(config)
  const { entries, problems } = parseHashRing(ring.text)
  const [first] = problems
  if (first !== undefined) throw new Failure(`Entry ${first.position} of the ring ${first.reason}. ${first.fix}`)
  return { ring, entries }
}

function printWhere(ring: Ring, where: string | undefined, entries: readonly RingEntry[]): void {
  if (where !== undefined) print(`The ring in ${where} is written.`)
  else print(`Set ${ring.variable} to:\n\n${formatHashRing(entries).split('\n').join(',')}\n`)
}
