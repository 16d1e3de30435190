import type { Config } from '@postern/config'
import { currentRuntime, type Serving } from '@postern/instance'
import type { Trouble, WatchedStore } from './watch-store.js'

/** A part that does less than it should, while the process may still serve others. */
export interface Impaired extends Trouble {
  readonly part: 'store' | 'audit'
}

/** Whether calls should be sent to this process. */
export interface ReadinessState {
  /** `refusing`: every call would be refused. */
  readonly status: 'ready' | 'draining' | 'refusing'
  /** Why every call would be refused: no binding leads to a key, or nobody can be identified without the store. */
  readonly because?: 'bindings' | 'store'
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
}

export function createReadiness({ instance, store, auditTrouble }: ReadinessOptions): Readiness {
  let isLeaving = false
  return {
    leave() {
      isLeaving = true
    },
    async look() {
      const storeTrouble = await store?.look()
      const ofAudit = auditTrouble?.()
      const { draining, config } = currentRuntime(instance)
      const impaired: readonly Impaired[] = [
        ...(storeTrouble === undefined ? [] : [{ part: 'store', ...storeTrouble } as const]),
        ...(ofAudit === undefined ? [] : [{ part: 'audit', ...ofAudit } as const]),
      ]
      if (draining || isLeaving) return { status: 'draining', impaired }
      const because = whyEveryCallIsRefused(config, storeTrouble !== undefined)
      return because === undefined ? { status: 'ready', impaired } : { status: 'refusing', because, impaired }
    },
  }
}

/** `undefined` if some call may be served. What goes to a backend needs neither a key nor the store. */
function whyEveryCallIsRefused({ backend, bindings, callers }: Config, isStoreLost: boolean): ReadinessState['because'] {
  if (backend !== undefined) return undefined
  if (bindings.length === 0) return 'bindings'
  // Sessions are looked up and anonymous callers counted there; the others can be identified without it.
  const needsNoStore = callers.service !== undefined || callers.forwardAuth !== undefined || callers.jwt !== undefined
  return isStoreLost && !needsNoStore ? 'store' : undefined
}
