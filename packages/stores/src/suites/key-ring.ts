import { deepEqual, equal, notEqual } from 'node:assert/strict'
import type { KeptBinding, KeptKey, KeyRing } from '@postern/ports'
import type { Sentence } from './sentence.js'

const keyOf = (alias: string, version = 1): KeptKey => ({ alias, version, row: `{"of":"${alias}","version":${version}}` })
const bindingOf = (team: string, alias: string): KeptBinding => ({ selector: `\n${team}\n`, alias, mac: `mac of ${team}` })

/** What every `KeyRing` does. */
export const keyRingSuite: readonly Sentence<KeyRing>[] = [
  {
    title: 'finds the keys and bindings that were written, also by another handle',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      equal(await ring.change({ keys: [keyOf('a'), keyOf('b')], bind: [bindingOf('acme', 'a'), bindingOf('globex', 'b')] }), undefined)
      deepEqual(await other.key('a'), keyOf('a'))
      equal(await other.key('c'), undefined)
      deepEqual(await other.bindings(['\nnobody\n', '\nglobex\n']), [bindingOf('globex', 'b')])
      deepEqual(await other.count(), { keys: 2, bindings: 2 })
      deepEqual(await other.bindingsOf('a', 10), [bindingOf('acme', 'a')])
    },
  },
  {
    title: 'tells one name from another that differs in case, blanks or a character beyond ASCII alone',
    async run(open) {
      const ring = await open()
      await ring.change({ keys: [keyOf('a'), keyOf('A')], bind: [bindingOf('acme', 'a'), bindingOf('Acme', 'A'), bindingOf('acmé', 'a')] })
      deepEqual(
        (await ring.bindings(['\nAcme\n'])).map(({ alias }) => alias),
        ['A'],
      )
      deepEqual(await ring.bindings(['\nacme \n']), [])
      equal((await ring.key('A'))?.alias, 'A')
      equal((await ring.bindings(['\nacmé\n'])).length, 1)
    },
  },
  {
    title: 'tells which beginnings some binding has, and does not take a longer name for one that begins like it',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      const named = (label: string, team: string): KeptBinding => ({ selector: `\t${label}\n\n${team}\n`, alias: 'a', mac: 'mac' })
      await ring.change({
        keys: [keyOf('a')],
        bind: [named('service\tagent', 'acme'), named('workflow\tnight-*', ''), bindingOf('acme', 'a')],
      })
      const asked = ['service\tagent', 'service\tagen', 'service\tagents', 'workflow\tnight-*', 'workflow\tnight-', 'workflow\tNight-*']
      const found = await other.beginningsOf(asked.map((label) => `\t${label}\n`))
      deepEqual(new Set(found), new Set(['\tservice\tagent\n', '\tworkflow\tnight-*\n']))
      deepEqual(await other.beginningsOf([]), [])
      await ring.stage('import', [], [named('service\tstaged', 'acme')])
      deepEqual(await other.beginningsOf(['\tservice\tstaged\n']), [])
      await ring.publish('import')
      deepEqual(await other.beginningsOf(['\tservice\tstaged\n']), ['\tservice\tstaged\n'])
      await ring.change({ unbind: [named('service\tagent', 'acme').selector] })
      deepEqual(await other.beginningsOf(['\tservice\tagent\n']), [])
    },
  },
  {
    title: 'gives keys page by page, in the order of their aliases',
    async run(open) {
      const ring = await open()
      await ring.change({ keys: ['d', 'a', 'c', 'b'].map((alias) => keyOf(alias)) })
      const first = await ring.keys(undefined, 3)
      deepEqual(
        first.map(({ alias }) => alias),
        ['a', 'b', 'c'],
      )
      deepEqual(
        (await ring.keys('c', 3)).map(({ alias }) => alias),
        ['d'],
      )
    },
  },
  {
    title: 'gives the bindings of a key page by page, in the order of their selectors, and those of no other key',
    async run(open) {
      const ring = await open()
      const teams = ['d', 'a', 'Z', 'c', 'b']
      await ring.change({ keys: [keyOf('a'), keyOf('b')], bind: teams.map((team) => bindingOf(team, team === 'c' ? 'b' : 'a')) })
      const read: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await ring.bindingsOf('a', 3, after)
        read.push(...page.map(({ selector }) => selector))
        if (page.length < 3) break
        after = page.at(-1)?.selector
      }
      deepEqual(read, ['\nZ\n', '\na\n', '\nb\n', '\nd\n'])
    },
  },
  {
    title: 'changes a key only from the version that was read, so that of two who change it one is refused',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      await ring.change({ keys: [keyOf('a')] })
      equal(await ring.change({ keys: [keyOf('a', 2)] }), undefined)
      deepEqual(await other.change({ keys: [keyOf('a', 2)], bind: [bindingOf('acme', 'a')] }), { aliases: ['a'], selectors: [] })
      deepEqual(await other.bindings(['\nacme\n']), [])
      deepEqual(await other.change({ keys: [keyOf('a')] }), { aliases: ['a'], selectors: [] })
      deepEqual(await other.change({ removed: [{ alias: 'a', version: 1 }] }), { aliases: ['a'], selectors: [] })
      equal(await other.change({ removed: [{ alias: 'a', version: 2 }] }), undefined)
      equal(await ring.key('a'), undefined)
      equal(await ring.change({ keys: [keyOf('a')] }), undefined)
    },
  },
  {
    title: 'binds nobody twice, unbinds only who is bound, and moves a binding in one change',
    async run(open) {
      const ring = await open()
      await ring.change({ keys: [keyOf('a'), keyOf('b')], bind: [bindingOf('acme', 'a')] })
      deepEqual(await ring.change({ bind: [bindingOf('acme', 'b')] }), { aliases: [], selectors: ['\nacme\n'] })
      deepEqual(await ring.change({ unbind: ['\nnobody\n'] }), { aliases: [], selectors: ['\nnobody\n'] })
      equal(await ring.change({ unbind: ['\nacme\n'], bind: [bindingOf('acme', 'b')] }), undefined)
      deepEqual(await ring.bindings(['\nacme\n']), [bindingOf('acme', 'b')])
      equal(await ring.change({ unbind: ['\nacme\n'] }), undefined)
      deepEqual(await ring.bindings(['\nacme\n']), [])
    },
  },
  {
    title: 'marks a binding anew only if it is still what it was, and tells the others',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      await ring.change({ keys: [keyOf('a'), keyOf('b')], bind: ['acme', 'globex', 'umbra'].map((team) => bindingOf(team, 'a')) })
      const { mark } = await other.changes()
      await ring.change({ unbind: ['\nglobex\n'], bind: [bindingOf('globex', 'b')] })
      await ring.change({ unbind: ['\numbra\n'] })
      const marked = ['acme', 'globex', 'umbra'].map((team) => ({ before: bindingOf(team, 'a'), mac: 'another' }))
      const others = await ring.remark([...marked, { before: { ...bindingOf('acme', 'a'), mac: 'not its own' }, mac: 'third' }])
      deepEqual(new Set(others).has('\nglobex\n') && new Set(others).has('\numbra\n'), true)
      const left = await other.bindings(['\nacme\n', '\nglobex\n', '\numbra\n'])
      deepEqual(new Set(left.map(({ alias, mac }) => `${alias}, ${mac}`)), new Set(['a, another', 'b, mac of globex']))
      equal((await other.changes(mark)).changed?.selectors.includes('\nacme\n'), true)
    },
  },
  {
    title: 'tells what changed since a mark, to every handle, and nothing twice',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      await ring.change({ keys: [keyOf('before')] })
      const { mark, changed } = await other.changes()
      deepEqual(changed, { aliases: [], selectors: [] })
      await ring.change({ keys: [keyOf('a')], bind: [bindingOf('acme', 'a')] })
      await ring.change({ keys: [keyOf('a', 2)], unbind: ['\nacme\n'] })
      const later = await other.changes(mark)
      deepEqual([...new Set(later.changed?.aliases)], ['a'])
      deepEqual([...new Set(later.changed?.selectors)], ['\nacme\n'])
      deepEqual((await other.changes(later.mark)).changed, { aliases: [], selectors: [] })
    },
  },
  {
    title: 'shows nothing of an import before it is published, then all of it',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      const { mark } = await other.changes()
      await ring.stage('import-1', [keyOf('a')], [bindingOf('acme', 'a')])
      await ring.stage('import-1', [keyOf('b')], [bindingOf('globex', 'b')])
      equal(await other.key('a'), undefined)
      deepEqual(await other.bindings(['\nacme\n', '\nglobex\n']), [])
      deepEqual(await other.count(), { keys: 0, bindings: 0 })
      equal(await ring.publish('import-1'), undefined)
      deepEqual(await other.count(), { keys: 2, bindings: 2 })
      deepEqual(await other.key('b'), keyOf('b'))
      const { changed } = await other.changes(mark)
      equal(changed === undefined || changed.aliases.includes('a'), true)
      equal(await ring.change({ keys: [keyOf('a', 2)] }), undefined)
      deepEqual(await other.key('a'), keyOf('a', 2))
    },
  },
  {
    title: 'publishes nothing of an import of which a part is there already, and forgets what is discarded',
    async run(open) {
      const ring = await open()
      await ring.change({ keys: [keyOf('a')], bind: [bindingOf('acme', 'a')] })
      await ring.stage('import-1', [keyOf('a'), keyOf('b')], [bindingOf('acme', 'b'), bindingOf('globex', 'b')])
      deepEqual(await ring.publish('import-1'), { aliases: ['a'], selectors: ['\nacme\n'] })
      equal(await ring.key('b'), undefined)
      await ring.discard('import-1')
      await ring.stage('import-2', [keyOf('b')], [bindingOf('globex', 'b')])
      equal(await ring.publish('import-2'), undefined)
      notEqual(await ring.key('b'), undefined)
      await ring.discard('import-2')
      notEqual(await ring.key('b'), undefined)
    },
  },
  {
    title: 'adds up the uses of secrets from all handles, and counts them anew for a rotation or a removed key alone',
    async run(open) {
      const [ring, other] = [await open(), await open()]
      await ring.change({ keys: [keyOf('a'), keyOf('b')] })
      deepEqual(await ring.usesOf('a'), [])
      await ring.addUses([
        { alias: 'a', since: 1, calls: 2, firstAt: 5000, lastAt: 6000 },
        { alias: 'a', since: 12, calls: 1, firstAt: 5500, lastAt: 5500 },
        { alias: 'b', since: 1, calls: 7, firstAt: 1, lastAt: 2 },
      ])
      await Promise.all([
        ring.addUses([{ alias: 'a', since: 1, calls: 3, firstAt: 5500, lastAt: 7000 }]),
        other.addUses([
          { alias: 'a', since: 1, calls: 4, firstAt: 4000, lastAt: 4500 },
          { alias: 'a', since: 2, calls: 0, firstAt: 4600, lastAt: 4600 },
        ]),
      ])
      await other.addUses([])
      const ofA = [
        { alias: 'a', since: 1, calls: 9, firstAt: 4000, lastAt: 7000 },
        { alias: 'a', since: 2, calls: 0, firstAt: 4600, lastAt: 4600 },
        { alias: 'a', since: 12, calls: 1, firstAt: 5500, lastAt: 5500 },
      ]
      deepEqual(await other.usesOf('a'), ofA)
      notEqual(await ring.change({ keys: [keyOf('a', 9)], countAnew: ['a'] }), undefined)
      equal(await ring.change({ keys: [keyOf('b', 2)] }), undefined)
      deepEqual(await ring.usesOf('a'), ofA)
      equal((await ring.usesOf('b')).length, 1)
      equal(await ring.change({ keys: [keyOf('a', 2)], countAnew: ['a'] }), undefined)
      deepEqual(await other.usesOf('a'), [])
      equal((await other.usesOf('b')).length, 1)
      equal(await ring.change({ removed: [{ alias: 'b', version: 2 }] }), undefined)
      deepEqual(await other.usesOf('b'), [])
    },
  },
]
