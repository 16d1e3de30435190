import { z } from 'zod'
import { hopByHop, tokenType } from '@postern/protocol'
import { fault } from './fault.js'
import { name, principalFields, secretReference, type Settings, url } from './schema-parts.js'
import { mostSessionSecrets } from './session-secrets.js'
import { duration, shortDuration } from './units.js'

/** Whether a text is an http or https URL without a user, or `unix:SOCKET:/PATH`. */
function isQuestionUrl(text: string): boolean {
  if (text.startsWith('unix:')) return /^unix:[^:]+:\/./.test(text)
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === ''
}

/** Headers that `passHeaders` must not name, since Postern writes them itself when it asks the backend. */
const unpassable = new Set(['host', 'cookie', 'content-length', 'content-type', 'accept', 'expect', ...hopByHop])

function isPassable(header: string): boolean {
  return /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(header) && !unpassable.has(header)
}

/** The ways to prove who is calling. */
export function createCallerSchemas(strict: Settings) {
  const service = strict({
    /** The ring: `label:sha256hex`, comma or newline separated. */
    hashes: secretReference.describe('the ring: `label:sha256hex`, comma or newline separated; `nobody` alone where there are none'),
    /** The user, team and project of each label. */
    principals: z
      .record(
        z.string(),
        strict({
          ...principalFields({ user: 'the user that this label is', team: 'its team', project: 'its project' }),
          delegate: z.boolean().optional().meta({ description: 'it may say for whom it calls, in `Postern-Act-As`', unset: '`false`' }),
        }),
      )
      .default({}),
  })

  /** The time in which calls or sessions are counted. */
  const window = shortDuration('1m').default(60_000).describe('the window')

  const session = strict({
    /** At least 32 bytes, shared with the servers that mint session tokens. */
    secret: secretReference.optional().describe('at least 32 bytes, shared with who mints sessions'),
    /** In its place, while one secret follows another: the first signs where Postern signs, each verifies. */
    secrets: z
      .array(secretReference)
      .min(1, fault('is an empty list', 'Write [{ env: NEW }, { env: OLD }]: the first signs, each verifies.'))
      .max(
        mostSessionSecrets,
        fault(
          `names more than ${mostSessionSecrets} secrets`,
          `Write ${mostSessionSecrets} or fewer, and leave out those that no living session is signed with.`,
        ),
      )
      .optional()
      .describe(
        `in its place, up to ${mostSessionSecrets}, while [one secret follows another](operations.md#a-new-secret-for-sessions): the first signs where Postern signs, each verifies`,
      ),
    /** The URL of the public keys of a backend that signs session tokens with its own key pair. */
    jwks: url.optional().describe('or the address of the public keys of a backend that signs with its own'),
    /** Default lifetime of a token. */
    ttl: duration
      .default(600_000)
      .describe(
        'how long a session lives where its minter does not say: `postern session mint`, the admin listener and `POST {mount}/session`',
      ),
    /** The longest lifetime that is accepted. */
    maxTtl: duration.default(86_400_000).describe('the longest life that is accepted, whoever minted it'),
    /** How many sessions one caller may get in exchange for its cookie or token. */
    exchange: z
      .union([z.literal('off'), strict({ limit: z.int().min(1).default(30).describe('sessions of one caller in a window'), window })], {
        error: fault('is neither off nor a rate', 'Write off, or { limit: 30, window: 1m }.'),
      })
      .prefault({})
      .meta({ description: 'whether, and how often, a cookie or token is traded for a session', unset: 'the settings below' }),
  })

  /** The path to a claim: `org.id`, `groups.0`; or a list of names, if a name contains dots. */
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
    /** The exact value of `iss` in its tokens, including a slash at the end. */
    issuer: z.string().min(1).describe('exactly as its tokens say it'),
    /** The values of which `aud` in its tokens must hold one. */
    audience: z
      .union(
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
      )
      .describe('whom its tokens must be for; one of several is enough'),
    /** The URL of its public keys. */
    jwks: url.describe('the address of its public keys'),
    /** The accepted signature algorithms; all use key pairs. */
    algorithms: z
      .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']))
      .min(1)
      .describe('signature algorithms that are taken'),
    /** The accepted values of the token's header `typ`. */
    types: z
      .array(
        z
          .string()
          .min(1)
          .transform((type) => tokenType(type) as string),
      )
      .min(1)
      .default(['jwt', 'at+jwt'])
      .describe('kinds of token that are taken'),
    claims: strict({
      user: claimPath.prefault('sub').describe('the way to the claim that names the user'),
      team: claimPath.optional().describe('and the team'),
      project: claimPath.optional().describe('and the project'),
    }).prefault({}),
    /** The only teams that its tokens may name. */
    teams: z.array(name).min(1).optional().meta({ description: 'the only teams that it may speak for', unset: 'any' }),
    /** How far the issuer's clock may differ. */
    clockSkew: duration
      .refine((ms) => ms <= 300_000, fault('is longer than five minutes', 'Write 5m or less.'))
      .default(30_000)
      .describe('how far its clock may differ'),
    /** How often its keys are fetched only to see whether it answers. Default: they are fetched when they are needed, and each second while it is lost. */
    probe: duration
      .refine((ms) => ms >= 1000 && ms <= 3_600_000, fault('is not between a second and an hour', 'Write a time such as 2s.'))
      .optional()
      .meta({ description: 'how often its keys are fetched only to see that it answers', unset: 'never' }),
  })

  const forwardAuth = strict({
    /** The backend's endpoint that tells the owner of a cookie: an http or https URL, or `unix:/run/app.sock:/api/me`. */
    url: z
      .string()
      .refine(
        isQuestionUrl,
        fault(
          'is not an http or https URL, nor unix:, a path, a colon and a path',
          'Write http://127.0.0.1:3000/api/me or unix:/run/app.sock:/api/me.',
        ),
      )
      .describe('where the backend says whose a cookie is; or `unix:/run/app.sock:/api/me`'),
    /** The cookies that identify a caller; only these are sent to the backend. Default: all cookies. */
    cookies: z
      .array(
        z.string().regex(/^[^\s=;,]+$/, fault('is not the name of a cookie', 'Write the name alone, such as sid, without = and a value.')),
      )
      .min(1)
      .optional()
      .meta({ description: 'the cookies that say so; only they are sent', unset: 'any' }),
    /** Further headers of the request that are sent to the backend. */
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
      .default([])
      .describe('headers that the backend gets besides'),
    /** The paths to user, team and project in its JSON answer. */
    claims: strict({
      user: claimPath.prefault('user').describe('the way to the user in its JSON answer'),
      team: claimPath.prefault('team').describe('and to the team'),
      project: claimPath.prefault('project').describe('and to the project'),
    }).prefault({}),
    /** The headers of its answer that hold user, team and project; then its body is not read. */
    answerHeaders: strict({
      user: z.string().min(1).describe('or the header of its answer that names the user'),
      team: z.string().min(1).optional().describe('and the team'),
      project: z.string().min(1).optional().describe('and the project'),
    }).optional(),
    /** How long Postern waits for its answer. */
    timeout: duration
      .refine((ms) => ms >= 1 && ms <= 30_000, fault('is not between a millisecond and half a minute', 'Write a time such as 2s.'))
      .default(2000)
      .describe('how long its answer may take'),
    /** How long its answer is cached, unless Postern sees a request that may change it. Default 1 s, and 0 s with several `replicas` or workers. */
    cache: duration
      .refine((ms) => ms <= 60_000, fault('is longer than a minute', 'Write 1m or less.'))
      .optional()
      .meta({ description: 'how long its answer is believed', unset: '`1s`; `0s` where `replicas` or `listen.workers` is above 1' }),
  })

  const anonymous = strict({
    ...principalFields({ user: 'the user that callers without a credential are', team: 'their team', project: 'their project' }),
    limit: z.int().min(1).describe('calls of one address in a window'),
    window,
  })

  const dpop = strict({
    /** How old a proof may be. */
    window: duration
      .refine((ms) => ms >= 1000 && ms <= 600_000, fault('is not between a second and ten minutes', 'Write a time such as 1m.'))
      .default(60_000)
      .describe('how old a proof may be'),
    /** Whether a proof must carry a nonce of Postern's, so that no proof can be made in advance. */
    nonce: z.boolean().default(false).describe("whether a proof must carry a nonce of Postern's"),
  })

  const callers = strict({
    session: session.optional(),
    jwt: z.array(jwt).min(1).optional(),
    forwardAuth: forwardAuth.optional(),
    service: service.optional(),
    /** Lets callers without a credential in. Default: they are refused. */
    anonymous: anonymous.optional(),
    /** Rules for proofs of possession (DPoP, RFC 9449), for all kinds of token. */
    dpop: dpop.prefault({}),
  })

  return { callers, service, session }
}
