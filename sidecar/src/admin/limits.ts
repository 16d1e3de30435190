import { answerAtDoor, currentRuntime, tellLimits, type ToldLimit } from '@postern/instance'
import { teamFor } from './operator.js'
import { queryOf, requireNames } from './query.js'
import type { AdminRoute } from './route.js'

const asked = ['user', 'team', 'project', 'service', 'model', 'workflow', 'session'] as const

/** Answers with the limits that count a caller, and what is left of each. */
export const limitsRoute: AdminRoute = {
  method: 'get',
  path: '/limits',
  role: 'read',
  isOfTeams: true,
  async handle({ instance, request, response, operator }) {
    const query = queryOf(request, asked)
    requireNames(query)
    const team = teamFor(operator, query.team)
    const limits = await tellLimits(currentRuntime(instance), { ...query, team })
    const told = operator.team === undefined ? limits : limits.map(ofTeamAlone)
    answerAtDoor(instance, request, response, { status: 200, body: { limits: told } })
  },
}

/** For an operator of one team: what other teams have spent under the same limit is left out. */
function ofTeamAlone(limit: ToldLimit): ToldLimit {
  if (limit.each === 'team') return limit
  const { booked: _booked, held: _held, left: _left, ...told } = limit
  return told
}
