import { BrokenSeal, MasterKeys, readKey, resealRing, RingEditor } from '@postern/instance'
import { createMemoryStore, type KeyRing, Secret } from '@postern/ports'
import { beforeEach, describe, expect, test } from 'vitest'
import { checkBinding, openSealed } from '../../packages/instance/src/key-ring/ring-key.js'

const masterKey = (id: string) => ({ id, secret: new Secret(`${id} `.repeat(20)) })
const former = new MasterKeys([masterKey('k1')])
const both = new MasterKeys([masterKey('k2'), masterKey('k1')])
const next = new MasterKeys([masterKey('k2')])
const secretOf = (alias: string): string => `sk_the_secret_of_${alias}`

let ring: KeyRing
beforeEach(() => {
  ring = createMemoryStore().keyRing as KeyRing
})

async function addKeys(count: number): Promise<readonly string[]> {
  const aliases = Array.from({ length: count }, (_, index) => `key-${String(index).padStart(4, '0')}`)
  for (const alias of aliases)
    await new RingEditor(ring, former).add(
      { alias, gateway: 'main', secret: new Secret(secretOf(alias)), providerSecret: new Secret(`${secretOf(alias)}_provider`) },
      [{ team: alias }, { user: 'u_1', team: alias }],
      0,
    )
  return aliases
}

/** What the master keys open of each key and of its bindings; throws if they do not open a part. */
async function openAll(aliases: readonly string[], masterKeys: MasterKeys): Promise<readonly unknown[]> {
  return Promise.all(
    aliases.map(async (alias) => {
      const kept = await ring.key(alias)
      if (kept === undefined) throw new Error(`${alias} is gone.`)
      const read = readKey(kept, masterKeys)
      const bindings = await ring.bindingsOf(alias, 1000)
      for (const binding of bindings) checkBinding(binding, masterKeys)
      const secrets = read.key.secrets.map((each) => openSealed(read, each, masterKeys))
      return [alias, bindings.length, ...secrets.flatMap(({ secret, providerSecret }) => [secret.reveal(), providerSecret?.reveal()])]
    }),
  )
}

describe('a ring that is sealed anew', () => {
  test.each([1, 199, 200, 450])('opens with the new master key alone, with the same secrets and callers: %i keys', async (count) => {
    const aliases = await addKeys(count)
    await expect(openAll(aliases, next)).rejects.toThrow(BrokenSeal)
    const shares: number[] = []
    expect(await resealRing(ring, both, (share) => shares.push(share))).toEqual({
      keys: count,
      bindings: 2 * count,
      brokenCount: 0,
      broken: [],
    })
    expect(shares.at(-1)).toBe(1)
    expect(await openAll(aliases, next)).toEqual(aliases.map((alias) => [alias, 2, secretOf(alias), `${secretOf(alias)}_provider`]))
    expect(await resealRing(ring, both, () => {})).toMatchObject({ keys: 0, bindings: 0 })
  })

  test('has every secret of a rotation, and the key goes on with its rotation', async () => {
    await addKeys(1)
    const editor = new RingEditor(ring, former)
    const read = await editor.read('key-0000')
    const since = read.version + 1
    const sealed = editor.seal('key-0000', 'main', since, new Secret('sk_the_next_one'), undefined)
    await editor.write(read, { ...read.key, secrets: [...read.key.secrets, { role: 'next', since, addedAt: 1, ...sealed }] })
    await resealRing(ring, both, () => {})
    expect(await openAll(['key-0000'], next)).toEqual([
      ['key-0000', 2, secretOf('key-0000'), `${secretOf('key-0000')}_provider`, 'sk_the_next_one', undefined],
    ])
    await new RingEditor(ring, next).write(await new RingEditor(ring, next).read('key-0000'), read.key)
  })

  test('leaves a caller with the key that another command gives it meanwhile, at every place in between', async () => {
    for (const method of ['change', 'remark', 'keys', 'bindingsOf', 'bindings'] as const) {
      ring = createMemoryStore().keyRing as KeyRing
      await addKeys(2)
      const original = ring[method].bind(ring) as (...words: unknown[]) => Promise<unknown>
      let isFirst = true
      const moving = async (...words: unknown[]): Promise<unknown> => {
        const isNow = isFirst
        isFirst = false
        if (isNow && method === 'remark') await moveToOther()
        const result = await original(...words)
        if (isNow && method !== 'remark') await moveToOther()
        return result
      }
      Object.assign(ring, { [method]: moving })
      async function moveToOther(): Promise<void> {
        const editor = new RingEditor(ring, new MasterKeys([masterKey('k1'), masterKey('k2')]))
        await editor.unbind({ team: 'key-0000' })
        await editor.bind('key-0001', { team: 'key-0000' })
      }
      await resealRing(ring, both, () => {})
      if (isFirst) await moveToOther()
      await resealRing(ring, both, () => {})
      const [binding] = await ring.bindings(['\nkey-0000\n'])
      expect([method, binding?.alias]).toEqual([method, 'key-0001'])
      if (binding !== undefined) checkBinding(binding, next)
    }
  })

  test('says of a row that cannot be written why it stays, and goes on with the others', async () => {
    await addKeys(3)
    const editor = new RingEditor(ring, former)
    const read = await editor.read('key-0001')
    const filled = (length: number) => ({ ...read.key, declared: { budget: 'x'.repeat(length) } })
    let length = 16_000
    for (; ; length -= 1) {
      const isWritten = await editor.write(read, filled(length)).then(
        () => true,
        () => false,
      )
      if (isWritten) break
    }
    const longName = new MasterKeys([masterKey('a-master-key-of-a-longer-name'), masterKey('k1')])
    expect(await resealRing(ring, longName, () => {})).toMatchObject({
      keys: 2,
      bindings: 6,
      brokenCount: 1,
      broken: [{ what: 'the key "key-0001"', reason: expect.stringContaining('bytes of the ring') }],
    })
  })

  test('has what other commands change meanwhile, and nothing of what they remove', async () => {
    const aliases = await addKeys(6)
    const change = ring.change.bind(ring)
    let isFirst = true
    ring.change = async (made) => {
      if (!isFirst) return change(made)
      isFirst = false
      ring.change = change
      const other = new RingEditor(ring, former)
      const read = await other.read('key-0001')
      await other.write(read, { ...read.key, currency: 'EUR' })
      await other.unbind({ team: 'key-0002' })
      await other.unbind({ team: 'key-0003' })
      await other.unbind({ user: 'u_1', team: 'key-0003' })
      await other.retire('key-0003')
      return change(made)
    }
    await resealRing(ring, both, () => {})
    const left = aliases.filter((alias) => alias !== 'key-0003')
    expect((await openAll(left, next)).map((opened) => (opened as readonly unknown[])[1])).toEqual([2, 2, 1, 2, 2])
    expect((await new RingEditor(ring, next).read('key-0001')).key.currency).toBe('EUR')
    expect(await ring.key('key-0003')).toBeUndefined()
  })

  test('names rows that no master key opens, and leaves them as they are', async () => {
    const aliases = await addKeys(3)
    const broken = { alias: 'key-0001', version: 2, row: '{"mac":"k1.AAAA","key":"{}"}' }
    await ring.change({ keys: [broken], unbind: ['\nkey-0002\n'], bind: [{ selector: '\nkey-0002\n', alias: 'key-0002', mac: 'k0.AAAA' }] })
    expect(await resealRing(ring, both, () => {})).toEqual({
      keys: 2,
      bindings: 5,
      brokenCount: 2,
      broken: [
        { what: 'the key "key-0001"', reason: expect.stringContaining('master key "k1"') },
        { what: 'the binding of team=key-0002', reason: expect.stringContaining('There is no master key "k0"') },
      ],
    })
    expect(await ring.key('key-0001')).toEqual(broken)
    expect(await openAll([aliases[0] as string], next)).toHaveLength(1)
  })
})
