import { readFileSync } from 'node:fs'

/** A string of a heap that holds a text, and what keeps it there. */
export interface KeptText {
  readonly text: string
  /** Each as `property of Class`; of a plain object, where that object is kept: `ENVKEY of env`. Arrays and tables are looked through. */
  readonly retainers: readonly string[]
}

interface Meta {
  readonly node_fields: readonly string[]
  readonly edge_fields: readonly string[]
  readonly node_types: readonly [readonly string[], ...unknown[]]
  readonly edge_types: readonly [readonly string[], ...unknown[]]
}

interface Snapshot {
  readonly snapshot: { readonly meta: Meta }
  readonly nodes: readonly number[]
  readonly edges: readonly number[]
  readonly strings: readonly string[]
}

interface Edge {
  readonly from: number
  readonly name: string
}

/** A heap snapshot, as V8 writes it. */
export class HeapSnapshot {
  readonly #names: readonly string[]
  readonly #types: readonly string[]
  readonly #retainers = new Map<number, Edge[]>()

  /** @throws {SyntaxError} if the file is not whole yet. */
  constructor(file: string) {
    const { snapshot, nodes, edges, strings } = JSON.parse(readFileSync(file, 'utf8')) as Snapshot
    const { node_fields: nodeFields, edge_fields: edgeFields, node_types: nodeTypes, edge_types: edgeTypes } = snapshot.meta
    const at = (fields: readonly string[], name: string): number => fields.indexOf(name)
    const nodeAt = (node: number, field: string): number => nodes[node * nodeFields.length + at(nodeFields, field)] as number
    const count = nodes.length / nodeFields.length
    this.#names = Array.from({ length: count }, (_, node) => strings[nodeAt(node, 'name')] as string)
    this.#types = Array.from({ length: count }, (_, node) => nodeTypes[0][nodeAt(node, 'type')] as string)
    let edge = 0
    for (let from = 0; from < count; from += 1)
      for (let left = nodeAt(from, 'edge_count'); left > 0; left -= 1, edge += edgeFields.length) {
        const type = edgeTypes[0][edges[edge + at(edgeFields, 'type')] as number] as string
        if (type === 'weak') continue
        const named = edges[edge + at(edgeFields, 'name_or_index')] as number
        const to = (edges[edge + at(edgeFields, 'to_node')] as number) / nodeFields.length
        const name = type === 'element' || type === 'hidden' ? '[]' : (strings[named] as string)
        const known = this.#retainers.get(to)
        if (known === undefined) this.#retainers.set(to, [{ from, name }])
        else known.push({ from, name })
      }
  }

  /** Every string that holds a text. */
  find(text: string | RegExp): readonly KeptText[] {
    const holds = (name: string): boolean => (typeof text === 'string' ? name.includes(text) : text.test(name))
    return this.#names.flatMap((name, node): KeptText[] => {
      if (!(this.#types[node] as string).includes('string') || !holds(name)) return []
      return [{ text: name, retainers: [...new Set(this.#retainersOf(node, new Set()))].toSorted() }]
    })
  }

  #retainersOf(node: number, seen: Set<number>): readonly string[] {
    if (seen.has(node)) return []
    seen.add(node)
    return (this.#retainers.get(node) ?? []).flatMap(({ from, name }): readonly string[] => {
      const [type, title] = [this.#types[from] as string, this.#names[from] as string]
      // What V8 itself has between an object and what it holds, and lists as our code has them.
      const isBetween = type.includes('string') || type === 'array' || title === 'Array' || title === 'Map' || title === 'Set'
      if (isBetween) return this.#retainersOf(from, seen)
      if (type === 'object' && title === 'Object') return this.#placesOf(from).map((place) => `${name} of ${place}`)
      return [`${name} of ${title}`]
    })
  }

  /** The names under which a plain object is kept. */
  #placesOf(node: number): readonly string[] {
    const places = (this.#retainers.get(node) ?? []).map(({ from, name }) =>
      this.#types[from] === 'array' || this.#names[from] === 'Array' ? this.#placesOfList(from, new Set()) : [name],
    )
    return [...new Set(places.flat())]
  }

  #placesOfList(node: number, seen: Set<number>): readonly string[] {
    if (seen.has(node)) return []
    seen.add(node)
    return (this.#retainers.get(node) ?? []).flatMap(({ from, name }) =>
      this.#types[from] === 'array' || this.#names[from] === 'Array' ? this.#placesOfList(from, seen) : [name],
    )
  }
}
