import { answerAtDoor } from '@postern/instance'
import { Refusal, usageFilters } from '@postern/ports'
import { tagPattern } from '@postern/protocol'
import { tellRun, tellUsage } from '../usage/answer.js'
import { QuestionFault, readQuestion, type WrittenQuestion } from '../usage/question.js'
import type { AskLedger } from './ask-ledger.js'
import { teamFor } from './operator.js'
import { queryOf, requireNames } from './query.js'
import type { AdminRoute } from './route.js'

/** Answer with usage and with the calls of a workflow, as `postern usage --json` prints them. */
export function usageRoutes(ask: AskLedger): readonly AdminRoute[] {
  return [
    {
      method: 'get',
      path: '/usage',
      role: 'read',
      isOfTeams: true,
      async handle({ instance, request, response, operator }) {
        const query = queryOf(request, [...usageFilters, 'since', 'until', 'by'])
        requireNames({ user: query.user, team: query.team, project: query.project })
        const question = questionOf({ ...query, team: teamFor(operator, query.team) })
        const rows = await ask((reader) => reader.usage(question))
        answerAtDoor(instance, request, response, { status: 200, body: tellUsage(question, rows) })
      },
    },
    {
      method: 'get',
      path: '/usage/workflows/:id',
      role: 'read',
      isOfTeams: true,
      async handle({ instance, request, response, operator }) {
        const id = String(request.params['id'])
        if (!tagPattern.test(id)) throw new Refusal('request_malformed', { message: 'This is no id of a workflow.' })
        const team = teamFor(operator, queryOf(request, ['team']).team)
        const run = await ask((reader) => reader.workflow(id, team === undefined ? {} : { team }))
        answerAtDoor(instance, request, response, { status: 200, body: tellRun(id, run) })
      },
    },
  ]
}

/** Reads a question as it stands in a query. @throws {Refusal} 400 `request_malformed`. */
export function questionOf(written: WrittenQuestion): ReturnType<typeof readQuestion> {
  try {
    return readQuestion(written, Date.now())
  } catch (error) {
    if (!(error instanceof QuestionFault)) throw error
    throw new Refusal('request_malformed', { message: error.message })
  }
}
