import { tmpdir } from 'node:os'
import type { CheckedConfig } from '@postern/config'
import { Secret } from '@postern/ports'
import { describe, expect, test } from 'vitest'
import { createLazyReader } from '../../sidecar/src/ledger/lazy-reader.js'
import { exposeWhenAsked } from '../../sidecar/src/telemetry/exposition.js'
import { openFamilies } from '../../sidecar/src/telemetry/families.js'

const config = { ledger: { keep: 1, postgres: { env: 'POSTGRES_URL' } } } as unknown as CheckedConfig['config']

describe('a reader of the ledger that could not be opened', () => {
  test('is opened by the next question', async () => {
    const secrets = new Map([['ledger.postgres', new Secret('not an address')]])
    const reader = createLazyReader({ config, secrets }, tmpdir())
    await expect(reader.open()).rejects.toThrow()
    secrets.set('ledger.postgres', new Secret('postgres://nobody@127.0.0.1:1/none'))
    const opened = await reader.open()
    expect(opened).toBeDefined()
    expect(await reader.open()).toBe(opened)
    await reader.close()
  })

  test('does not keep the sidecar from closing', async () => {
    const reader = createLazyReader({ config, secrets: new Map([['ledger.postgres', new Secret('not an address')]]) }, tmpdir())
    const opening = reader.open()
    await Promise.all([expect(opening).rejects.toThrow(), expect(reader.close()).resolves.toBeUndefined()])
    await expect(reader.close()).resolves.toBeUndefined()
  })
})

test('metrics that could not be opened are opened by the next question, and stay open if one cannot be written', async () => {
  const families = openFamilies()
  const [name] = Object.keys(families) as [keyof typeof families]
  const fails = { opening: true, writing: false }
  let openings = 0
  const expose = exposeWhenAsked(
    new Proxy(families, {
      get(target, property, receiver) {
        const family: unknown = Reflect.get(target, property, receiver)
        if (property !== name) return family
        if (fails.opening) throw new Error('cannot be opened')
        openings += 1
        return new Proxy(family as object, {
          get(own, member) {
            const value: unknown = Reflect.get(own, member, own)
            if (member !== 'all') return value
            return () => {
              if (fails.writing) throw new Error('cannot be written')
              return (value as () => unknown).call(own)
            }
          },
        })
      },
    }),
  )
  await expect(expose()).rejects.toThrow('cannot be opened')
  fails.opening = false
  expect((await expose()).text).toContain('postern_')
  fails.writing = true
  await expect(expose()).rejects.toThrow('cannot be written')
  fails.writing = false
  expect((await expose()).text).toContain('postern_')
  expect(openings).toBe(1)
})
