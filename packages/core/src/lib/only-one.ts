/** The only entry of a list; `undefined` if it has none, or several. */
export function onlyOne<Entry>(list: readonly Entry[] = []): Entry | undefined {
  return list.length === 1 ? list[0] : undefined
}
