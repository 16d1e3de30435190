import { squashName } from '@postern/gateways'
import type { VisitedMember } from './visit-members.js'

/** Edits of Anthropic's `context_management` that only leave out parts of the conversation, and so write nothing. */
const leavesOut = /^clear_/

/**
 * Whether a member has the provider summarise the conversation: `context_management` of OpenAI and Anthropic, Anthropic's
 * `compaction`, and OpenAI's input item `compaction_trigger`. The summary is output that the ceiling does not bound.
 */
export function compacts({ name, value, inContent }: VisitedMember): boolean {
  if (name === 'type') return value === 'compaction_trigger'
  if (inContent || value === null || value === undefined || value === false) return false
  const plain = squashName(name)
  return (
    plain === 'compaction' || (plain === 'contextmanagement' && !(Array.isArray(value) ? value.every(onlyLeavesOut) : onlyLeavesOut(value)))
  )
}

function onlyLeavesOut(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false
  const { edits, type } = entry as { readonly edits?: unknown; readonly type?: unknown }
  if (edits === undefined) return typeof type === 'string' && leavesOut.test(type)
  // Looks at one member at most before it refuses.
  for (const name in entry) if (name !== 'edits') return false
  return Array.isArray(edits) && edits.every(onlyLeavesOut)
}
