import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createMemoryStore } from '@postern/ports'
import { expect, test } from 'vitest'
import { startSidecar } from '../../sidecar/src/sidecar.js'
import { openHouse } from '../support/house.js'

test('a start that fails at the admin port closes the store and the data listener, and says why it failed', async () => {
  const taken = createServer()
  await new Promise<void>((done) => {
    taken.listen(0, '127.0.0.1', done)
  })
  const { port } = taken.address() as AddressInfo
  const memory = createMemoryStore()
  let closed = 0
  const store = {
    ...memory,
    close: async () => {
      closed += 1
      await memory.close()
      throw new Error('the store does not close')
    },
  }
  const house = await openHouse({ store, config: { listen: { port: 0 }, admin: { port } } })
  await expect(startSidecar({ runtime: house.runtime, directory: process.cwd() })).rejects.toThrow(
    `127.0.0.1:${port} is taken by another process`,
  )
  expect(closed).toBe(1)
  await house.close().catch(() => {})
  taken.close()
})
