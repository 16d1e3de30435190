import type { CompiledPointer } from '@postern/gateways'

/** A positive integer counts as itself. Anything else is `Infinity`, above every ceiling: a gateway could read it in its own way. */
export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : Infinity
}

/** A list of token numbers is one prompt, and a list of messages is one conversation; in any other list each entry is one. */
export function countPrompts(value: unknown): number {
  if (!Array.isArray(value)) return 1
  const entries = value as readonly unknown[]
  const isOne = entries.every((entry) => typeof entry === 'number') || entries.every(isMessage)
  return isOne ? 1 : entries.length
}

/** Whether a place holds prompts and not a conversation. */
export function isPrompt({ segments }: CompiledPointer): boolean {
  return (segments[0] as { readonly name: string }).name.startsWith('prompt')
}

/** A list of token numbers is one prompt; in any other list each entry is one. */
export function countEach(value: unknown): number {
  if (!Array.isArray(value)) return 1
  return (value as readonly unknown[]).every((entry) => typeof entry === 'number') ? 1 : value.length
}

function isMessage(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && !Array.isArray(entry)
}
