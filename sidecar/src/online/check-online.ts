import type { CheckedConfig } from '@postern/config'
import { createRuntime } from '@postern/express'
import { createLogLedger, type Runtime } from '@postern/instance'
import { createMemoryStore, createRedactor, searchedSecrets } from '@postern/ports'
import { type Asked, checkRing } from './check-ring.js'
import { checkStore } from './check-store.js'
import type { OnlineRow } from './online-row.js'

/** How long a gateway may take to answer, in milliseconds. */
const timeoutMs = 10_000

/** How many gateways are asked at once at most. */
const maxAtOnce = 8

/**
 * Asks the servers that the sidecar would need: the store, each source of a key, each gateway with each of its keys, and the key
 * ring.
 *
 * @param asked Tries these keys alone.
 */
export async function checkOnline(checked: CheckedConfig, file: string, asked: Asked): Promise<readonly OnlineRow[]> {
  const ledger = createLogLedger({ write: () => {}, flush: () => Promise.resolve() })
  const runtime = createRuntime(checked, { ledger, store: createMemoryStore() })
  try {
    const [store] = await Promise.all([checkStore(checked, file), runtime.keys.asked()])
    // Without its file SQLite has no ring either, and to open it would make the file.
    const ofRing = store.ok === true && checked.config.keyRing !== undefined ? await checkRing(checked, file, asked) : []
    const rows = [store, ...sourcesOf(runtime), ...(await tryKeys(checked, runtime, asked)), ...ofRing]
    const unknown = (asked ?? []).filter((alias) => !rows.some(({ what }) => what === `key ${alias}` || what === `ring key ${alias}`))
    rows.push(...unknown.map((alias) => ({ what: `key ${alias}`, ok: false, detail: 'Neither the configuration nor the ring has it.' })))
    // The message may hold the address of the store, and the address a password.
    const { redact } = createRedactor(searchedSecrets(checked.secrets))
    return rows.map((row) => ({ ...row, what: runtime.redact(redact(row.what)), detail: runtime.redact(redact(row.detail)) }))
  } finally {
    await runtime.close()
    await ledger.close()
  }
}

function sourcesOf({ keys }: Runtime): readonly OnlineRow[] {
  const troubles = new Map(keys.troubles().map(({ alias, reason }) => [alias, reason]))
  return keys.sourced().map((alias) => {
    const reason = troubles.get(alias)
    return { what: `source of ${alias}`, ok: reason === undefined, detail: reason ?? 'It gave a value.' }
  })
}

async function tryKeys({ config }: CheckedConfig, { keys }: Runtime, asked: Asked): Promise<readonly OnlineRow[]> {
  const aliases = Object.keys(config.keys).filter((alias) => asked?.includes(alias) ?? true)
  const open = aliases.values()
  const rows = new Map<string, OnlineRow>()
  const work = async (): Promise<void> => {
    for (const alias of open) {
      const { outcome, reason } = await keys.try(alias, AbortSignal.timeout(timeoutMs))
      const ok = outcome === 'taken' ? true : outcome === 'not tried' ? null : false
      rows.set(alias, { what: `key ${alias}`, ok, detail: reason })
    }
  }
  await Promise.all(Array.from({ length: maxAtOnce }, work))
  return aliases.flatMap((alias) => rows.get(alias) ?? [])
}
