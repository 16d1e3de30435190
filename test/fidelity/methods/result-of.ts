import type { Kind } from './find-methods.js'

/** What a client makes of an answer, as a text to compare. */
export async function resultOf(call: () => unknown, kind: Kind): Promise<{ readonly text: string; readonly failed: boolean }> {
  try {
    return { text: await describe(await call(), kind), failed: false }
  } catch (error) {
    const { name, message, status, code } = error as Error & { readonly status?: unknown; readonly code?: unknown }
    return { text: JSON.stringify({ name, message, status, code }), failed: true }
  }
}

async function describe(value: unknown, kind: Kind): Promise<string> {
  if (value instanceof Response) return `${value.status} ${Buffer.from(await value.arrayBuffer()).toString('base64')}`
  if (kind === 'stream' && isAsync(value)) {
    const parts: unknown[] = []
    for await (const part of value) parts.push(part)
    return JSON.stringify(parts)
  }
  // A page keeps what it was asked with, addresses included.
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => !ofPages.has(name))))
}

const ofPages = new Set(['options', 'response'])

function isAsync(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
