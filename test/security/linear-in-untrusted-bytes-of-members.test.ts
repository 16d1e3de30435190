import { expect, test } from 'vitest'
import { JsonReader } from '../../packages/core/src/lib/json-reader.js'
import { hasManyMembers, namesOf } from '../../packages/core/src/lib/names-of.js'
import { isEntry, isEntryOrMap } from '../../packages/core/src/police/entries-of-models.js'

function read(text: string): object {
  const reader = new JsonReader(text)
  while (!reader.read(100_000, 10_000));
  return reader.value as object
}

/** An object of so many members, none of which is a documented one. */
const withMembers = (count: number): object =>
  read(JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, 1]))))

function cpuOf(work: () => void): number {
  const begun = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(begun)
  return user + system
}

test('whether an object of many members is an entry or a map of models is known without a list of its members', () => {
  const large = withMembers(99_000)
  const listed = cpuOf(() => Object.keys(large))
  const asked = cpuOf(() => {
    for (let turn = 0; turn < 100; turn += 1) expect([isEntryOrMap(large), isEntry(large)]).toEqual([true, false])
  })
  expect(asked).toBeLessThan(20 * Math.max(listed, 1000))
  expect(isEntryOrMap(Object.assign(withMembers(3), { model: 'a' }))).toBe(true)
})

test('the list of the members of a large object is made once, while it is read', () => {
  const large = withMembers(2000)
  expect(namesOf(large)).toBe(namesOf(large))
  expect(namesOf(large)).toEqual(Object.keys(large))
  expect([hasManyMembers(large), hasManyMembers(withMembers(1000))]).toEqual([true, false])
})

test('a member that stands twice in a large object is listed once', () => {
  const twice = read(`{${Array.from({ length: 1500 }, (_, at) => `"m${at}":1`).join()},"m0":2,"__proto__":3,"__proto__":4}`)
  expect(namesOf(twice)).toEqual(Object.keys(twice))
  expect(namesOf(twice)).toHaveLength(1501)
})
