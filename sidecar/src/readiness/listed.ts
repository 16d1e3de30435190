/** How many texts are named at most. */
const maxNamed = 20

/** Texts one after the other, the first ones only. */
export function listed(texts: readonly string[]): string {
  const more = texts.length - maxNamed
  return [...texts.slice(0, maxNamed), ...(more > 0 ? [`And ${more} more.`] : [])].join(' ')
}
