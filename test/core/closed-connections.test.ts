import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Arrival } from '../../packages/ports/src/arrival.js'
import { identifyInLine } from '../../packages/instance/src/connections/identify-in-line.js'
import { hearLastWords } from '../../packages/core/src/connect/hear-last-words.js'

/** A socket whose writes end when the test says so. */
function fakeSocket(): { socket: Socket; fail: () => void } {
  let fail = (): void => {}
  const socket = Object.assign(new EventEmitter(), {
    destroyed: false,
    _write(_chunk: unknown, _encoding: unknown, done: (error: Error) => void) {
      fail = () => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    },
  }) as unknown as Socket
  return { socket, fail: () => fail() }
}

const begin = (socket: Socket): (Error | null | undefined)[] => {
  const told: (Error | null | undefined)[] = []
  hearLastWords(socket)
  socket._write(Buffer.from('a'), 'utf8', (error) => told.push(error))
  return told
}

test('a write that failed is told of when its socket closes, and once', () => {
  const { socket, fail } = fakeSocket()
  const told = begin(socket)
  fail()
  expect(told).toEqual([])
  socket.emit('close')
  expect(told).toMatchObject([{ code: 'EPIPE' }])
  expect(socket.listenerCount('close')).toBe(0)
})

test('a write that failed on a socket that is closed already is told of at once', () => {
  const { socket, fail } = fakeSocket()
  const told = begin(socket)
  Object.assign(socket, { destroyed: true })
  fail()
  expect(told).toMatchObject([{ code: 'EPIPE' }])
  expect(socket.listenerCount('close')).toBe(0)
})

test('a write that failed keeps no process running', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const { socket, fail } = fakeSocket()
  begin(socket)
  fail()
  expect(timers()).toBe(before)
  socket.emit('close')
})

test('a request whose connection is closed does not wait in line to be identified', async () => {
  let entered = 0
  const identify = identifyInLine(() => Promise.reject(new Error('Nobody is asked for.')), {
    addressOf: () => 'a',
    identifying: { isFull: () => true, enter: () => void (entered += 1) } as never,
  })
  const connection = Object.assign(new EventEmitter(), { destroyed: true })
  await expect(identify({ headers: {}, connection } as unknown as Arrival)).rejects.toThrow('The client left')
  expect(entered).toBe(0)
})
