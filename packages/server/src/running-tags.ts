import { AsyncLocalStorage } from 'node:async_hooks'

/** What run and step calls belong to that begin here. */
export interface Tags {
  readonly workflow: string
  readonly step?: string | undefined
  /** The step that caused this one. */
  readonly parent?: string | undefined
}

/** Where clients ask what is running around them: a function that gives {@link Tags} or `undefined`. */
const running = Symbol.for('postern.tags')
/** One for the process, so that two copies of this package know of each other's steps. */
const storage = Symbol.for('postern.tags.storage')

interface Shared {
  [running]?: () => Tags | undefined
  [storage]?: AsyncLocalStorage<Tags>
}

/** Calls a function, and all that it begins, under these tags. */
export function runUnder<Result>(tags: Tags, run: () => Result): Result {
  return sharedStorage().run(tags, run)
}

/** The tags of the step, or else of the workflow, that is running around this call. */
export function runningTags(): Tags | undefined {
  return (globalThis as Shared)[storage]?.getStore()
}

function sharedStorage(): AsyncLocalStorage<Tags> {
  const shared = globalThis as Shared
  shared[running] ??= runningTags
  return (shared[storage] ??= new AsyncLocalStorage())
}
