import type { CheckedConfig } from '@postern/config'
import { BrokenSeal, type MasterKeys, type ReadKey, readKey, tryRingSecret } from '@postern/instance'
import type { KeptKey } from '@postern/ports'
import { countOf } from '../count-of.js'
import { type OpenRing, withRingOf } from '../keys/open-ring.js'
import type { OnlineRow } from './online-row.js'

/** How many keys of the ring are read at most, to see whether each row opens. */
const maxRead = 10_000
/** How many keys are asked of the store at once. */
const pageSize = 500
/** How many keys of the ring are tried at their gateways, and how many broken rows are named, at most. */
const maxTried = 20
/** How long a gateway may take to answer, in milliseconds. */
const timeoutMs = 10_000
/** How many gateways are asked at once at most. */
const maxAtOnce = 8

/** Keys to try: these aliases alone; `undefined`: the first ones. */
export type Asked = readonly string[] | undefined

/**
 * Reads the rows of the key ring, and asks the gateways of the first keys, or of the keys that are asked for, with the secret in use. Its
 * store must be there.
 */
export function checkRing(checked: CheckedConfig, file: string, asked: Asked): Promise<readonly OnlineRow[]> {
  return withRingOf(checked, file, async (open) => {
    if (open === undefined) return []
    const { read, broken, left } = asked === undefined ? await readRows(open) : await readAsked(open, asked)
    const tried = asked === undefined ? read.slice(0, maxTried) : read
    const rows = await tryAll(tried, open)
    const untried = asked === undefined ? read.length - tried.length + left : 0
    const named = asked === undefined ? broken.slice(0, maxTried) : broken
    return [await rowOfRing(open, broken.length, left), ...named, ...rows, ...rowOfUntried(untried)]
  })
}

interface Rows {
  readonly read: readonly ReadKey[]
  readonly broken: readonly OnlineRow[]
  /** How many rows were not read. */
  readonly left: number
}

async function readRows({ ring, masterKeys }: OpenRing): Promise<Rows> {
  const read: ReadKey[] = []
  const broken: OnlineRow[] = []
  let after: string | undefined
  while (read.length + broken.length < maxRead) {
    const page = await ring.keys(after, pageSize)
    for (const kept of page) takeRow(kept, masterKeys, read, broken)
    after = page.at(-1)?.alias
    if (page.length < pageSize) return { read, broken, left: 0 }
  }
  const { keys } = await ring.count()
  return { read, broken, left: Math.max(0, keys - read.length - broken.length) }
}

/** The rows of these keys alone, wherever they stand in the ring; those that it has not are left out. */
async function readAsked({ ring, masterKeys }: OpenRing, aliases: readonly string[]): Promise<Rows> {
  const read: ReadKey[] = []
  const broken: OnlineRow[] = []
  for (const alias of aliases) {
    const kept = await ring.key(alias)
    if (kept !== undefined) takeRow(kept, masterKeys, read, broken)
  }
  return { read, broken, left: 0 }
}

function takeRow(kept: KeptKey, masterKeys: MasterKeys, read: ReadKey[], broken: OnlineRow[]): void {
  try {
    read.push(readKey(kept, masterKeys))
  } catch (error) {
    if (!(error instanceof BrokenSeal)) throw error
    broken.push({ what: `ring key ${kept.alias}`, ok: false, detail: `Its row cannot be read. ${error.message}` })
  }
}

async function rowOfRing({ ring }: OpenRing, broken: number, left: number): Promise<OnlineRow> {
  const { keys, bindings } = await ring.count()
  const cannot = broken === 0 ? '' : ` ${countOf(broken, 'row')} cannot be read.`
  const unread = left === 0 ? '' : ` The first ${maxRead} were read.`
  return {
    what: 'ring',
    ok: broken === 0,
    detail: `It opens: ${countOf(keys, 'key')} and ${countOf(bindings, 'binding')}.${cannot}${unread}`,
  }
}

function rowOfUntried(count: number): readonly OnlineRow[] {
  if (count === 0) return []
  return [{ what: 'ring', ok: null, detail: `${countOf(count, 'more key')} not tried; --key ALIAS tries one.` }]
}

async function tryAll(keys: readonly ReadKey[], { checked, masterKeys }: OpenRing): Promise<readonly OnlineRow[]> {
  const open = keys.entries()
  const rows: OnlineRow[] = []
  const work = async (): Promise<void> => {
    for (const [index, read] of open) {
      rows[index] = { what: `ring key ${read.alias}`, ...(await tryOne(read)) }
    }
  }
  const tryOne = async (read: ReadKey): Promise<Omit<OnlineRow, 'what'>> => {
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const { outcome, reason } = await tryRingSecret(read, 'current', { checked, masterKeys, model: undefined, signal })
      return { ok: outcome === 'taken' ? true : outcome === 'not tried' ? null : false, detail: reason }
    } catch (error) {
      if (!(error instanceof BrokenSeal)) throw error
      return { ok: false, detail: `Its secret cannot be read. ${error.message}` }
    }
  }
  await Promise.all(Array.from({ length: maxAtOnce }, work))
  return rows
}
