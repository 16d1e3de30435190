import { StoreFull, StoreNotAsked } from '@postern/ports'

/** An error on its way to another process: its kind and its message. */
export type ToldError = readonly [kind: 'full' | 'not asked' | 'range' | 'other', message: string]

/** What the other process is told of an error: neither its stack nor its cause. */
export function tellError(error: unknown): ToldError {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof StoreFull) return ['full', message]
  if (error instanceof StoreNotAsked) return ['not asked', message]
  return [error instanceof RangeError ? 'range' : 'other', message]
}

/** The error that the other process told. */
export function errorOf([kind, message]: ToldError): Error {
  if (kind === 'full') return new StoreFull(message)
  if (kind === 'not asked') return new StoreNotAsked(message)
  return kind === 'range' ? new RangeError(message) : new Error(message)
}
