/** Where Postern is. */
export interface Place {
  /** The mount, whole: `https://app.example.com/ai`. */
  readonly url: string
  /** What an SDK gets as its base URL where it adds no version itself: `https://app.example.com/ai/v1`. */
  readonly baseURL: string
}

/**
 * Resolves the address of Postern: `/ai` is on the page's own origin.
 *
 * @throws {TypeError} where there is no page that a relative address could be relative to.
 */
export function resolvePlace(url: string): Place {
  const { location } = globalThis as { readonly location?: { readonly href: string } }
  const base = location === undefined || !/^https?:/.test(location.href) ? undefined : location.href
  if (!URL.canParse(url, base))
    throw new TypeError(`"url" is the address of Postern, such as "/ai" in a page or "https://app.example.com/ai" elsewhere.`)
  const { origin, pathname } = new URL(url, base)
  const mount = origin + pathname.replace(/\/+$/, '')
  return { url: mount, baseURL: `${mount}/v1` }
}
