import type { ComponentType } from 'preact'
import type { Operator, ViewProps } from './operator.js'
import { AuditView } from './views/audit.js'
import { Calls } from './views/calls.js'
import { KeysView } from './views/keys.js'
import { Limits } from './views/limits.js'
import { Live } from './views/live.js'
import { ProcessView } from './views/process.js'
import { Spending } from './views/spending.js'
import { Tenants } from './views/tenants.js'
import { Workflows } from './views/workflows.js'

/** A view: a part of the console with a name in the address. */
interface View {
  readonly title: string
  readonly view: ComponentType<ViewProps>
  /** Whether an operator of one team may see it. */
  readonly isOfTeams: boolean
}

/** The views in the order of the navigation. The first one is the one that opens. */
const views: Readonly<Record<string, View>> = {
  spending: { title: 'Spending', view: Spending, isOfTeams: true },
  tenants: { title: 'Tenants', view: Tenants, isOfTeams: true },
  calls: { title: 'Calls', view: Calls, isOfTeams: true },
  live: { title: 'Live', view: Live, isOfTeams: true },
  workflows: { title: 'Workflows', view: Workflows, isOfTeams: true },
  limits: { title: 'Limits', view: Limits, isOfTeams: true },
  keys: { title: 'Keys', view: KeysView, isOfTeams: false },
  audit: { title: 'Audit', view: AuditView, isOfTeams: false },
  process: { title: 'Process', view: ProcessView, isOfTeams: false },
}

/** The views that an operator may see. */
export function viewsFor({ team }: Operator): Readonly<Record<string, View>> {
  return team === undefined ? views : Object.fromEntries(Object.entries(views).filter(([, { isOfTeams }]) => isOfTeams))
}
