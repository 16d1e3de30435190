import { bindingFields, Refusal } from '@postern/ports'
import { type AskedCaller, askedPrincipal } from './limits/asked-principal.js'
import type { Runtime } from './runtime.js'

/** A binding that matches a caller. */
export interface MatchingBinding {
  /** As text: `team=acme`; of the ring, `team=acme (ring)`. */
  readonly binding: string
  /** The alias of its key. */
  readonly key: string
}

/**
 * Every binding that matches a caller and leads to a key that may be used, the one that counts first: of the configuration and of the ring. Of two for the same callers the one
 * that counts is told alone.
 *
 * @throws {Refusal} 503 `store_unavailable`.
 */
export async function matchingBindings(runtime: Runtime, caller: AskedCaller): Promise<readonly MatchingBinding[]> {
  const found = new Map<string, MatchingBinding & { readonly rank: number }>()
  // What a binding names is a part of what the caller is; so of each part the binding that counts is asked for.
  for (const part of partsOf(caller)) {
    await runtime.findsKey(part)
    const bound = find(runtime, part)
    if (bound !== undefined && !found.has(bound.binding))
      found.set(bound.binding, { binding: bound.binding, key: bound.key.alias, rank: bound.rank })
  }
  return [...found.values()].toSorted((one, other) => one.rank - other.rank).map(({ binding, key }) => ({ binding, key }))
}

/**
 * The binding that counts for a call whose workflow stands in its header alone, where another one counts if the credential vouches for it;
 * `undefined`: the same one counts, or the call has no workflow.
 *
 * @throws {Refusal} 503 `store_unavailable`.
 */
export async function bindingByHeader(runtime: Runtime, caller: AskedCaller): Promise<string | undefined> {
  if (caller.workflow === undefined) return undefined
  const unvouched = { ...caller, workflow: undefined }
  await runtime.findsKey(caller)
  await runtime.findsKey(unvouched)
  const byHeader = find(runtime, unvouched)?.binding ?? 'none'
  return byHeader === find(runtime, caller)?.binding ? undefined : byHeader
}

function find(runtime: Runtime, part: AskedCaller): ReturnType<Runtime['findKey']> {
  try {
    return runtime.findKey(askedPrincipal(part))
  } catch (error) {
    // A key of the ring that may not be sent: the call would be refused, whatever other bindings there are.
    if (error instanceof Refusal && error.code === 'key_unavailable') return undefined
    throw error
  }
}

/** All choices of a caller's fields. */
function partsOf(caller: AskedCaller): readonly AskedCaller[] {
  const named = bindingFields.filter((field) => caller[field] !== undefined)
  return Array.from({ length: 1 << named.length }, (_, choice) => {
    const chosen = named.filter((_field, place) => (choice & (1 << place)) !== 0)
    return { ...Object.fromEntries(chosen.map((field) => [field, caller[field]])), actsFor: caller.actsFor }
  })
}
