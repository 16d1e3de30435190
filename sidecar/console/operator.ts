import type { Route } from './route.js'

/** Who the admin listener takes the console for. */
export interface Operator {
  readonly name: string
  readonly roles: readonly string[]
  /** The team that alone is shown. Absent: every team. */
  readonly team?: string
}

/** What a view is given. */
export interface ViewProps {
  readonly route: Route
  readonly operator: Operator
}
