import { useEffect, useState } from 'preact/hooks'

/** Where the page is: the fragment of the address, such as `#calls?code=rate_limited`. The console's server never sees it. */
export interface Route {
  readonly name: string
  readonly params: Readonly<Record<string, string>>
}

function routeNow(): Route {
  const [name = '', query = ''] = location.hash.slice(1).split('?', 2)
  return { name, params: Object.fromEntries(new URLSearchParams(query)) }
}

/** The route of now, also after it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(routeNow)
  useEffect(() => {
    const take = (): void => setRoute(routeNow())
    addEventListener('hashchange', take)
    return () => removeEventListener('hashchange', take)
  }, [])
  return route
}

/** The address of a view. Parameters without a value are left out. */
export function hrefOf(name: string, params: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return `#${name}${given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`}`
}
