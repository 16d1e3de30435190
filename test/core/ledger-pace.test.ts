import { LedgerPace } from '@postern/core'
import type { Arrival, LedgerEntry, Principal } from '@postern/ports'
import { expect, test } from 'vitest'

const arrival = {} as Arrival
const entry = {} as LedgerEntry
const principal = { via: 'service' } as Principal

test('the calls after the one that filled the ledger wait until it has room, and that call itself does not', async () => {
  const rooms: PromiseWithResolversOf[] = []
  let isFull = false
  const pace = new LedgerPace({
    append() {
      if (!isFull) return undefined
      const room = withResolvers()
      rooms.push(room)
      return room.promise
    },
    flush: () => Promise.resolve(),
  })
  const identify = pace.slow(() => principal)
  pace.append(entry)
  expect(identify(arrival)).toBe(principal)
  isFull = true
  pace.append(entry)
  pace.append(entry)
  const waiting = identify(arrival)
  expect(waiting).toBeInstanceOf(Promise)
  rooms[0]?.resolve()
  expect(await waiting).toBe(principal)
  expect(identify(arrival)).toBe(principal)
})

test('a ledger whose promise rejects stops nobody', async () => {
  const pace = new LedgerPace({ append: () => Promise.reject(new Error('full')), flush: () => Promise.resolve() })
  const identify = pace.slow(() => principal)
  pace.append(entry)
  expect(await identify(arrival)).toBe(principal)
})

interface PromiseWithResolversOf {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function withResolvers(): PromiseWithResolversOf {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
