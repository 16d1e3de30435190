import { answerAtDoor, beginAtDoor, currentRuntime } from '@postern/instance'
import { Refusal } from '@postern/ports'
import { type AuditEntry, ringChangeNames } from '../audit/audit.js'
import { bodyOf } from './body.js'
import type { AdminRoute } from './route.js'

/** The details that a command may give, each a short text or a number. */
const details = [
  'claims',
  'change',
  'reason',
  'alias',
  'gateway',
  'binding',
  'stage',
  'share',
  'keys',
  'bindings',
  'version',
  'master_key',
  'validated_by',
  'old_calls',
  'old_last_used',
  'new_calls',
  'new_first_used',
  'new_last_used',
] as const

/** How far a command may be with a change. */
const results: readonly AuditEntry['result'][] = ['begun', 'done', 'refused', 'failed', 'unknown']

/** How many characters of a detail are written at most. */
const maxDetailChars = 512

/** Writes into the audit what a command on the key ring is about to do, and then what came of it. The command cannot: this process has the audit file open. */
export const auditNoteRoute: AdminRoute = {
  method: 'post',
  path: '/audit',
  role: 'keys',
  async handle({ instance, request, response, operator, audit }) {
    const body = bodyOf(request)
    const what = ringChangeNames.find((name) => name === body['what'])
    if (what === undefined)
      throw new Refusal('request_malformed', { message: `"what" is one of ${ringChangeNames.join(', ')}.`, param: 'what' })
    const { result: stated = 'begun' } = body
    const result = results.find((name) => name === stated)
    if (result === undefined)
      throw new Refusal('request_malformed', { message: `"result" is one of ${results.join(', ')}.`, param: 'result' })
    const { redact } = currentRuntime(instance)
    const told = details.flatMap((name): [string, string | number][] => {
      const value = body[name]
      if (typeof value === 'number' && Number.isFinite(value)) return [[name, value]]
      return typeof value === 'string' ? [[name, redact(value).slice(0, maxDetailChars)]] : []
    })
    const line = { who: operator.name, via: 'command', what, result, request_id: beginAtDoor(instance, request) } as const
    await audit.require({ ...Object.fromEntries(told), ...line })
    answerAtDoor(instance, request, response, { status: 201, body: { written: true } })
  },
}
