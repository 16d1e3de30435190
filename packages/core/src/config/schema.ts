import { type AnswerFormat, answerFormats } from '@postern/gateways'
import { originPattern } from '@postern/protocol'
import { z } from 'zod'
import { isNetwork } from '../trusted-peers.js'
import { createCallerSchemas } from './caller-schemas.js'
import { fault } from './fault.js'
import { alias, headerName, lenient, port, principalFields, secretReference, type Settings, strict, url } from './schema-parts.js'
import { duration, pace, size } from './units.js'

/** An origin alone: paths are the client's to say. */
function isBackendUrl(text: string): boolean {
  if (text.startsWith('unix:')) return text.length > 'unix:'.length
  if (!URL.canParse(text)) return false
  const { protocol, pathname, search, hash, username } = new URL(text)
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && hash === '' && username === ''
}

function createSchemas(strict: Settings, dialectIds: readonly string[]) {
  const openedEndpoint = strict({
    methods: z.array(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])).min(1),
    /** Whose API its requests and answers follow. */
    format: z.enum(Object.keys(answerFormats) as AnswerFormat['id'][]),
    /** Where a request names its model: `path` is the segment `{model}`, `none` that no model runs. */
    model: z.enum(['body', 'query', 'path', 'none']),
    /** Its answers have no length in tokens, so that `maxTokens` has nothing to bound. */
    ceiling: z.literal('none').optional(),
    /** It takes forms and media beside JSON; those are not read. */
    media: z.boolean().optional(),
  })

  const gateway = strict({
    /** Which gateway it is. */
    dialect: z.enum(dialectIds),
    /** Where its API is, `/v1` included. Has a default for each dialect but `openai`. */
    baseURL: url.optional(),
    /** Attempts at one request, the first one included, where the dialect allows any further; 1 leaves retries to the client. */
    attempts: z.int().min(1).max(5).optional(),
    /** How often it lets this address call. Has a default where the gateway documents one. */
    addressLimit: z
      .union(
        [
          z.literal('off'),
          strict({
            burst: z.int().min(1),
            perMinute: z.number().positive(),
            longestWait: duration.refine((ms) => ms <= 3_600_000, fault('is longer than an hour', 'Write 1h or less.')).optional(),
          }),
        ],
        { error: fault('is neither off nor a limit', 'Write off, or { burst: 10, perMinute: 60 }.') },
      )
      .optional(),
    /** Paths below `/v1/` that are open beside those that the dialect lists; `{id}` stands for any segment, `{model}` for the model. */
    endpoints: z.record(z.string(), openedEndpoint).default({}),
    /** Request headers of clients that it gets besides the usual ones, by their exact names. */
    passHeaders: z.array(headerName).optional(),
    /** Whether its streams of chunks may end without `[DONE]`, once each choice has said why it ended. Has a default for each dialect. */
    endMark: z.enum(['optional', 'required']).optional(),
    /** How long it is waited for. */
    timeouts: strict({
      /** For a connection. */
      connect: duration.default(5000),
      /** For the head of an answer. */
      headers: duration.default(600_000),
      /** For the next byte of an answer. */
      idle: duration.default(600_000),
      /** For the first event of a stream, before its head is passed on without. */
      firstEvent: duration.default(250),
      /** For the end of a JSON answer that is kept alive, before it is passed on as it comes. */
      hold: duration.default(10_000),
    }).prefault({}),
  })

  const key = strict({
    gateway: alias,
    secret: secretReference,
    /** Mintoken: the key of the provider behind it. */
    providerSecret: secretReference.optional(),
    /** Free AI: the project that calls with this key are booked under. */
    project: z.string().optional(),
    /** Several tenants use it, and may read what the others store at the provider: files, responses, conversations. */
    shared: z.boolean().default(false),
  })

  const binding = strict({
    ...principalFields,
    /** For everybody whom no other binding names. Only if the operator writes it. */
    default: z.literal(true).optional(),
    key: alias,
  })

  const callers = createCallerSchemas(strict)

  const store = strict({
    /** One file, for one process. */
    sqlite: z.string().min(1).optional(),
    /** For several processes: `redis://host:6379`, or a reference where the address holds a password. */
    redis: z
      .union([z.url({ protocol: /^rediss?$/ }), secretReference], {
        error: fault(
          'is neither redis://host:port nor a reference to one',
          'Write redis://host:6379, { env: REDIS_URL } or { file: PATH }.',
        ),
      })
      .optional(),
    /** Nowhere: for one process, whose restart forgets revocations, calls and proofs. */
    memory: z.literal(true).optional(),
    /** How the names of its entries begin in Redis. */
    prefix: z.string().min(1).max(64).optional(),
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

  const backend = strict({
    /** `http://127.0.0.1:3000`, or `unix:/run/app.sock`. */
    url: z
      .string()
      .refine(
        isBackendUrl,
        fault('is not an http or https origin, nor unix: and a path', 'Write http://127.0.0.1:3000 or unix:/run/app.sock.'),
      ),
    timeouts: strict({
      /** For the head of an answer once the request is sent. */
      headers: duration.default(60_000),
    }).prefault({}),
    /** The most connections to it that are open at once; where nothing is said, 2,048, or fewer where the system gives few descriptors. */
    connections: z.int().min(1).optional(),
    /** Whether it is told who is calling, in a signed header. */
    identity: strict({
      header: headerName.default('Postern-Identity'),
      /** Where the key is published that the header is checked with. */
      jwks: z
        .string()
        .regex(
          /^(?:\/[A-Za-z0-9._~-]+)+$/,
          fault('is not a path', 'Write it like /.well-known/postern/jwks.json: a slash at the beginning and none at the end.'),
        )
        .default('/.well-known/postern/jwks.json'),
      /** An Ed25519 private key, PKCS #8 PEM. Where there is none, one is made at each start. */
      key: secretReference.optional(),
      audience: z.string().min(1).default('backend'),
      /** How long what it says is good. */
      ttl: duration
        .refine((ms) => ms >= 5000 && ms <= 600_000, fault('is not between 5 seconds and 10 minutes', 'Write a time such as 60s.'))
        .default(60_000),
    }).optional(),
  })

  /** What its programs must present to mint and revoke; on a port there must be one. */
  const adminSecret = { secret: secretReference.optional() }
  const admin = z.union(
    [
      strict({ socket: z.string().min(1), ...adminSecret }),
      strict({ host: z.enum(['127.0.0.1', '::1', 'localhost']).default('127.0.0.1'), port, ...adminSecret }),
    ],
    {
      error: fault(
        'is neither a Unix socket nor a port of this machine',
        'Write { socket: ./postern.sock }, or { port: 8788, secret: { env: NAME } }; it listens on this machine alone.',
      ),
    },
  )

  const config = strict({
    version: z.literal(1),
    /** The data listener. */
    listen: strict({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(8787),
      /** How long a connection of a client stays open that asks for nothing. */
      keepAlive: duration
        .refine((ms) => ms > 0 && ms <= 86_400_000, fault('is not between 1 ms and a day', 'Write a time such as 75s.'))
        .default(75_000),
      /** Addresses and networks of the operator's own proxies, whose X-Forwarded-* headers are continued. */
      trustedProxies: z
        .array(
          z
            .string()
            .refine(isNetwork, fault('is not an address or a network', 'Write 127.0.0.1 or 10.0.0.0/8; it cannot be everybody (/0).')),
        )
        .default([]),
      /** The names by which clients call this process, with a port where it is not the usual one; any where none are written. */
      hosts: z
        .array(
          z
            .string()
            .regex(
              /^[a-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/,
              fault('is not a host', 'Write it like app.example.com or app.example.com:8443, in small letters and without https://.'),
            ),
        )
        .default([]),
    }).prefault({}),
    /** The path under which the API lives. */
    mount: z
      .string()
      .regex(
        /^(?:\/[A-Za-z0-9._~-]+)+$/,
        fault('is not a path', 'Write it like /ai: with a slash at the beginning and without a slash at the end.'),
      )
      .default('/ai'),
    /** The admin listener: health, and what only an operator may see. */
    admin: admin.optional(),
    /** The customer's own server, which gets everything outside the mount. */
    backend: backend.optional(),
    browser: strict({
      /** Origins whose pages may call from elsewhere. The sidecar's own origin always may. */
      origins: z
        .array(
          z
            .string()
            .regex(
              originPattern,
              fault(
                'is not an origin',
                'Write it like https://app.example.com or capacitor://localhost: without a path or a slash at the end.',
              ),
            ),
        )
        .default([]),
      /** What pages see of the governance record: `full`, or `public`, without what names the operator's own arrangement with gateways. */
      record: z.enum(['full', 'public']).default('full'),
      /** `Strict-Transport-Security` on Postern's own answers. It binds the whole host for all its pages, so there is none unless it is written. */
      hsts: strict({
        maxAge: duration,
        /** Binds every name below the host as well. */
        includeSubDomains: z.boolean().default(false),
      }).optional(),
    }).prefault({}),
    gateways: z.record(alias, gateway),
    keys: z.record(alias, key),
    bindings: z.array(binding),
    callers: callers.callers,
    /** Where it is kept what must be remembered or shared. */
    store: store.optional(),
    /** How many processes like this one run side by side. */
    replicas: z.int().min(1).default(1),
    policies: strict({
      ...rule,
      /** Further rules for some; every rule that matches applies. */
      rules: z.array(strict({ ...principalFields, ...rule })).default([]),
    }).prefault({}),
    /** When failed authentications of one address count as too many. */
    failedAuthentication: strict({ limit: z.int().min(1).default(30), window: duration.default(60_000) }).prefault({}),
    /** What one client may take at once, by its address as trusted proxies tell it. */
    connections: strict({
      /** Open connections; those of a trusted proxy are not counted. */
      perAddress: z.int().min(1).default(1000),
      /** Requests of one connection that are worked on, and requests of one address that wait for the begin of an answer; the others wait. */
      underWay: z.int().min(1).default(64),
      /** Bytes that are held of requests which are not whole, or wait. */
      heldBytes: size.refine((bytes) => bytes > 0, fault('is nothing', 'Write a size such as 256MiB.')).default(256 * 1024 ** 2),
      /** The slowest that a body may come, on average over ten seconds; 0B/s for no bound. */
      minRate: pace.default(1024),
    }).prefault({}),
    shutdown: strict({
      /** How long running streams may take to end. */
      deadline: duration.default(30_000),
    }).prefault({}),
  })

  return { config, gateway, key, binding, service: callers.service, session: callers.session, store, admin, backend }
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
