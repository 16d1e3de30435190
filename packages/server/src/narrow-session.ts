import { compileNamePattern, type SessionRequest, sessionSeconds } from '@postern/protocol'
import { DeskRefusal } from './desk-refusal.js'
import type { MintRequest } from './session-minter.js'

/** What a page asks its session to be bound by. */
export type AskedSession = SessionRequest & { readonly ttl?: number | string }

/**
 * What is granted, bounded further by what is asked: the shorter life, the smaller number, the names that both
 * allow. Whoever asks for a longer life or a greater number gets what is granted.
 *
 * @param ttlSeconds How long what is granted lives where it does not say.
 * @throws {DeskRefusal} `request_malformed` where what is asked is not part of what is granted.
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
    throw new DeskRefusal('request_malformed', `The session is bound to another "${name}".`, name)
  return granted ?? asked
}

function among(name: 'models' | 'endpoints', { [name]: granted }: MintRequest, { [name]: asked }: AskedSession) {
  if (granted === undefined || asked === undefined) return granted ?? asked
  // A star of what is asked can only meet one of what is granted, so what the first may be, the other is too.
  const allowed = granted.map(compileNamePattern)
  const strange = asked.find((pattern) => !allowed.some((covers) => covers(pattern)))
  if (strange !== undefined) throw new DeskRefusal('request_malformed', `"${name}" may name only some of what is granted.`, name)
  return asked
}
