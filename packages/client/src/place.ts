/** The address of Postern, as far as it is known. */
export interface Place {
  /**
   * The mount as a whole URL: `https://app.example.com/ai`. If it is relative and there was no page, its origin is
   * `nowhere`.
   */
  readonly url: string
  /** The mount at the time of a request. @throws {TypeError} if the mount is relative and there is still no page. */
  now(): string
}

/**
 * Stands for the page's origin if there is no page, as on a server that renders it. `.invalid` never resolves (RFC
 * 2606, 2).
 */
const nowhere = 'http://postern.invalid'

/**
 * Resolves the address of Postern: `/ai` is on the page's own origin. A trailing `/v1`, as base URLs have it, is
 * dropped.
 *
 * @throws {TypeError} if it is not an http or https address, or begins with a host.
 */
export function findPlace(given: string | undefined): Place {
  const url = mountOf(given, nowhere)
  return { url, now: () => (url.startsWith(nowhere) ? mountOf(given) : url) }
}

function mountOf(url: string | undefined, otherwise?: string): string {
  try {
    const { protocol, origin, pathname } = new URL(url || otherwise || '//', ownAddress() ?? otherwise)
    // A host without a scheme, `app.example.com/ai`, would be a path below that of the page.
    if (protocol.startsWith('http') && !/^\s*[^\s/.][^/]*\./.test(url as string)) return origin + pathname.replace(/(\/v1)?\/*$/, '')
  } catch {
    // Not a URL.
  }
  throw new TypeError('"url" is the address of Postern: "/ai" in a page, "https://…/ai" elsewhere.')
}

/** The URL of the page or the worker. A worker made from a blob has no http URL, only the origin of its page. */
function ownAddress(): string | undefined {
  const { location } = globalThis as { readonly location?: { readonly href: string; readonly origin: string } }
  return [location?.href, location?.origin].find((address) => address?.startsWith('http'))
}
