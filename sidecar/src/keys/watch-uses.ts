import { setTimeout as sleep } from 'node:timers/promises'
import type { RingKey } from '@postern/instance'
import { createProgress } from '../usage/progress.js'
import { describeUses, type UsesByName } from './describe-uses.js'
import type { OpenRing } from './open-ring.js'

/** After this time every process knows that a secret is not sent any more, and has counted those calls that it sent before; in milliseconds. */
const knownMs = 2000

/** Waits until no process sends the secret that a promotion has replaced, and its uses are counted. */
export async function untilPromotionIsKnown({ secrets, rotation }: RingKey): Promise<void> {
  if (rotation?.stage !== 'promoted') return
  const leftAt = Math.max(...secrets.map((secret) => secret.leftAt ?? 0))
  const leftMs = leftAt + knownMs - Date.now()
  // A clock that was put back does not make an operator wait for long.
  if (leftMs > 0) await sleep(Math.min(leftMs, knownMs))
}

/** What came of watching a key. */
export interface Watched {
  readonly uses: UsesByName
  /** How many calls the old secret was sent with meanwhile. */
  readonly oldCalls: number
}

/** Watches for some time how often the secrets of a key are sent, with a progress bar. */
export async function watchUses({ editor }: OpenRing, alias: string, seconds: number): Promise<Watched> {
  const look = async (): Promise<UsesByName> => describeUses((await editor.read(alias)).key, await editor.usesOf(alias))
  const oldCallsOf = ({ old, forgotten }: UsesByName): number => (old?.calls ?? 0) + (forgotten?.calls ?? 0)
  await untilPromotionIsKnown((await editor.read(alias)).key)
  const before = oldCallsOf(await look())
  const progress = createProgress()
  const until = performance.now() + seconds * 1000
  for (let leftMs = seconds * 1000; leftMs > 0; leftMs = until - performance.now()) {
    progress.tell(1 - leftMs / (seconds * 1000))
    await sleep(Math.min(leftMs, 1000))
  }
  progress.end()
  const uses = await look()
  return { uses, oldCalls: oldCallsOf(uses) - before }
}
