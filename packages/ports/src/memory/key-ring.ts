import type { KeptBinding, KeptKey, KeyRing, RingChange, RingConflict } from '../key-ring.js'

interface Staged {
  readonly keys: KeptKey[]
  readonly bindings: KeptBinding[]
}

/** A key ring in the memory of this process: it ends with the process, so it is for trying things out and for tests. */
export function createKeyRing(): KeyRing {
  const keys = new Map<string, KeptKey>()
  const bindings = new Map<string, KeptBinding>()
  const staged = new Map<string, Staged>()
  const log: { readonly alias?: string; readonly selector?: string }[] = []

  function conflictOf({ keys: written = [], removed = [], bind = [], unbind = [] }: RingChange): RingConflict | undefined {
    const versionOf = (alias: string): number => keys.get(alias)?.version ?? 0
    const aliases = [
      ...written.filter(({ alias, version }) => versionOf(alias) !== version - 1),
      ...removed.filter(({ alias, version }) => versionOf(alias) !== version),
    ].map(({ alias }) => alias)
    const freed = new Set(unbind)
    const selectors = [
      ...bind.map(({ selector }) => selector).filter((selector) => bindings.has(selector) && !freed.has(selector)),
      ...unbind.filter((selector) => !bindings.has(selector)),
    ]
    return aliases.length + selectors.length === 0 ? undefined : { aliases, selectors }
  }

  async function change(made: RingChange): Promise<RingConflict | undefined> {
    const found = conflictOf(made)
    if (found !== undefined) return found
    for (const key of made.keys ?? []) keys.set(key.alias, key)
    for (const { alias } of made.removed ?? []) keys.delete(alias)
    for (const selector of made.unbind ?? []) {
      log.push({ selector, alias: bindings.get(selector)?.alias as string })
      bindings.delete(selector)
    }
    for (const binding of made.bind ?? []) bindings.set(binding.selector, binding)
    for (const { alias } of [...(made.keys ?? []), ...(made.removed ?? [])]) log.push({ alias })
    for (const { selector, alias } of made.bind ?? []) log.push({ selector, alias })
    return undefined
  }

  return {
    scope: 'process',
    bindings: async (selectors) => selectors.flatMap((selector) => bindings.get(selector) ?? []),
    key: async (alias) => keys.get(alias),
    keys: async (after = '', most) =>
      [...keys.values()]
        .filter(({ alias }) => alias > after)
        .toSorted((one, other) => (one.alias < other.alias ? -1 : 1))
        .slice(0, most),
    bindingsOf: async (alias, most) =>
      [...bindings.values()]
        .filter((binding) => binding.alias === alias)
        .toSorted((one, other) => (one.selector < other.selector ? -1 : 1))
        .slice(0, most),
    count: async () => ({ keys: keys.size, bindings: bindings.size }),
    change,
    async stage(batch, written, bound) {
      const known = staged.get(batch) ?? { keys: [], bindings: [] }
      known.keys.push(...written)
      known.bindings.push(...bound)
      staged.set(batch, known)
    },
    async publish(batch) {
      const { keys: written = [], bindings: bound = [] } = staged.get(batch) ?? {}
      const found = await change({ keys: written, bind: bound })
      if (found === undefined) staged.delete(batch)
      return found
    },
    async discard(batch) {
      staged.delete(batch)
    },
    async changes(mark) {
      const news = log.slice(Number(mark ?? log.length))
      const changed = { aliases: news.flatMap(({ alias }) => alias ?? []), selectors: news.flatMap(({ selector }) => selector ?? []) }
      return { changed, mark: String(log.length) }
    },
  }
}
