import { setTimeout as sleep } from 'node:timers/promises'
import { requireRotation, type RingKey } from '@postern/instance'
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
  /** How many calls each secret was sent with meanwhile. */
  readonly sent: { readonly old: number; readonly new: number }
}

/**
 * Watches for some time how often the secrets of a key are sent, with a progress bar.
 *
 * @throws {RingFault} if no rotation is under way: then nothing is counted.
 */
export async function watchUses({ editor }: OpenRing, alias: string, seconds: number): Promise<Watched> {
  const look = async (): Promise<UsesByName> => describeUses((await editor.read(alias)).key, await editor.usesOf(alias))
  const { key } = await editor.read(alias)
  requireRotation(key)
  await untilPromotionIsKnown(key)
  const before = callsOf(await look())
  const progress = createProgress()
  const until = performance.now() + seconds * 1000
  for (let leftMs = seconds * 1000; leftMs > 0; leftMs = until - performance.now()) {
    progress.tell(1 - leftMs / (seconds * 1000))
    await sleep(Math.min(leftMs, 1000))
  }
  progress.end()
  const uses = await look()
  const after = callsOf(uses)
  return { uses, sent: { old: after.old - before.old, new: after.new - before.new } }
}

/** The calls of both secrets, also if the rotation has ended meanwhile. */
function callsOf({ old, new: next, current, leaked, forgotten }: UsesByName): { readonly old: number; readonly new: number } {
  const isOver = old === undefined
  return {
    old: isOver ? (leaked?.calls ?? 0) + (forgotten?.calls ?? 0) : old.calls,
    new: isOver ? (current?.calls ?? 0) : (next?.calls ?? 0),
  }
}
