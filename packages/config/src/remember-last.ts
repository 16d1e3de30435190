/** Returns a function that makes something for a list of names, and gives the same again while it is asked for the same names in turn. */
export function rememberLast<Made>(make: (names: readonly string[]) => Made): (names: readonly string[]) => Made {
  let last: { readonly names: readonly string[]; readonly made: Made } | undefined
  return (names) => {
    if (last === undefined || !isSameList(last.names, names)) last = { names: [...names], made: make(names) }
    return last.made
  }
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}
