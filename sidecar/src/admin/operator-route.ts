import { answerAtDoor } from '@postern/instance'
import type { AdminRoute } from './route.js'

/** Tells an operator for whom it is taken: the name of its credential, its roles, and its team if it is told of one alone. */
export const operatorRoute: AdminRoute = {
  method: 'get',
  path: '/operator',
  role: 'read',
  isOfTeams: true,
  handle({ instance, request, response, operator: { name, roles, team } }) {
    answerAtDoor(instance, request, response, { status: 200, body: { name, roles, ...(team === undefined ? {} : { team }) } })
  },
}
