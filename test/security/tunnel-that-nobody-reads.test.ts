import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { letGoOfUnread } from '../../packages/instance/src/doors/end-then-destroy.js'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close()
})

/** A connection to which a source is piped, and its client. */
async function pipe(source: Readable, afterMs: number): Promise<{ readonly client: Socket; readonly closed: Promise<unknown> }> {
  let closed: Promise<unknown> | undefined
  const server = createServer((socket) => {
    socket.on('error', () => {})
    closed = once(socket, 'close')
    source.pipe(socket)
    letGoOfUnread(socket, source, afterMs)
    closing.push(() => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => server.close())
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
  client.on('error', () => {})
  closing.push(() => client.destroy())
  await once(client, 'connect')
  await expect.poll(() => closed !== undefined).toBe(true)
  return { client, closed: closed as Promise<unknown> }
}

/** Has something to give whenever it is asked. */
const endless = (): Readable => {
  return new Readable({
    read() {
      setImmediate(() => this.push(Buffer.alloc(65_536, 'a')))
    },
  })
}

/** `first` if it comes within this time. */
const within = (ms: number, first: Promise<unknown>): Promise<unknown> =>
  Promise.race([first.then(() => 'closed'), sleep(ms).then(() => 'open')])

describe('tunnel-that-nobody-reads: a connection that a tunnel has taken over is let go', () => {
  test('where its client reads nothing of what there is for it', async () => {
    const { closed } = await pipe(endless(), 300)
    expect(await within(15_000, closed)).toBe('closed')
  })

  test('where its client sends all the time and reads nothing', async () => {
    const { client, closed } = await pipe(endless(), 300)
    const sending = setInterval(() => client.write('a'), 20)
    closing.push(() => clearInterval(sending))
    expect(await within(15_000, closed)).toBe('closed')
  })

  test('but not while there is nothing for its client, however long that is', async () => {
    const source = new Readable({ read() {} })
    const { closed } = await pipe(source, 300)
    source.push('a')
    expect(await within(1500, closed)).toBe('open')
  })

  test('but not while its client reads, however much there is', async () => {
    const { client, closed } = await pipe(endless(), 5000)
    let read = 0
    client.on('data', ({ length }) => (read += length)).resume()
    await expect.poll(() => read, { timeout: 15_000 }).toBeGreaterThan(30_000_000)
    expect(await within(0, closed)).toBe('open')
  })
})
