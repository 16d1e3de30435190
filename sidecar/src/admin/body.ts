import { readJsonObject } from '@postern/core'
import type { Request } from 'express'

/** Reads the body by the same strict rules as every other body. */
export function bodyOf({ body }: Pick<Request, 'body'>): Readonly<Record<string, unknown>> {
  const bytes: unknown = body
  return readJsonObject(Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0))
}
