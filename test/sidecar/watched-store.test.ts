import { createMemoryStore, type Store } from '@postern/ports'
import { expect, test } from 'vitest'
import { watchStore } from '../../sidecar/src/readiness/watch-store.js'

/** The names that an object answers to, its own and those of its class. */
function namesOf(value: object): string[] {
  const ofClass = Object.getPrototypeOf(value) as object
  const further = ofClass === Object.prototype ? [] : Object.getOwnPropertyNames(ofClass).filter((name) => name !== 'constructor')
  return [...Object.keys(value), ...further]
}

test('a store that is watched hands on everything that each of its ports has', () => {
  const store = createMemoryStore()
  const recovery = {}
  const opened = { ...store, budgets: { ...store.budgets, recovery } } as unknown as Store
  const { store: watched, stop } = watchStore(opened, () => undefined)
  stop()
  const ports = Object.entries(opened).filter(([, port]) => typeof port === 'object' && port !== null) as [keyof Store, object][]
  expect(ports.length).toBeGreaterThan(4)
  for (const [name, port] of ports) expect([name, namesOf(port).filter((each) => !(each in (watched[name] as object)))]).toEqual([name, []])
  expect(watched.budgets.recovery).toBe(recovery)
})
