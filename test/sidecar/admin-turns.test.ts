import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createMemoryStore } from '@postern/ports'
import { createAdminListener } from '../../sidecar/src/admin-listener.js'
import { listenAnywhere, openHouse } from '../support/house.js'

test('requests to the admin listener that come in one piece are handled in a turn of the event loop each', async () => {
  const house = await openHouse({ store: createMemoryStore() })
  const server = createAdminListener({ instance: house.runtime })
  const turns: number[] = []
  let turn = 0
  let counting = true
  const count = (): void => {
    turn += 1
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  server.on('request', (_, response) => response.once('finish', () => turns.push(turn)))
  const { hostname, port } = new URL(await listenAnywhere(server))
  const text = await new Promise<string>((resolve) => {
    let answers = ''
    const socket = connect(Number(port), hostname, () => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(40))
    })
    socket.on('data', (chunk: Buffer) => {
      answers += chunk.toString()
      if (answers.split('HTTP/1.1 200').length > 40) socket.end()
    })
    socket.on('close', () => resolve(answers))
  })
  counting = false
  server.close()
  await house.close()
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(40)
  expect(new Set(turns).size).toBe(turns.length)
  expect(turns).toHaveLength(40)
})
