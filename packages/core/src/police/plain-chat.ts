import { isPlainModel } from '@postern/protocol'
import { namesOf } from '../lib/names-of.js'
import { namesStoredFile } from '../objects/stored-address.js'
import type { Members } from './callers-places.js'

/** A longer chat is walked, which can be done in steps. */
const mostMessages = 256

const speakers: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant'])

/** Members of a chat by the type in which a measuring of the request finds nothing in them. Ceilings are read by their own place. */
const plainMembers: ReadonlyMap<string, string> = new Map([
  ['stream', 'boolean'],
  ['temperature', 'number'],
  ['top_p', 'number'],
  ['presence_penalty', 'number'],
  ['frequency_penalty', 'number'],
  ['seed', 'number'],
  ['max_tokens', 'number'],
  ['max_completion_tokens', 'number'],
])

/**
 * Whether a chat completion is texts between the usual speakers and a few numbers, as most are: then a walk of `Measuring` over its
 * members would find nothing, and need not be made.
 */
export function isPlainChat(members: Members): boolean {
  for (const name of namesOf(members)) {
    const value = members[name]
    if (!isPlain(name, value)) return false
  }
  return true
}

function isPlain(name: string, value: unknown): boolean {
  if (name === 'messages') return isPlainList(value)
  return name === 'model' ? typeof value === 'string' && isPlainModel(value) : typeof value === plainMembers.get(name)
}

function isPlainList(messages: unknown): boolean {
  return Array.isArray(messages) && messages.length <= mostMessages && messages.every(isPlainMessage)
}

function isPlainMessage(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || Object.keys(message).length !== 2) return false
  const { role, content } = message as { readonly role?: unknown; readonly content?: unknown }
  return speakers.has(role) && typeof content === 'string' && !namesStoredFile(content)
}
