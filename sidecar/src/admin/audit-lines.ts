import { answerAtDoor } from '@postern/instance'
import { Refusal } from '@postern/ports'
import { queryOf } from './query.js'
import { readMost } from './read-most.js'
import type { AdminRoute } from './route.js'

/** How many lines are told if nobody says how many, and at most. */
const [usualLines, mostLines] = [100, 500]

/** Tells the last lines of the audit, the newest first. */
export const auditLinesRoute: AdminRoute = {
  method: 'get',
  path: '/audit',
  role: 'read',
  async handle({ instance, request, response, audit }) {
    const most = readMost(queryOf(request, ['most']).most, usualLines, mostLines)
    const lines = await audit.last(most)
    if (lines === undefined)
      throw new Refusal('not_found', {
        message: 'The audit has no file: its lines are in the log, as "event":"audit".',
        help: 'For the operator: write  audit: { file: ./audit.jsonl }.',
      })
    answerAtDoor(instance, request, response, { status: 200, body: { lines } })
  },
}
