import { currentRuntime, type Runtime, type Serving } from '@postern/instance'
import { type Impaired, impairedKeys } from './impaired-keys.js'
import type { Losses } from './losses.js'
import type { Trouble, WatchedStore } from './watch-store.js'

/** Whether calls should be sent to this process. */
export interface ReadinessState {
  /** `refusing`: every call would be refused. */
  readonly status: 'ready' | 'draining' | 'refusing'
  /** Why every call would be refused: no binding leads to a key, no caller exists, none can be identified without the store, or no key is known. */
  readonly because?: 'bindings' | 'callers' | 'store' | 'keys'
  readonly impaired: readonly Impaired[]
}

/** Tells whether the process is ready. */
export interface Readiness {
  look(): Promise<ReadinessState>
  /** From now on the process is not ready, though it may take some last calls. */
  leave(): void
}

export interface ReadinessOptions {
  readonly instance: Serving
  /** `undefined`: nobody knows how the store is. */
  readonly store?: WatchedStore | undefined
  /** What is wrong with the audit. */
  readonly auditTrouble?: (() => Trouble | undefined) | undefined
  /** What else is lost. It takes no process out of service. */
  readonly losses?: Losses | undefined
}

export function createReadiness({ instance, store, auditTrouble, losses }: ReadinessOptions): Readiness {
  let isLeaving = false
  return {
    leave() {
      isLeaving = true
    },
    async look() {
      const storeTrouble = await store?.look()
      const ofAudit = auditTrouble?.()
      const runtime = currentRuntime(instance)
      const impaired: readonly Impaired[] = [
        ...(storeTrouble === undefined ? [] : [{ part: 'store', ...storeTrouble } as const]),
        ...(ofAudit === undefined ? [] : [{ part: 'audit', ...ofAudit } as const]),
        ...impairedKeys(runtime.keys),
        ...(losses?.now() ?? []),
      ]
      if (runtime.draining || isLeaving) return { status: 'draining', impaired }
      const because = whyEveryCallIsRefused(runtime, storeTrouble !== undefined && storeTrouble.canBeRead !== true)
      return because === undefined ? { status: 'ready', impaired } : { status: 'refusing', because, impaired }
    },
  }
}

/** `undefined` if some call may be served. What goes to a backend needs neither a key nor the store. */
function whyEveryCallIsRefused({ config, serviceCallers, keys }: Runtime, isStoreLost: boolean): ReadinessState['because'] {
  const { backend, bindings, callers, keyRing } = config
  if (backend !== undefined) return undefined
  if (bindings.length === 0 && keyRing === undefined) return 'bindings'
  if (keys.areAllUnavailable()) return 'keys'
  // A ring that names nobody lets nobody in.
  if (serviceCallers > 0 || callers.forwardAuth !== undefined || callers.jwt !== undefined) return undefined
  // Sessions are looked up in the store, and anonymous callers are counted there.
  if (callers.session === undefined && callers.anonymous === undefined) return 'callers'
  return isStoreLost ? 'store' : undefined
}
