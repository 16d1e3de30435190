import type { CheckedConfig } from '@postern/config'
import { Failure } from '../failure.js'
import { needsStore, openStoreToRevoke } from '../open-store.js'
import type { OnlineRow } from './online-row.js'

/** How long the store may take to answer, in milliseconds. */
const timeoutMs = 10_000

/** Opens the store as a second process would, beside the one that serves, and reads from it. */
export async function checkStore(checked: CheckedConfig, file: string): Promise<OnlineRow> {
  const what = 'store'
  if (checked.config.store === undefined && !needsStore(checked.config)) return { what, ok: null, detail: 'None is needed.' }
  if (checked.config.store?.memory === true) return { what, ok: null, detail: 'It is the memory of the process.' }
  try {
    const store = await openStoreToRevoke(checked, file)
    try {
      await inTime(store.revocations.after(undefined))
      return { what, ok: true, detail: 'It answers.' }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (error instanceof Failure && /does not exist/.test(error.message))
      return { what, ok: null, detail: 'Its file does not exist yet; the first start makes it.' }
    return { what, ok: false, detail: (error as Error).message.split('\n', 1).join('') }
  }
}

async function inTime<Value>(asked: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('It does not answer in time.')), timeoutMs)
  })
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}
