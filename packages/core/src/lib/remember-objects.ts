/** Keeps what `findOut` says of an object for as long as the object lives: of a principal that is found once for many calls, for instance. */
export function rememberObjects<Named extends object, Found extends object>(findOut: (of: Named) => Found): (of: Named) => Found {
  const found = new WeakMap<Named, Found>()
  return (of) => {
    let known = found.get(of)
    if (known === undefined) found.set(of, (known = findOut(of)))
    return known
  }
}
