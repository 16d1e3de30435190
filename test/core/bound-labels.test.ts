import { MasterKeys, RingEditor } from '@postern/instance'
import {
  type BindingFields,
  type BoundCaller,
  createMemoryStore,
  describeBinding,
  fieldsOfIdentity,
  bindingIdentity,
  type KeyRing,
  Secret,
} from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { createKeyFinder } from '../../packages/core/src/resolve/bindings.js'
import { RingCopy } from '../../packages/instance/src/key-ring/ring-copy.js'
import { plainGateway, plainLease } from '../support/plain-gateway.js'

type Field = keyof BindingFields

/** The callers that bindings can name by a label or a workflow, and the order of fields that holds for each. */
const callers: readonly (readonly [whose: string, caller: BoundCaller, order: readonly Field[]])[] = [
  ['a session', { user: 'ada', team: 'acme', project: 'labs', workflow: 'night-42' }, ['workflow', 'user', 'project', 'team']],
  ['a service caller', { user: 'ada', team: 'acme', project: 'labs', service: 'agent' }, ['service', 'user', 'project', 'team']],
  [
    'a delegate that calls for somebody',
    { user: 'ada', team: 'acme', project: 'labs', service: 'agent', actsFor: true },
    ['user', 'project', 'team', 'service'],
  ],
]

/** Every binding that matches a caller and names each of its fields in full, or not at all. */
function bindingsOf(caller: BoundCaller, order: readonly Field[]): readonly BindingFields[] {
  return Array.from({ length: 1 << order.length }, (_, choice) =>
    Object.fromEntries(order.filter((_field, place) => (choice & (1 << place)) !== 0).map((field) => [field, caller[field]])),
  )
}

/** Which of two bindings counts, said in the way of the documents: the first field in which the two differ decides. */
function winnerOf(one: BindingFields, other: BindingFields, order: readonly Field[]): BindingFields {
  const decides = order.find((field) => (one[field] === undefined) !== (other[field] === undefined))
  return decides !== undefined && one[decides] !== undefined ? one : other
}

const keyFor = (binding: BindingFields): string => describeBinding(binding).replaceAll(/[^\w]/g, '.')
const findIn = (bindings: readonly BindingFields[], caller: BoundCaller): string | undefined =>
  createKeyFinder(
    bindings.map((binding) => ({ ...binding, key: keyFor(binding) })),
    (alias) => plainLease(alias, plainGateway()),
  )(caller)?.binding

const masterKeys = new MasterKeys([{ id: 'k1', secret: new Secret('the master key of this test, long enough') }])

function openRing(): { readonly ring: KeyRing; readonly editor: RingEditor; readonly copy: RingCopy } {
  const ring = createMemoryStore().keyRing as KeyRing
  const copy = new RingCopy({
    ring,
    masterKeys,
    searchesOf: () => ({ add: () => {}, remove: () => {} }),
    broken: (what) => expect.unreachable(what),
  })
  return { ring, editor: new RingEditor(ring, masterKeys), copy }
}

async function findInRing(bindings: readonly BindingFields[], caller: BoundCaller): Promise<string | undefined> {
  const { copy, editor } = openRing()
  await editor.add({ alias: 'k', gateway: 'main', secret: new Secret('sk-of-the-ring-long-enough') }, [], 1)
  for (const binding of bindings) await editor.bind('k', binding)
  await copy.pending(caller)
  return copy.find(caller)?.title.replace(' (ring)', '')
}

describe.each(callers)('of two bindings that match %s', (_, caller, order) => {
  const kinds = bindingsOf(caller, order)
  const pairs = kinds.flatMap((one, place) => kinds.slice(place + 1).map((other) => [one, other] as const))

  test('the one counts whose first field that the other has not stands before, in whatever order the two are written', () => {
    for (const [one, other] of pairs) {
      const counts = describeBinding(winnerOf(one, other, order))
      expect([findIn([one, other], caller), findIn([other, one], caller)]).toEqual([counts, counts])
    }
  })

  test('the same one counts where they are in the ring, which has no default', async () => {
    for (const [one, other] of pairs.filter((pair) => pair.every((binding) => Object.keys(binding).length > 0)))
      expect(await findInRing([one, other], caller)).toBe(describeBinding(winnerOf(one, other, order)))
  })
})

describe('a pattern of workflows', () => {
  const session = (workflow: string): BoundCaller => ({ team: 'acme', workflow })
  const patterns = ['*', 'n*', 'night-*', 'night-4*', 'night-42', 'night-42*', 'nights-*', 'Night-*'].map((workflow) => ({ workflow }))

  test.each([
    ['night-42', 'night-42'],
    ['night-421', 'night-42*'],
    ['night-43', 'night-4*'],
    ['night-5', 'night-*'],
    ['night-', 'night-*'],
    ['night', 'n*'],
    ['day-1', '*'],
    ['NIGHT-42', '*'],
    [`n${'x'.repeat(63)}`, 'n*'],
  ])('that matches %j counts before the others that match if it is the longest, the whole id before all: %j', async (workflow, pattern) => {
    expect(findIn([...patterns, { team: 'acme' }], session(workflow))).toBe(`workflow=${pattern}`)
    expect(findIn([...patterns.toReversed(), { team: 'acme' }], session(workflow))).toBe(`workflow=${pattern}`)
    expect(await findInRing([...patterns, { team: 'acme' }], session(workflow))).toBe(`workflow=${pattern}`)
  })

  test('of a binding that names more is no worse for being shorter', async () => {
    const both = [{ workflow: 'night-42' }, { workflow: 'n*', team: 'acme' }]
    expect(findIn(both, session('night-42'))).toBe('team=acme workflow=n*')
    expect(await findInRing(both, session('night-42'))).toBe('team=acme workflow=n*')
  })

  test('matches nobody who has no workflow, and a label nobody who has no label or another one', async () => {
    const bindings = [{ workflow: '*' }, { service: 'agent' }, { workflow: '*', team: 'acme' }, { service: 'agent', team: 'acme' }]
    for (const caller of [
      {},
      { team: 'acme' },
      { team: 'acme', service: 'agents' },
      { team: 'acme', service: 'Agent' },
      { user: 'agent' },
    ]) {
      expect(findIn(bindings, caller)).toBeUndefined()
      expect(await findInRing(bindings, caller)).toBeUndefined()
    }
  })
})

describe('what the ring has of labels and workflows', () => {
  test('is looked for again once a binding comes or goes that names one', async () => {
    const { ring, editor, copy } = openRing()
    const caller: BoundCaller = { team: 'acme', workflow: 'night-42' }
    const found = async () => {
      await copy.pending({ ...caller })
      return copy.find({ ...caller })?.title
    }
    await editor.add({ alias: 'k', gateway: 'main', secret: new Secret('sk-of-the-ring-long-enough') }, [{ team: 'acme' }], 1)
    expect(await found()).toBe('team=acme (ring)')
    await editor.bind('k', { workflow: 'night-*' })
    await expect.poll(found, { timeout: 5000 }).toBe('workflow=night-* (ring)')
    await editor.unbind({ workflow: 'night-*' })
    await expect.poll(found, { timeout: 5000 }).toBe('team=acme (ring)')
    expect(await ring.beginningsOf(['\tworkflow\tnight-*\n'])).toEqual([])
  })

  test('is asked for once for a workflow, and not for callers without one', async () => {
    const { ring, editor } = openRing()
    const asked: number[] = []
    const counting: KeyRing = { ...ring, beginningsOf: (beginnings) => (asked.push(beginnings.length), ring.beginningsOf(beginnings)) }
    await editor.add({ alias: 'k', gateway: 'main', secret: new Secret('sk-of-the-ring-long-enough') }, [{ workflow: 'night-*' }], 1)
    const copy = new RingCopy({
      ring: counting,
      masterKeys,
      searchesOf: () => ({ add: () => {}, remove: () => {} }),
      broken: () => {},
    })
    for (const caller of [{ team: 'acme' }, { team: 'acme', workflow: 'night-42' }, { team: 'globex', workflow: 'night-42' }])
      await copy.pending(caller)
    expect(asked).toEqual(['night-42'.length + 2])
  })

  test('stands in the same place as before for bindings without a label, so that rings of former versions are read', () => {
    expect(bindingIdentity({ user: 'ada', team: 'acme' })).toBe('ada\nacme\n')
    for (const fields of [
      { team: 'acme' },
      { service: 'a=b c' },
      { workflow: '*', user: 'ada' },
      { project: 'labs', service: 'x', team: 't' },
    ])
      expect(fieldsOfIdentity(bindingIdentity(fields))).toEqual(fields)
  })

  test('names no label and workflow together, which no caller has, and no pattern that no workflow fits', async () => {
    const { editor } = openRing()
    await editor.add({ alias: 'k', gateway: 'main', secret: new Secret('sk-of-the-ring-long-enough') }, [], 1)
    await expect(editor.bind('k', { service: 'a', workflow: 'b' })).rejects.toThrow(
      'A binding names a service label or a workflow, and not both.',
    )
    for (const workflow of ['a.b', '*a', 'a**', '', 'x'.repeat(65), 'a b', 'a\tb'])
      await expect(editor.bind('k', { workflow })).rejects.toThrow('"workflow" is no id of a workflow')
  })
})
