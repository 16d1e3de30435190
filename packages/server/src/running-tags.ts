import { AsyncLocalStorage } from 'node:async_hooks'

/** The workflow and step that a call belongs to. */
export interface Tags {
  readonly workflow: string
  readonly step?: string | undefined
  /** The step that caused this one. */
  readonly parent?: string | undefined
}

/** Under this symbol clients find a function that returns {@link Tags} or `undefined`. */
const running = Symbol.for('postern.tags')
/** One storage for the process: two copies of this package see each other's steps. */
const storage = Symbol.for('postern.tags.storage')

interface Shared {
  [running]?: () => Tags | undefined
  [storage]?: AsyncLocalStorage<Tags>
}

/** Calls a function; it and everything that it begins run under these tags. */
export function runUnder<Result>(tags: Tags, run: () => Result): Result {
  return sharedStorage().run(tags, run)
}

/** Returns the tags of the step, or else of the workflow, that runs around this call; `undefined` outside a workflow. */
export function runningTags(): Tags | undefined {
  return (globalThis as Shared)[storage]?.getStore()
}

function sharedStorage(): AsyncLocalStorage<Tags> {
  const shared = globalThis as Shared
  shared[running] ??= runningTags
  return (shared[storage] ??= new AsyncLocalStorage())
}
