import { type AnswerFormat, answerFormats } from '@postern/gateways'
import { originPattern } from '@postern/protocol'
import { z } from 'zod'
import { isNetwork } from './trusted-peers.js'
import { createAdminSchema } from './admin-schemas.js'
import { isBackendUrl, isHostAlone } from './address-forms.js'
import { createCallerSchemas } from './caller-schemas.js'
import { fault } from './fault.js'
import { alias, headerName, lenient, port, principalFields, secretReference, type Settings, strict, url } from './schema-parts.js'
import { duration, pace, size } from './units.js'

function createSchemas(strict: Settings, dialectIds: readonly string[]) {
  const openedEndpoint = strict({
    methods: z.array(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])).min(1),
    /** The API whose format its requests and answers have. */
    format: z.enum(Object.keys(answerFormats) as AnswerFormat['id'][]),
    /** Where a request names its model. `path`: in the segment `{model}`; `none`: no model runs. */
    model: z.enum(['body', 'query', 'path', 'none']),
    /** Its answers have no length in tokens, so `maxTokens` does not apply. */
    ceiling: z.literal('none').optional(),
    /** It accepts forms and media besides JSON. */
    media: z.boolean().optional(),
  })

  const gateway = strict({
    /** The dialect of the gateway. */
    dialect: z.enum(dialectIds),
    /** The URL of its API, including `/v1`. Each dialect but `openai` has a default. */
    baseURL: url.optional(),
    /** Attempts at one request, the first included; 1 leaves retries to the client. The dialect has a default. */
    attempts: z.int().min(1).max(5).optional(),
    /** How often the gateway accepts calls from this address. The dialect has a default if the gateway documents a limit. */
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
    /** Paths below `/v1/` that are open besides those of the dialect; `{id}` matches any segment, `{model}` is the model. */
    endpoints: z.record(z.string(), openedEndpoint).default({}),
    /** Names of client headers that are sent to it in addition to the default ones. */
    passHeaders: z.array(headerName).optional(),
    /** `optional`: a chat stream may end without `[DONE]`, if each choice has a `finish_reason`. Each dialect has a default. */
    endMark: z.enum(['optional', 'required']).optional(),
    /** How long Postern waits. */
    timeouts: strict({
      /** For a connection. */
      connect: duration.default(5000),
      /** For the head of an answer. */
      headers: duration.default(600_000),
      /** For the next byte of an answer. */
      idle: duration.default(600_000),
      /** For the first event of a stream; then the head is sent without it. */
      firstEvent: duration.default(250),
      /** For the end of a JSON answer that arrives in pieces; then it is sent as it arrives. */
      hold: duration.default(10_000),
    }).prefault({}),
  })

  const key = strict({
    gateway: alias,
    secret: secretReference,
    /** For Mintoken: the key of the provider behind it. */
    providerSecret: secretReference.optional(),
    /** For Free AI: the project that calls with this key are billed to. */
    project: z.string().optional(),
    /** Several tenants use the key and may read each other's objects at the provider: files, responses, conversations. */
    shared: z.boolean().default(false),
  })

  const binding = strict({
    ...principalFields,
    /** Matches every caller that no other binding matches. */
    default: z.literal(true).optional(),
    key: alias,
  })

  const callers = createCallerSchemas(strict)

  const store = strict({
    /** One file, for one process. */
    sqlite: z.string().min(1).optional(),
    /** For several processes: `redis://host:6379`, or a reference if the address holds a password. */
    redis: z
      .union([z.url({ protocol: /^rediss?$/ }), secretReference], {
        error: fault(
          'is neither redis://host:port nor a reference to one',
          'Write redis://host:6379, { env: REDIS_URL } or { file: PATH }.',
        ),
      })
      .optional(),
    /** In memory, for one process. A restart loses revocations, counted calls and seen proofs. */
    memory: z.literal(true).optional(),
    /** Prefix of its keys in Redis. */
    prefix: z.string().min(1).max(64).optional(),
  })

  const rule = {
    /** Model names that are allowed; `*` stands for any characters. */
    models: z.array(z.string().min(1)).min(1).optional(),
    /** Endpoint paths below `/v1/` that are allowed; `*` stands for any characters. */
    endpoints: z.array(z.string().min(1)).min(1).optional(),
    /** Largest request body. */
    body: size.optional(),
    /** Values for options that a gateway offers per request, such as `intensity`; `caller` lets the caller choose. */
    choices: z.record(z.string(), z.string()).optional(),
    /** The most tokens that a request may ask for; a request must then state a number. */
    maxTokens: z.int().min(1).optional(),
    /** Overwrites the user in a JSON body with the verified user. */
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
      /** How long Postern waits for the head of an answer once the request is sent. */
      headers: duration.default(60_000),
    }).prefault({}),
    /** Maximum number of open connections to it. Default 2,048, or fewer if the system allows few file descriptors. */
    connections: z.int().min(1).optional(),
    /** If present, the backend gets the caller's identity in a signed header. */
    identity: strict({
      header: headerName.default('Postern-Identity'),
      /** The path at which Postern publishes the public key. */
      jwks: z
        .string()
        .regex(
          /^(?:\/[A-Za-z0-9._~-]+)+$/,
          fault('is not a path', 'Write it like /.well-known/postern/jwks.json: a slash at the beginning and none at the end.'),
        )
        .default('/.well-known/postern/jwks.json'),
      /** An Ed25519 private key, PKCS #8 PEM. Default: a new one at each start. */
      key: secretReference.optional(),
      audience: z.string().min(1).default('backend'),
      /** How long a signed header is valid. */
      ttl: duration
        .refine((ms) => ms >= 5000 && ms <= 600_000, fault('is not between 5 seconds and 10 minutes', 'Write a time such as 60s.'))
        .default(60_000),
    }).optional(),
  })

  const admin = createAdminSchema(strict)

  const hostBeside = (portSetting: string) =>
    z
      .string()
      .min(1)
      .refine(isHostAlone, fault('is not a host alone', `Write an address or a name; the port is ${portSetting}.`))
      .default('127.0.0.1')

  const config = strict({
    version: z.literal(1),
    /** The data listener. */
    listen: strict({
      host: hostBeside('listen.port'),
      port: port.default(8787),
      /** How long an idle keep-alive connection of a client stays open. */
      keepAlive: duration
        .refine((ms) => ms > 0 && ms <= 86_400_000, fault('is not between 1 ms and a day', 'Write a time such as 75s.'))
        .default(75_000),
      /** Addresses and networks of the operator's own proxies, whose X-Forwarded-* headers Postern believes. */
      trustedProxies: z
        .array(
          z
            .string()
            .refine(isNetwork, fault('is not an address or a network', 'Write 127.0.0.1 or 10.0.0.0/8; it cannot be everybody (/0).')),
        )
        .default([]),
      /** The hosts that clients may name in `Host`; an entry without a port matches any port. Empty: any host. */
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
    /** The path that precedes `/v1` of the API. */
    mount: z
      .string()
      .regex(
        /^(?:\/[A-Za-z0-9._~-]+)+$/,
        fault('is not a path', 'Write it like /ai: with a slash at the beginning and without a slash at the end.'),
      )
      .default('/ai'),
    /** The admin listener: health, and what only an operator may see. */
    admin: admin.optional(),
    /** A listener for probes alone, which may be seen by others: whether the process lives and is ready, and nothing else. */
    health: strict({ host: hostBeside('health.port'), port }).optional(),
    /** Where it is written down who changed what. Default: in the log. */
    audit: strict({ file: z.string().min(1) }).optional(),
    /** The customer's own server, which gets everything outside the mount. */
    backend: backend.optional(),
    browser: strict({
      /** Other origins whose pages may call. Pages of the sidecar's own origin always may. */
      origins: z
        .array(
          z
            .string()
            .regex(
              originPattern,
              fault(
                'is not an origin',
                'Write it like https://app.example.com or capacitor://localhost: without a path or a slash at the end; there is no wildcard.',
              ),
            ),
        )
        .default([]),
      /** The governance record that pages get: `full`, or `public`, without the key's alias, the gateway and the like. */
      record: z.enum(['full', 'public']).default('full'),
      /** `Strict-Transport-Security` on Postern's own answers. Default none, since it binds all pages of the host. */
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
    /** Where Postern stores revocations, counted calls and seen proofs. */
    store: store.optional(),
    /** How many processes with this configuration run side by side. */
    replicas: z.int().min(1).default(1),
    policies: strict({
      ...rule,
      /** Further rules, each for a user, team or project; every rule that matches applies. */
      rules: z.array(strict({ ...principalFields, ...rule })).default([]),
    }).prefault({}),
    /** When failed authentications of one address count as too many. */
    failedAuthentication: strict({ limit: z.int().min(1).default(30), window: duration.default(60_000) }).prefault({}),
    /** Limits for one client, by its address as trusted proxies report it. */
    connections: strict({
      /** Open connections; those of a trusted proxy are not counted. */
      perAddress: z.int().min(1).default(1000),
      /** Requests in flight on one connection, and requests of one address that wait for the beginning of an answer; others queue. */
      underWay: z.int().min(1).default(64),
      /** Bytes in memory of requests that are incomplete or queue. */
      heldBytes: size.refine((bytes) => bytes > 0, fault('is nothing', 'Write a size such as 256MiB.')).default(256 * 1024 ** 2),
      /** The slowest pace of a request body, on average over ten seconds; 0B/s for no limit. */
      minRate: pace.default(1024),
    }).prefault({}),
    /** When the configuration is read again, besides the signal SIGHUP and "postern reload". */
    reload: strict({
      /** Whenever the file, or the `.env` beside it, changes. Files of secrets are always watched. */
      watch: z.boolean().default(false),
    }).prefault({}),
    shutdown: strict({
      /** How long calls in flight may take to end. */
      deadline: duration.default(30_000),
    }).prefault({}),
  })

  return { config, gateway, key, binding, service: callers.service, session: callers.session, store, admin, backend }
}

/** The configuration file, for these dialects. */
export function createConfigSchema(dialectIds: readonly string[]) {
  return createSchemas(strict, dialectIds).config
}

/** The schemas of its parts, which ignore unknown members: for reading the valid parts of an invalid file. */
export function createLenientParts(dialectIds: readonly string[]) {
  return createSchemas(lenient, dialectIds)
}

/** A valid configuration, with its defaults filled in. Times are milliseconds, sizes are bytes. */
export type Config = z.output<ReturnType<typeof createConfigSchema>>

/** A configuration as it is written, with units as text (`30s`, `10MiB`) and optional defaults. */
export type ConfigInput = z.input<ReturnType<typeof createConfigSchema>>
