import { answerAtDoor } from '@postern/instance'
import { type LedgerReader, Refusal, usageFilters } from '@postern/ports'
import { tagPattern } from '@postern/protocol'
import type { LazyReader } from '../ledger/lazy-reader.js'
import { tellRun, tellUsage } from '../usage/answer.js'
import { QuestionFault, readQuestion, type WrittenQuestion } from '../usage/question.js'
import { teamFor } from './operator.js'
import { queryOf, requireNames } from './query.js'
import type { AdminRoute } from './route.js'

/** How many questions wait or are being answered at most. The ledger answers one after the other. */
const maxQuestions = 8

/** Answer with usage and with the calls of a workflow, as `postern usage --json` prints them. */
export function usageRoutes(ledger: LazyReader | undefined): readonly AdminRoute[] {
  let questions = 0

  async function ask<Answer>(question: (reader: LedgerReader) => Promise<Answer>): Promise<Answer> {
    const reader = await ledger?.open()
    if (reader === undefined)
      throw new Refusal('not_found', { message: 'There is no ledger.', help: 'For the operator: write  ledger: { keep: 90d }.' })
    if (questions >= maxQuestions)
      throw new Refusal('rate_limited', { message: 'The ledger is answering other questions.', retryAfterSeconds: 1 })
    questions += 1
    try {
      return await question(reader)
    } finally {
      questions -= 1
    }
  }

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

function questionOf(written: WrittenQuestion): ReturnType<typeof readQuestion> {
  try {
    return readQuestion(written, Date.now())
  } catch (error) {
    if (!(error instanceof QuestionFault)) throw error
    throw new Refusal('request_malformed', { message: error.message })
  }
}
