/** Where Postern is, as far as that is known. */
export interface Place {
  /** The mount, whole: `https://app.example.com/ai`; at a name that nobody has, where there was no page to ask. */
  readonly url: string
  /** The same when it is needed. @throws {TypeError} where there still is no page that it could be relative to. */
  now(): string
}

/** Stands for the page's origin where there is no page, as on a server that renders it; a name that nobody can have (RFC 2606). */
const nowhere = 'http://postern.invalid'

/**
 * Resolves the address of Postern: `/ai` is on the page's own origin. With the version, as base URLs have it, it is the same.
 *
 * @throws {TypeError} where it is the address of something else.
 */
export function findPlace(given: string | undefined): Place {
  const url = mountOf(given, nowhere)
  return { url, now: () => (url.startsWith(nowhere) ? mountOf(given) : url) }
}

function mountOf(url: string | undefined, otherwise?: string): string {
  try {
    const { protocol, origin, pathname } = new URL(url || otherwise || '//', ownAddress() ?? otherwise)
    if (protocol.startsWith('http')) return origin + pathname.replace(/(\/v1)?\/*$/, '')
  } catch {
    // No address at all.
  }
  throw new TypeError('"url" is the address of Postern: "/ai" in a page, "https://…/ai" elsewhere.')
}

/** Of the page, or of a worker; one that was made from a blob has only its page's origin. */
function ownAddress(): string | undefined {
  const { location } = globalThis as { readonly location?: { readonly href: string; readonly origin: string } }
  return [location?.href, location?.origin].find((address) => address?.startsWith('http'))
}
