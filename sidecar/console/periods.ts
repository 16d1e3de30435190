import { hrefOf, type Route } from './route.js'

/** The times that can be chosen, by what the admin listener understands: whole days in UTC, today among them. */
const periods = { '0d': 'Today', '6d': '7 days', '29d': '30 days', '89d': '90 days' } as const

const defaultPeriod = '6d'

/** The time of a route, for the admin listener's `since`. */
export function sinceOf({ params }: Route): keyof typeof periods {
  const { since = defaultPeriod } = params
  return since in periods ? (since as keyof typeof periods) : defaultPeriod
}

/** How a time is named in a sentence. */
export function periodName(since: keyof typeof periods): string {
  return since === '0d' ? 'today' : `in ${periods[since]}`
}

/** The links that choose another time and keep the rest of a route. */
export function periodOptions(route: Route) {
  return Object.entries(periods).map(([since, text]) => ({
    text,
    href: hrefOf(route.name, { ...route.params, since }),
    isChosen: since === sinceOf(route),
  }))
}
