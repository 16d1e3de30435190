import { currentRuntime, type Runtime, type Serving } from '@postern/instance'
import { type Impaired, impairedKeys } from './impaired-keys.js'
import type { Losses } from './losses.js'
import type { Trouble, WatchedStore } from './watch-store.js'

/** Whether calls should be sent to this process. */
export interface ReadinessState {
  /** `refusing`: every call would be refused. */
  readonly status: 'ready' | 'draining' | 'refusing'
  /** Why every call would be refused: no binding leads to a key, no caller exists, none can be identified without the store, no key is known, or no worker serves. */
  readonly because?: 'bindings' | 'callers' | 'store' | 'keys' | 'workers'
  readonly impaired: readonly Impaired[]
}

/** Tells whether the process is ready. */
export interface Readiness {
  look(): Promise<ReadinessState>
  /** Whether {@link leave} was called: whatever was seen before, the process is not ready. */
  readonly isLeaving: boolean
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
  /** Asks the workers, if others serve the calls. */
  readonly workers?: { look(): Promise<WorkersState> } | undefined
}

/** How the workers are. */
export interface WorkersState {
  /** What each of those that serve says of itself. */
  readonly states: readonly ReadinessState[]
  /** Why fewer serve than should; `undefined`: all do. */
  readonly trouble: Trouble | undefined
}

export function createReadiness({ instance, store, auditTrouble, losses, workers }: ReadinessOptions): Readiness {
  let isLeaving = false
  return {
    get isLeaving() {
      return isLeaving
    },
    leave() {
      isLeaving = true
    },
    async look() {
      const [storeTrouble, served] = await Promise.all([store?.look(), workers?.look()])
      const ofAudit = auditTrouble?.()
      const runtime = currentRuntime(instance)
      const impaired: readonly Impaired[] = [
        ...(storeTrouble === undefined ? [] : [{ part: 'store', ...storeTrouble } as const]),
        ...(ofAudit === undefined ? [] : [{ part: 'audit', ...ofAudit } as const]),
        ...impairedKeys(runtime.keys),
        ...(losses?.now() ?? []),
        ...(served?.trouble === undefined ? [] : [{ part: 'workers', ...served.trouble } as const]),
      ]
      if (runtime.draining || isLeaving) return { status: 'draining', impaired }
      const isStoreGone = storeTrouble !== undefined && storeTrouble.canBeRead !== true
      const because = served === undefined ? whyEveryCallIsRefused(runtime, isStoreGone) : whyAllRefuse(served)
      return because === undefined ? { status: 'ready', impaired } : { status: 'refusing', because, impaired }
    },
  }
}

/** `undefined` if some worker may serve a call. */
function whyAllRefuse({ states }: WorkersState): ReadinessState['because'] {
  if (states.some(({ because }) => because === undefined)) return undefined
  return states[0]?.because ?? 'workers'
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
