import { compileNamePattern, type SessionRequest, sessionSeconds } from '@postern/protocol'
import { SessionRefusal } from './session-refusal.js'
import type { MintRequest } from './session-minter.js'

/** The bounds that a page asks for its session. */
export type AskedSession = SessionRequest & { readonly ttl?: number | string }

/**
 * Combines the granted bounds with the asked ones: the shorter lifetime, the smaller number, the asked names. If the
 * page asks for a longer lifetime or a greater number, it gets the granted one.
 *
 * @param ttlSeconds Lifetime if `granted` has none.
 * @throws {SessionRefusal} `request_malformed` if a name, origin, workflow or key is asked that is not granted.
 */
export function narrowSession(granted: MintRequest, asked: AskedSession, ttlSeconds: number): MintRequest {
  const longest = sessionSeconds(granted.ttl ?? ttlSeconds)
  return {
    ...granted,
    ttl: asked.ttl === undefined ? longest : Math.min(longest, sessionSeconds(asked.ttl)),
    origin: theSame('origin', granted, asked),
    workflow: theSame('workflow', granted, asked),
    jkt: theSame('jkt', granted, asked),
    maxTokens: least(granted.maxTokens, asked.maxTokens),
    maxCalls: least(granted.maxCalls, asked.maxCalls),
    models: among('models', granted, asked),
    endpoints: among('endpoints', granted, asked),
  }
}

function least(granted: number | undefined, asked: number | undefined): number | undefined {
  return granted === undefined || asked === undefined ? (granted ?? asked) : Math.min(granted, asked)
}

function theSame(name: 'origin' | 'workflow' | 'jkt', { [name]: granted }: MintRequest, { [name]: asked }: AskedSession) {
  if (granted !== undefined && asked !== undefined && granted !== asked)
    throw new SessionRefusal('request_malformed', `The session is bound to another "${name}".`, name)
  return granted ?? asked
}

function among(name: 'models' | 'endpoints', { [name]: granted }: MintRequest, { [name]: asked }: AskedSession) {
  if (granted === undefined || asked === undefined) return granted ?? asked
  // A `*` in the asked pattern is matched only by a `*` in the granted one, so matching the pattern as text is
  // enough.
  const allowed = granted.map(compileNamePattern)
  const strange = asked.find((pattern) => !allowed.some((covers) => covers(pattern)))
  if (strange !== undefined) throw new SessionRefusal('request_malformed', `"${name}" may name only some of what is granted.`, name)
  return asked
}
