import { expect } from 'vitest'

/** Expects the same answer for each of these names. */
export const expectAll = (names: readonly string[], is: (name: string) => unknown, wanted: unknown): void => {
  expect(names.map((name) => `${name}: ${String(is(name))}`)).toEqual(names.map((name) => `${name}: ${String(wanted)}`))
}
