import { answerAtDoor, beginAtDoor, currentRuntime } from '@postern/instance'
import { Refusal } from '@postern/ports'
import { type RingChangeName, ringChangeNames } from '../audit/audit.js'
import { bodyOf } from './body.js'
import type { AdminRoute } from './route.js'

/** The details that a command may write down, each a short text or number. */
const details = ['claims', 'alias', 'gateway', 'binding', 'stage', 'share', 'keys', 'bindings', 'version'] as const

/** The most characters of a detail. */
const mostChars = 512

/** Writes down what a command on the key ring is about to do: this process has the audit open. */
export const auditNoteRoute: AdminRoute = {
  method: 'post',
  path: '/audit',
  role: 'keys',
  async handle({ instance, request, response, operator, audit }) {
    const body = bodyOf(request)
    const what = ringChangeNames.find((name) => name === body['what'])
    if (what === undefined)
      throw new Refusal('request_malformed', { message: `"what" is one of ${ringChangeNames.join(', ')}.`, param: 'what' })
    const { redact } = currentRuntime(instance)
    const told = details.flatMap((name): [string, string | number][] => {
      const value = body[name]
      if (typeof value === 'number' && Number.isFinite(value)) return [[name, value]]
      return typeof value === 'string' ? [[name, redact(value).slice(0, mostChars)]] : []
    })
    await writeDown(what, told)
    answerAtDoor(instance, request, response, { status: 201, body: { written: true } })

    function writeDown(name: RingChangeName, facts: readonly [string, string | number][]): Promise<void> {
      const line = { who: operator.name, via: 'command', what: name, result: 'begun', request_id: beginAtDoor(instance, request) } as const
      return audit.require({ ...Object.fromEntries(facts), ...line })
    }
  },
}
