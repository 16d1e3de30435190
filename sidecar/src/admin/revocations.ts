import { answerAtDoor, beginAtDoor, currentRuntime } from '@postern/instance'
import { isNotAsked, Refusal, type RevokedKind } from '@postern/ports'
import { nameFault } from '@postern/protocol'
import { bodyOf } from './body.js'
import type { AdminRoute } from './route.js'

const revokedKinds: readonly RevokedKind[] = ['id', 'user', 'team']

/** Ends one session, or all of a user or a team. */
export const revokeSessions: AdminRoute = {
  method: 'post',
  path: '/revocations',
  role: 'sessions',
  async handle({ instance, request, response, operator, audit }) {
    const [kind, name] = readRevocation(bodyOf(request))
    const { revocations, redact, noteEnded } = currentRuntime(instance)
    const line = {
      who: operator.name,
      what: 'session_revoked',
      request_id: beginAtDoor(instance, request),
      kind,
      name: redact(name),
    } as const
    // Who opened a socket that asks for no credential is `admin` in the log.
    const ended = { kind, name, ...(operator.name === 'socket' ? {} : { by: operator.name }) }
    const late = (): void => {
      noteEnded(ended, line.request_id)
      void audit.note({ ...line, result: 'done' })
    }
    await audit.begin({ ...line, result: 'begun' })
    try {
      await revocations.revoke(kind, name, late)
    } catch (error) {
      await audit.note({ ...line, result: isNotAsked(error) ? 'failed' : 'unknown' })
      throw error
    }
    await audit.note({ ...line, result: 'done' })
    answerAtDoor(instance, request, response, { status: 201, body: { revoked: { [kind]: name } } }, undefined, ended)
  },
}

function readRevocation(body: Readonly<Record<string, unknown>>): readonly [RevokedKind, string] {
  const [kind, ...others] = Object.keys(body)
  const known = revokedKinds.find((name) => name === kind)
  const name = kind === undefined ? undefined : body[kind]
  if (known === undefined || others.length > 0 || typeof name !== 'string')
    throw new Refusal('request_malformed', { message: 'A revocation is { "id": … }, { "user": … } or { "team": … }, one of them.' })
  const fault = nameFault(name)
  if (fault !== undefined) throw new Refusal('request_malformed', { message: `"${known}" is no name: it ${fault}.`, param: known })
  return [known, name]
}
