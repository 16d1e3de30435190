import type { AdminRole } from '@postern/config'
import type { Serving } from '@postern/instance'
import type { Request, Response } from 'express'
import type { Audit } from '../audit/audit.js'
import type { Operator } from './operator.js'

/** A request to the admin API from somebody who may make it. */
export interface AdminCall {
  readonly instance: Serving
  readonly request: Request
  readonly response: Response
  readonly operator: Operator
  readonly audit: Audit
}

/** A route of the admin API. */
export interface AdminRoute {
  readonly method: 'get' | 'post' | 'delete'
  /** Below `/admin/v1`. */
  readonly path: string
  /** What the operator must be allowed. */
  readonly role: AdminRole
  /** Whether an operator of one team may ask, and gets the data of that team. Default: such an operator is refused. */
  readonly isOfTeams?: boolean
  readonly handle: (call: AdminCall) => void | Promise<void>
}
