import { answerAtDoor, currentRuntime, type LiveCalls, tellLiveCalls } from '@postern/instance'
import { type CallEnding, Refusal, usageFilters } from '@postern/ports'
import { tellCalls } from '../usage/answer.js'
import type { AskLedger } from './ask-ledger.js'
import { teamFor } from './operator.js'
import { queryOf, requireNames } from './query.js'
import { readMost } from './read-most.js'
import type { AdminRoute } from './route.js'
import { questionOf } from './usage.js'

/** How many calls are told if nobody says how many, and at most. */
const [usualCalls, mostCalls] = [100, 500]

/** Tells calls under way: the oldest, so many at most, of one team or of everybody. */
export type TellLiveCalls = (most: number, team: string | undefined) => Promise<LiveCalls>

/**
 * Tells the calls under way.
 *
 * @param tell Who knows them. Default: this process, which serves them.
 */
export function liveCallsRoute(tell?: TellLiveCalls): AdminRoute {
  return {
    method: 'get',
    path: '/calls/live',
    role: 'read',
    isOfTeams: true,
    async handle({ instance, request, response, operator }) {
      const query = queryOf(request, ['team', 'most'])
      requireNames({ team: query.team })
      const most = readMost(query.most, usualCalls, mostCalls)
      const team = teamFor(operator, query.team)
      const body = tell === undefined ? tellLiveCalls(currentRuntime(instance), most, team) : await tell(most, team)
      answerAtDoor(instance, request, response, { status: 200, body })
    },
  }
}

const endings: readonly CallEnding[] = ['refused', 'failed']

/** Tells single calls of the ledger, the last ones first. */
export function callsRoute(ask: AskLedger): AdminRoute {
  return {
    method: 'get',
    path: '/calls',
    role: 'read',
    isOfTeams: true,
    async handle({ instance, request, response, operator }) {
      const query = queryOf(request, [...usageFilters, 'since', 'until', 'ended', 'request_id', 'most'])
      requireNames({ user: query.user, team: query.team, project: query.project })
      const { ended: written, request_id: requestId, most, ...rest } = query
      const ended = endings.find((ending) => ending === written)
      if (written !== undefined && ended === undefined)
        throw new Refusal('request_malformed', { message: `"ended" is one of ${endings.join(', ')}.`, param: 'ended' })
      const { sinceMs, untilMs, only = {} } = questionOf({ ...rest, team: teamFor(operator, rest.team) })
      const question = { sinceMs, untilMs, only, ended, requestId, most: readMost(most, usualCalls, mostCalls) }
      const calls = await ask((reader) => reader.calls(question))
      answerAtDoor(instance, request, response, { status: 200, body: tellCalls(question, calls) })
    },
  }
}
