import { originPattern } from '@postern/protocol'
import { z } from 'zod'
import { isNetwork } from '../backend/forwarded.js'
import { duration, size } from './units.js'

/** An object of settings: `strict` where unknown members are errors, `lenient` where they are passed over. */
type Settings = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.ZodObject<Shape, z.core.$strict>

/** An object whose unknown members are errors; the error names the known ones, so that a near miss can be told. */
const strict: Settings = (shape) =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : undefined) })

const lenient = z.object as unknown as Settings

const name = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}]*$/u, 'holds control characters')

const alias = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'is not a name of 1 to 64 letters, digits, dots, underscores and hyphens')

const port = z.int().min(0).max(65_535)

/** Where a secret is. Never the secret itself: files like this one are committed, mailed and logged. */
const secretReference = z.union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })], {
  error: 'is not a reference to a secret',
})

export type SecretReference = z.output<typeof secretReference>

const url = z.url({ protocol: /^https?$/, error: 'is not an http or https URL' })

/** An origin alone: paths are the client's to say. */
function isBackendUrl(text: string): boolean {
  if (text.startsWith('unix:')) return text.length > 'unix:'.length
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash, username } = new URL(text)
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && hash === '' && username === ''
}

function createSchemas(strict: Settings, dialectIds: readonly string[]) {
  const gateway = strict({
    /** Which gateway it is. */
    dialect: z.enum(dialectIds),
    /** Where its API is, `/v1` included. Has a default for each dialect but `openai`. */
    baseURL: url.optional(),
    /** Attempts at one request, the first one included, where the dialect allows any further; 1 leaves retries to the client. */
    attempts: z.int().min(1).max(5).optional(),
    /** How often it lets this address call. Has a default where the gateway documents one. */
    addressLimit: z
      .union([
        z.literal('off'),
        strict({
          burst: z.int().min(1),
          perMinute: z.number().positive(),
          longestWait: duration.refine((ms) => ms <= 3_600_000, 'is longer than an hour').optional(),
        }),
      ])
      .optional(),
    /** How long it is waited for. */
    timeouts: strict({
      /** For a connection. */
      connect: duration.default(5000),
      /** For the head of an answer. */
      headers: duration.default(300_000),
      /** For the next byte of an answer. */
      idle: duration.default(120_000),
    }).prefault({}),
  })

  const key = strict({
    gateway: alias,
    secret: secretReference,
    /** Mintoken: the key of the provider behind it. */
    providerSecret: secretReference.optional(),
    /** Free AI: the project that calls with this key are booked under. */
    project: z.string().optional(),
  })

  const principalFields = { user: name.optional(), team: name.optional(), project: name.optional() }

  const binding = strict({
    ...principalFields,
    /** For everybody whom no other binding names. Only if the operator writes it. */
    default: z.literal(true).optional(),
    key: alias,
  })

  const service = strict({
    /** The ring: `label:sha256hex`, comma or newline separated. */
    hashes: secretReference,
    /** Who each label is. */
    principals: z.record(z.string(), strict({ ...principalFields, delegate: z.boolean().optional() })).default({}),
  })

  const session = strict({
    /** At least 32 bytes, shared with whoever mints session tokens. */
    secret: secretReference,
    /** How long a token lives where its minter does not say. */
    ttl: duration.default(600_000),
    /** The longest lifetime that is accepted. */
    maxTtl: duration.default(86_400_000),
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
      error: 'is not the way to a claim, such as "sub", "org.id" or [https://example.com/team]',
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
        error: 'is missing or not a text or a list of texts; without it a token for another service would be good here',
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
    clockSkew: duration.refine((ms) => ms <= 300_000, 'is longer than five minutes').default(30_000),
  })

  const rule = {
    /** Model names that are allowed; `*` stands for any characters. */
    models: z.array(z.string().min(1)).min(1).optional(),
    /** Endpoint paths below `/v1/` that are allowed; `*` stands for any characters. */
    endpoints: z.array(z.string().min(1)).min(1).optional(),
    /** Largest request body. */
    body: size.optional(),
    /** What is chosen of the things that a gateway lets each request choose, such as `intensity`; `caller` leaves it to the caller. */
    choices: z.record(z.string(), z.string()).optional(),
    /** The most tokens that a request may ask for; a request must then say how many. */
    maxTokens: z.int().min(1).optional(),
    /** The member `user` of a JSON body is the verified user, whatever the client wrote. */
    pinUser: z.boolean().optional(),
  }

  const config = strict({
    version: z.literal(1),
    /** The data listener. */
    listen: strict({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(8787),
      /** Addresses and networks of the operator's own proxies, whose X-Forwarded-* headers are continued. */
      trustedProxies: z.array(z.string().refine(isNetwork, 'is not an address or a network such as 10.0.0.0/8')).default([]),
    }).prefault({}),
    /** The path under which the API lives. */
    mount: z
      .string()
      .regex(/^(?:\/[A-Za-z0-9._~-]+)+$/, 'is not a path such as /ai, without a slash at the end')
      .default('/ai'),
    /** The admin listener: health, and what only an operator may see. */
    admin: z
      .union(
        [strict({ socket: z.string().min(1) }), strict({ host: z.enum(['127.0.0.1', '::1', 'localhost']).default('127.0.0.1'), port })],
        {
          error: 'is neither a Unix socket nor a port of this machine',
        },
      )
      .optional(),
    /** The customer's own server, which gets everything outside the mount. */
    backend: strict({
      /** `http://127.0.0.1:3000`, or `unix:/run/app.sock`. */
      url: z.string().refine(isBackendUrl, 'is not an http or https origin, nor unix: and a path'),
      timeouts: strict({
        /** For the head of an answer once the request is sent. */
        headers: duration.default(60_000),
      }).prefault({}),
    }).optional(),
    browser: strict({
      /** Origins whose pages may call from elsewhere. The sidecar's own origin always may. */
      origins: z.array(z.string().regex(originPattern, 'is not an origin such as https://app.example.com')).default([]),
    }).prefault({}),
    gateways: z.record(alias, gateway),
    keys: z.record(alias, key),
    bindings: z.array(binding),
    callers: strict({ session: session.optional(), jwt: z.array(jwt).min(1).optional(), service: service.optional() }),
    policies: strict({
      ...rule,
      /** Further rules for some; every rule that matches applies. */
      rules: z.array(strict({ ...principalFields, ...rule })).default([]),
    }).prefault({}),
    /** When failed authentications of one address count as too many. */
    failedAuthentication: strict({ limit: z.int().min(1).default(30), window: duration.default(60_000) }).prefault({}),
    shutdown: strict({
      /** How long running streams may take to end. */
      deadline: duration.default(30_000),
    }).prefault({}),
  })

  return { config, gateway, key, binding, service, session }
}

/** The configuration file, for these dialects. */
export function createConfigSchema(dialectIds: readonly string[]) {
  return createSchemas(strict, dialectIds).config
}

/** Its parts, unknown members passed over: for looking at the whole parts of a file that is not whole. */
export function createLenientParts(dialectIds: readonly string[]) {
  return createSchemas(lenient, dialectIds)
}

/** What a configuration file holds, defaults filled in. */
export type Config = z.output<ReturnType<typeof createConfigSchema>>

/** What a configuration file may be written as. */
export type ConfigInput = z.input<ReturnType<typeof createConfigSchema>>
