import { createMemoryStore, type KeyRing, Secret } from '@postern/ports'
import { BrokenSeal, checkBinding, MasterKeys, readKey, RingEditor, RingFault, writeBinding, writeKey } from '@postern/instance'
import { describe, expect, test } from 'vitest'

const masters = (...ids: readonly string[]): MasterKeys =>
  new MasterKeys(ids.map((id) => ({ id, secret: new Secret(`the master key ${id} of this test, long enough`) })))
const sealedFor = { alias: 'acme', gateway: 'main', version: 3, part: 'secret' } as const
const secret = new Secret('sk-a-secret-of-the-ring')

describe('a seal of the key ring', () => {
  test('opens under the master key that sealed, wherever that stands among them, and holds nothing of the secret in plain', () => {
    const sealed = masters('k1').seal(secret, sealedFor)
    expect(masters('k2', 'k1').open(sealed, sealedFor).equals(secret)).toBe(true)
    expect(sealed).not.toContain('ring')
    expect(Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain('secret')
  })

  test('is another one each time', () => {
    expect(masters('k1').seal(secret, sealedFor)).not.toBe(masters('k1').seal(secret, sealedFor))
  })

  test.each([
    ['another alias', { alias: 'globex' }],
    ['another gateway', { gateway: 'other' }],
    ['another version', { version: 4 }],
    ['the other of two secrets', { part: 'providerSecret' }],
  ] as const)('does not open for %s', (_, other) => {
    const sealed = masters('k1').seal(secret, sealedFor)
    expect(() => masters('k1').open(sealed, { ...sealedFor, ...other })).toThrow(BrokenSeal)
  })

  test('does not open under another master key of the same name, nor if a byte of it was changed or is missing', () => {
    const sealed = masters('k1').seal(secret, sealedFor)
    const other = new MasterKeys([{ id: 'k1', secret: new Secret('quite another master key, as long as that') }])
    expect(() => other.open(sealed, sealedFor)).toThrow(BrokenSeal)
    const [id = '', text = ''] = sealed.split('.')
    const bytes = Buffer.from(text, 'base64url')
    for (let place = 0; place < bytes.length; place += 1) {
      const changed = Buffer.from(bytes)
      changed[place] = (changed[place] as number) ^ 1
      expect(() => masters('k1').open(`${id}.${changed.toString('base64url')}`, sealedFor)).toThrow(BrokenSeal)
    }
    for (const cut of ['', '.', 'k1', 'k1.', `k9.${text}`, `${id}.${bytes.subarray(0, -1).toString('base64url')}`])
      expect(() => masters('k1').open(cut, sealedFor)).toThrow(BrokenSeal)
  })
})

describe('a row of the key ring', () => {
  const key = { gateway: 'main', secrets: [] }

  test('is taken only as it was written: not changed, not for another alias, not in another version', () => {
    const kept = writeKey('acme', 1, key, masters('k1'))
    expect(readKey(kept, masters('k2', 'k1'))).toEqual({ alias: 'acme', version: 1, key })
    for (const forged of [
      { ...kept, alias: 'globex' },
      { ...kept, version: 2 },
      { ...kept, row: kept.row.replace('main', 'evil') },
      { ...kept, row: '{}' },
      { ...kept, row: 'not JSON' },
      { ...kept, row: JSON.stringify({ mac: 'k1.', key: '{}' }) },
    ])
      expect(() => readKey(forged, masters('k1'))).toThrow(BrokenSeal)
  })

  test('binds only whom it was written for', () => {
    const binding = writeBinding({ team: 'acme' }, 'acme', masters('k1'))
    checkBinding(binding, masters('k1'))
    expect(() => checkBinding({ ...binding, selector: '\nevil\n' }, masters('k1'))).toThrow(BrokenSeal)
    expect(() => checkBinding({ ...binding, alias: 'globex' }, masters('k1'))).toThrow(BrokenSeal)
  })
})

describe('the editor of the key ring', () => {
  const open = (): { readonly ring: KeyRing; readonly editor: RingEditor } => {
    const ring = createMemoryStore().keyRing as KeyRing
    return { ring, editor: new RingEditor(ring, masters('k1')) }
  }

  test('adds a key with its bindings, all of it or nothing', async () => {
    const { ring, editor } = open()
    await editor.add({ alias: 'acme', gateway: 'main', secret }, [{ team: 'acme' }], 1)
    await expect(editor.add({ alias: 'other', gateway: 'main', secret }, [{ team: 'other' }, { team: 'acme' }], 1)).rejects.toThrow(
      RingFault,
    )
    expect(await ring.count()).toEqual({ keys: 1, bindings: 1 })
  })

  test('binds nobody whose name no caller can have, and nobody at all', async () => {
    const { editor } = open()
    await editor.add({ alias: 'acme', gateway: 'main', secret }, [], 1)
    for (const principal of [{}, { team: ' acme' }, { user: 'a\u200bb' }, { project: '' }])
      await expect(editor.bind('acme', principal)).rejects.toThrow(RingFault)
  })

  test('retires no key that callers are bound to', async () => {
    const { ring, editor } = open()
    await editor.add({ alias: 'acme', gateway: 'main', secret }, [{ team: 'acme' }], 1)
    await expect(editor.retire('acme')).rejects.toThrow('Callers are bound to "acme": team=acme.')
    await editor.unbind({ team: 'acme' })
    await editor.retire('acme')
    expect(await ring.count()).toEqual({ keys: 0, bindings: 0 })
  })
})
