import type { KeptBinding, KeptKey, KeyRing, RingChange, RingConflict, SecretUses } from '../key-ring.js'

interface Staged {
  readonly keys: KeptKey[]
  readonly bindings: KeptBinding[]
}

/** The most changes that are remembered. For a mark from before those, `changes` answers that anything may have changed. */
const maxNews = 10_000

/** What one change was about. */
interface News {
  readonly alias?: string
  readonly selector?: string
}

/** A key ring in the memory of this process: it ends with the process, so it is for trying things out and for tests. */
export function createKeyRing(): KeyRing {
  const keys = new Map<string, KeptKey>()
  const bindings = new Map<string, KeptBinding>()
  const staged = new Map<string, Staged>()
  const uses = new Map<string, Map<number, SecretUses>>()
  const log: News[] = []
  let forgotten = 0

  function note(news: readonly News[]): void {
    for (const each of news) log.push(each)
    if (log.length > 2 * maxNews) forgotten += log.splice(0, log.length - maxNews).length
  }

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
    for (const { alias } of made.removed ?? []) {
      keys.delete(alias)
      uses.delete(alias)
    }
    for (const alias of made.countAnew ?? []) uses.delete(alias)
    for (const selector of made.unbind ?? []) {
      note([{ selector, alias: bindings.get(selector)?.alias as string }])
      bindings.delete(selector)
    }
    for (const binding of made.bind ?? []) bindings.set(binding.selector, binding)
    note([...(made.keys ?? []), ...(made.removed ?? [])].map(({ alias }) => ({ alias })))
    note((made.bind ?? []).map(({ selector, alias }) => ({ selector, alias })))
    return undefined
  }

  return {
    scope: 'process',
    bindings: async (selectors) => selectors.flatMap((selector) => bindings.get(selector) ?? []),
    beginningsOf: async (beginnings) => {
      const selectors = [...bindings.keys()]
      return beginnings.filter((beginning) => selectors.some((selector) => selector.startsWith(beginning)))
    },
    key: async (alias) => keys.get(alias),
    keys: async (after = '', most) =>
      [...keys.values()]
        .filter(({ alias }) => alias > after)
        .toSorted((one, other) => (one.alias < other.alias ? -1 : 1))
        .slice(0, most),
    bindingsOf: async (alias, most, after = '') =>
      [...bindings.values()]
        .filter((binding) => binding.alias === alias && binding.selector > after)
        .toSorted((one, other) => (one.selector < other.selector ? -1 : 1))
        .slice(0, most),
    count: async () => ({ keys: keys.size, bindings: bindings.size }),
    change,
    async remark(marked) {
      return marked.flatMap(({ before, mac }) => {
        const { selector, alias } = before
        const kept = bindings.get(selector)
        if (kept?.alias !== alias || kept.mac !== before.mac) return [selector]
        bindings.set(selector, { selector, alias, mac })
        note([{ selector, alias }])
        return []
      })
    },
    async addUses(added) {
      for (const each of added) {
        const ofKey = uses.get(each.alias) ?? new Map<number, SecretUses>()
        uses.set(each.alias, ofKey)
        const known = ofKey.get(each.since) ?? { ...each, calls: 0 }
        ofKey.set(each.since, {
          ...each,
          calls: known.calls + each.calls,
          firstAt: Math.min(known.firstAt, each.firstAt),
          lastAt: Math.max(known.lastAt, each.lastAt),
        })
      }
    },
    usesOf: async (alias) => [...(uses.get(alias)?.values() ?? [])].toSorted((one, other) => one.since - other.since),
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
      const next = String(forgotten + log.length)
      const from = mark === undefined ? log.length : Number(mark) - forgotten
      if (from < 0) return { changed: undefined, mark: next }
      const news = log.slice(from)
      const changed = { aliases: news.flatMap(({ alias }) => alias ?? []), selectors: news.flatMap(({ selector }) => selector ?? []) }
      return { changed, mark: next }
    },
  }
}
