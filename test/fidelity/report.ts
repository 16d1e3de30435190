import Table from 'cli-table3'
import type { Results } from './run-parts.js'

/** What was compared, by group, and below it whatever is not the same. */
export function reportOf({ methods, streams, http }: Results, verbose: boolean): string {
  const rows = new Table({
    style: { head: [], border: [] },
    head: ['what', 'by', 'compared', 'same', 'on purpose', 'different'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
  })
  const add = (what: string, by: string, outcomes: readonly string[]): void => {
    const count = (...names: readonly string[]): number => outcomes.filter((outcome) => names.includes(outcome)).length
    rows.push([what, by, outcomes.length, count('same'), count('refused', 'on purpose'), count('different')])
  }
  for (const [key, group] of groupBy(methods, ({ package: name, door }) => `methods of ${name}\n${door} door`)) {
    const [what = '', by = ''] = key.split('\n')
    add(
      what,
      by,
      group.map(({ outcome }) => outcome),
    )
  }
  for (const { name, door, cuts, differences } of streams)
    rows.push([`cuts of ${name}`, `${door} door`, cuts, cuts - differences.length, 0, differences.length])
  for (const [key, group] of groupBy(http, (result) => `${result.group}\n${result.road} road`)) {
    const [what = '', by = ''] = key.split('\n')
    add(
      what,
      by,
      group.map(({ outcome }) => outcome),
    )
  }
  const named = [
    ...methods.map(({ package: name, name: method, door, outcome, differences }) => ({
      title: `${name} ${method}, ${door} door`,
      outcome,
      differences,
    })),
    ...streams.map(({ name, door, differences }) => ({
      title: `cuts of ${name}, ${door} door`,
      outcome: differences.length > 0 ? 'different' : 'same',
      differences,
    })),
    ...http.map(({ group, name, road, outcome, differences }) => ({ title: `${group}, ${name}, ${road} road`, outcome, differences })),
  ]
  const told = named
    .filter(({ outcome }) => verbose || outcome === 'different')
    .map(({ title, outcome, differences }) => [`${title}: ${outcome}`, ...differences.slice(0, 12).map((each) => `  ${each}`)].join('\n'))
  return [rows.toString(), ...told].join('\n')
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
