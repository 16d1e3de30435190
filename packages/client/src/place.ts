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
  const base = ownAddress()
  const whole = URL.canParse(url, base) ? new URL(url, base) : undefined
  if (whole?.protocol.startsWith('http') !== true)
    throw new TypeError('"url" is the address of Postern: "/ai" in a page, "https://…/ai" elsewhere.')
  const mount = whole.origin + whole.pathname.replace(/\/+$/, '')
  return { url: mount, baseURL: `${mount}/v1` }
}

/** Of the page, or of a worker; one that was made from a blob has only its page's origin. */
function ownAddress(): string | undefined {
  const { location } = globalThis as { readonly location?: { readonly href: string; readonly origin: string } }
  return [location?.href, location?.origin].find((address) => address?.startsWith('http'))
}
