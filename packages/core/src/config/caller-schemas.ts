import { z } from 'zod'
import { hopByHop } from '../hop-by-hop.js'
import { fault } from './fault.js'
import { name, principalFields, secretReference, type Settings, url } from './schema-parts.js'
import { duration } from './units.js'

/** What a cookie is asked about at: a whole address. */
function isQuestionUrl(text: string): boolean {
  if (text.startsWith('unix:')) return /^unix:[^:]+:\/./.test(text)
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === ''
}

/** Headers that are about the connection or the body are not the client's to say to the backend's question. */
const unpassable = new Set(['host', 'cookie', 'content-length', 'content-type', 'accept', 'expect', ...hopByHop])

function isPassable(header: string): boolean {
  return /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(header) && !unpassable.has(header)
}

/** The ways to prove who is calling. */
export function createCallerSchemas(strict: Settings) {
  const service = strict({
    /** The ring: `label:sha256hex`, comma or newline separated. */
    hashes: secretReference,
    /** Who each label is. */
    principals: z.record(z.string(), strict({ ...principalFields, delegate: z.boolean().optional() })).default({}),
  })

  /** How often something may happen. */
  const rate = (limit: number, windowMs: number) => ({
    limit: z.int().min(1).default(limit),
    window: duration
      .refine((ms) => ms >= 1000 && ms <= 86_400_000, fault('is not between a second and a day', 'Write a time such as 1m.'))
      .default(windowMs),
  })

  const session = strict({
    /** At least 32 bytes, shared with whoever mints session tokens. */
    secret: secretReference.optional(),
    /** Where the public keys are of a backend that signs them with a key pair of its own. */
    jwks: url.optional(),
    /** How long a token lives where its minter does not say. */
    ttl: duration.default(600_000),
    /** The longest lifetime that is accepted. */
    maxTtl: duration.default(86_400_000),
    /** How many sessions one caller may be given in exchange for its cookie or token. */
    exchange: z
      .union([z.literal('off'), strict(rate(30, 60_000))], {
        error: fault('is neither off nor a rate', 'Write off, or { limit: 30, window: 1m }.'),
      })
      .prefault({}),
  })

  /** The way to a claim: `org.id`, `groups.0`; or a list of names, for names that hold dots. */
  const claimPath = z.union(
    [
      z
        .string()
        .min(1)
        .transform((text) => text.split('.')),
      z.array(z.string().min(1)).min(1),
    ],
    {
      error: fault('is not the way to a claim', 'Write sub, org.id, or [https://example.com/team] where a name holds dots.'),
    },
  )

  const jwt = strict({
    /** Exactly as its tokens say it, a slash at the end included. */
    issuer: z.string().min(1),
    /** Whom its tokens must be for. */
    audience: z.union(
      [
        z
          .string()
          .min(1)
          .transform((text) => [text]),
        z.array(z.string().min(1)).min(1),
      ],
      {
        error: fault(
          'is missing, or is neither a text nor a list of texts; without it a token for another service would be good here',
          'Write what its tokens hold as "aud", such as api://postern.',
        ),
      },
    ),
    /** Where its keys are. */
    jwks: url,
    /** Its signature algorithms; none that needs a shared secret. */
    algorithms: z
      .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']))
      .min(1),
    /** Kinds of token that are taken. */
    types: z
      .array(
        z
          .string()
          .min(1)
          .transform((type) => type.toLowerCase().replace(/^application\//, '')),
      )
      .min(1)
      .default(['jwt', 'at+jwt']),
    claims: strict({ user: claimPath.prefault('sub'), team: claimPath.optional(), project: claimPath.optional() }).prefault({}),
    /** The only teams that it may speak for, where several issuers are configured. */
    teams: z.array(name).min(1).optional(),
    /** How far its clock may differ. */
    clockSkew: duration.refine((ms) => ms <= 300_000, fault('is longer than five minutes', 'Write 5m or less.')).default(30_000),
  })

  const forwardAuth = strict({
    /** What of the backend says whose cookie it is: an http or https URL, or `unix:/run/app.sock:/api/me`. */
    url: z
      .string()
      .refine(
        isQuestionUrl,
        fault(
          'is not an http or https URL, nor unix:, a path, a colon and a path',
          'Write http://127.0.0.1:3000/api/me or unix:/run/app.sock:/api/me.',
        ),
      ),
    /** The cookies that say so, if only these do; only they are sent to it. */
    cookies: z
      .array(
        z.string().regex(/^[^\s=;,]+$/, fault('is not the name of a cookie', 'Write the name alone, such as sid, without = and a value.')),
      )
      .min(1)
      .optional(),
    /** Headers that it needs besides, to be sent along. */
    passHeaders: z
      .array(
        z
          .string()
          .transform((header) => header.toLowerCase())
          .refine(
            isPassable,
            fault(
              'is not a header that can be passed on',
              'Leave out what is about the connection, the body or the cookie; that is sent as it must be.',
            ),
          ),
      )
      .default([]),
    /** Where its JSON answer says who it is. */
    claims: strict({
      user: claimPath.prefault('user'),
      team: claimPath.prefault('team'),
      project: claimPath.prefault('project'),
    }).prefault({}),
    /** The headers of its answer that say who it is, in place of the body. */
    answerHeaders: strict({
      user: z.string().min(1),
      team: z.string().min(1).optional(),
      project: z.string().min(1).optional(),
    }).optional(),
    /** How long it is waited for. */
    timeout: duration
      .refine((ms) => ms >= 1 && ms <= 30_000, fault('is not between a millisecond and half a minute', 'Write a time such as 2s.'))
      .default(2000),
    /** How long its answer is good where nothing is seen that may change it. Default a second, and `0s` with several `replicas`. */
    cache: duration.refine((ms) => ms <= 60_000, fault('is longer than a minute', 'Write 1m or less.')).optional(),
  })

  const anonymous = strict({ ...principalFields, limit: z.int().min(1), window: rate(1, 60_000).window })

  const dpop = strict({
    /** How old a proof may be. */
    window: duration
      .refine((ms) => ms >= 1000 && ms <= 600_000, fault('is not between a second and ten minutes', 'Write a time such as 1m.'))
      .default(60_000),
    /** Whether a proof must carry a nonce of ours, so that none can be made in advance. */
    nonce: z.boolean().default(false),
  })

  const callers = strict({
    session: session.optional(),
    jwt: z.array(jwt).min(1).optional(),
    forwardAuth: forwardAuth.optional(),
    service: service.optional(),
    /** Callers without any credential. Only if the operator writes it. */
    anonymous: anonymous.optional(),
    /** What holds of proofs of possession, whichever token they come with. */
    dpop: dpop.prefault({}),
  })

  return { callers, service, session }
}
