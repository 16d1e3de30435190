import { plainFailure } from '@postern/core'
import { SourceFailure } from './secret-source.js'

/** Why a source gave nothing, in words that hold nothing of what it has sent. */
export function describeFailure(error: unknown): string {
  if (error instanceof SourceFailure) return error.message
  if (!(error instanceof Error)) return 'It failed.'
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  const told = first instanceof Error ? first : error
  if (told.name === 'TimeoutError') return 'It did not answer in time.'
  const plain = plainFailure(told)
  if (plain !== undefined) return `It cannot be asked: ${plain}`
  const code = 'code' in told && typeof told.code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(told.code) ? told.code : told.name
  return `It cannot be asked (${code}).`
}
