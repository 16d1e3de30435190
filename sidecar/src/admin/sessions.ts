import { answerAtDoor, beginAtDoor, currentRuntime, type Runtime } from '@postern/instance'
import { type Principal, Refusal } from '@postern/ports'
import { readSessionRequest, SessionFault, sessionSeconds } from '@postern/protocol'
import { bodyOf } from './body.js'
import type { AdminRoute } from './route.js'

/** Mints a session, for a backend in any language. */
export const mintSession: AdminRoute = {
  method: 'post',
  path: '/sessions',
  role: 'sessions',
  async handle({ instance, request, response, operator, audit }) {
    const { token, id, expiresAt, principal } = await mint(currentRuntime(instance), bodyOf(request))
    await audit.require({
      who: operator.name,
      what: 'session_minted',
      result: 'done',
      request_id: beginAtDoor(instance, request),
      id,
      ...redacted(principal, currentRuntime(instance).redact),
      expires_at: expiresAt,
    })
    const tokenType = principal.jkt === undefined ? 'Bearer' : 'DPoP'
    const body = { token, id, token_type: tokenType, expires_at: expiresAt, expires_in: expiresAt - Math.floor(Date.now() / 1000) }
    answerAtDoor(instance, request, response, { status: 201, body }, principal)
  },
}

async function mint(runtime: Runtime, body: Readonly<Record<string, unknown>>) {
  const { session } = runtime.config.callers
  if (runtime.signSession === undefined || session === undefined)
    throw new Refusal('not_found', {
      message: 'There is no secret to sign sessions with.',
      help: 'For the operator: write callers.session.secret.',
    })
  const { ttl = Math.ceil(session.ttl / 1000), ...asked } = readSessionRequest(body)
  const seconds = sessionSeconds(ttl)
  if (seconds * 1000 > session.maxTtl) throw new SessionFault('"ttl" is longer than callers.session.maxTtl allows.')
  const issuedAt = Math.floor(Date.now() / 1000)
  const signed = await runtime.signSession(asked, { issuedAt, expiresAt: issuedAt + seconds })
  const { user, team, project, jkt } = asked
  const principal = { user, team, project, jkt, via: 'session', caller: `session:${signed.id}`, delegate: false } as const
  return { ...signed, principal }
}

/** Whom a session is for, as it may be written down. */
function redacted({ user, team, project }: Principal, redact: (text: string) => string): object {
  const clean = (name: string | undefined): string | undefined => (name === undefined ? undefined : redact(name))
  return { user: clean(user), team: clean(team), project: clean(project) }
}
