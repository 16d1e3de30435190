/** Objects of more members keep the list of their names. */
const manyMembers = 1000

/** The names of the members of large objects. `Object.keys` and `for…in` make that list anew at each call: 30 ms for 99,000 members. */
const known = new WeakMap<object, readonly string[]>()

/**
 * Remembers the names of an object's members as they were read, if there are many.
 *
 * @param names Each name once. Nobody adds or removes a member later.
 */
export function rememberNamesOf(object: object, names: readonly string[]): void {
  if (names.length > manyMembers) known.set(object, names)
}

/** The names of an object's own members. Of a large one that `JsonReader` has read it makes no new list. */
export function namesOf(object: object): readonly string[] {
  return known.get(object) ?? Object.keys(object)
}

/** Whether an object that `JsonReader` has read has more than 1,000 members, found without a look at them. */
export function hasManyMembers(object: object): boolean {
  return known.has(object)
}
