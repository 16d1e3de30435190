import type { ComponentType } from 'preact'
import type { Route } from './route.js'
import { Limits } from './views/limits.js'
import { Spending } from './views/spending.js'

/** A view: a part of the console with a name in the address. */
interface View {
  readonly title: string
  readonly view: ComponentType<{ readonly route: Route }>
}

/** The views in the order of the navigation. The first one is the one that opens. */
export const views: Readonly<Record<string, View>> = {
  spending: { title: 'Spending', view: Spending },
  limits: { title: 'Limits', view: Limits },
}
