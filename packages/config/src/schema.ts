import { originPattern } from '@postern/protocol'
import { z } from 'zod'
import { isNetwork } from './trusted-peers.js'
import { createAdminSchema } from './admin-schemas.js'
import { isHostAlone } from './address-forms.js'
import { createBackendSchema } from './backend-schema.js'
import { createCallerSchemas } from './caller-schemas.js'
import { fault } from './fault.js'
import { createGatewaySchemas } from './gateway-schemas.js'
import { createKeyRingSchema } from './key-ring-schemas.js'
import { createKeySourceSchemas } from './key-source-schemas.js'
import { createLimitsSchema } from './limit-schemas.js'
import { createPoliciesSchema } from './policy-schemas.js'
import { rememberLast } from './remember-last.js'
import { alias, lenient, port, type Settings, strict } from './schema-parts.js'
import { createStoreSchemas } from './store-schemas.js'
import { createTagsSchema } from './tag-schema.js'
import { createLogSchema, createTelemetrySchema } from './telemetry-schemas.js'
import { duration, pace, size } from './units.js'

/** More than any machine has cores for. */
const mostWorkers = 256

function createSchemas(strict: Settings, dialectIds: readonly string[]) {
  const { gateway, key, binding } = createGatewaySchemas(strict, dialectIds)
  const callers = createCallerSchemas(strict)

  const { store, ledger } = createStoreSchemas(strict)

  const backend = createBackendSchema(strict)
  const { vault, keySources } = createKeySourceSchemas(strict)
  const keyRing = createKeyRingSchema(strict)
  const admin = createAdminSchema(strict)

  const hostBeside = (portSetting: string, meaning: string) =>
    z
      .string()
      .min(1)
      .refine(isHostAlone, fault('is not a host alone', `Write an address or a name; the port is ${portSetting}.`))
      .default('127.0.0.1')
      .describe(meaning)

  const config = strict({
    version: z.literal(1).describe('of the form of this file'),
    /** The data listener. */
    listen: strict({
      host: hostBeside('listen.port', 'the address that the data listener listens on'),
      port: port.default(8787).describe('its port; 0 for any that is free'),
      /** How long an idle keep-alive connection of a client stays open. */
      keepAlive: duration
        .refine((ms) => ms > 0 && ms <= 86_400_000, fault('is not between 1 ms and a day', 'Write a time such as 75s.'))
        .default(75_000)
        .describe(
          'how long a connection that asks for nothing stays open: [longer than your load balancer keeps it](configuration.md#behind-a-load-balancer)',
        ),
      /** How many processes serve callers at that address. */
      workers: z
        .union([z.int().min(1).max(mostWorkers), z.literal('auto')])
        .default(1)
        .describe(
          'how many [processes serve callers](operations.md#workers) at that address; `auto`: one for each core that Postern may use',
        ),
      /** Addresses and networks of the operator's own proxies, whose X-Forwarded-* headers Postern believes. */
      trustedProxies: z
        .array(
          z
            .string()
            .refine(isNetwork, fault('is not an address or a network', 'Write 127.0.0.1 or 10.0.0.0/8; it cannot be everybody (/0).')),
        )
        .default([])
        .describe('addresses and networks of your own proxies, whose `X-Forwarded-*` are believed: `10.0.0.0/8`'),
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
        .default([])
        .describe(
          'the names by which clients may call, in small letters, with a port where it is not the usual one; any where none are written',
        ),
    }).prefault({}),
    /** The path that precedes `/v1` of the API. */
    mount: z
      .string()
      .regex(
        /^(?:\/|(?:\/[A-Za-z0-9._~-]+)+)$/,
        fault('is not a path', 'Write it like /ai: with a slash at the beginning and without a slash at the end; or / alone.'),
      )
      // What follows a mount begins with a slash, so the root is the empty text.
      .transform((path) => (path === '/' ? '' : path))
      .default('/ai')
      .describe(
        'the path under which the API lies: with `/ai` at `/ai/v1/`, with `/` at `/v1/`. A slash at its beginning and none at its end',
      ),
    /** The admin listener: health, and what only an operator may see. */
    admin: admin.optional(),
    /** A listener for probes alone, which may be seen by others: whether the process lives and is ready, and nothing else. */
    health: strict({
      host: hostBeside('health.port', 'the address of [a listener for probes alone](operations.md#readiness)'),
      port: port.describe('its port; without `health` there is none'),
    }).optional(),
    /** What programs that watch the process may read, or are sent. */
    telemetry: createTelemetrySchema(strict).optional(),
    /** What the log has beside a line for each call. */
    tags: createTagsSchema(strict).prefault({}),
    log: createLogSchema(strict).prefault({}),
    /** Where it is written down who changed what. Default: in the log. */
    audit: strict({
      file: z.string().min(1).meta({
        description:
          'the file in which it is [written down who changed what](operations.md#the-audit), beside this one where the path is relative',
        unset: 'in the log',
      }),
    }).optional(),
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
        .default([])
        .describe("origins whose pages may call from elsewhere; Postern's own always may"),
      /** The governance record that pages get: `full`, or `public`, without the key's alias, the gateway and the like. */
      record: z
        .enum(['full', 'public'])
        .default('full')
        .describe('what pages see of the governance record: all of it, or nothing of your arrangement with gateways'),
      /** `Strict-Transport-Security` on Postern's own answers. Default none, since it binds all pages of the host. */
      hsts: strict({
        maxAge: duration.describe("`Strict-Transport-Security` on Postern's own answers"),
        /** Binds every name below the host as well. */
        includeSubDomains: z.boolean().default(false).describe('and for every name below the host'),
      }).optional(),
    }).prefault({}),
    gateways: z.record(alias, gateway),
    keys: z.record(alias, key),
    /** The Vault that keys with `{ vault: … }` are read from. */
    vault: vault.optional(),
    /** Keys in the store, which change while Postern runs. */
    keyRing: keyRing.optional(),
    /** How often sources of keys are asked, and how long what they say counts. */
    keySources,
    bindings: z.array(binding),
    callers: callers.callers,
    /** Where Postern stores revocations, counted calls and seen proofs. */
    store: store.optional(),
    /** A row for each call, for questions such as who spent what. Default: none, and the log alone has the calls. */
    ledger: ledger.optional(),
    /** How many processes with this configuration run side by side. */
    replicas: z.int().min(1).default(1).describe('how many processes like this one run side by side'),
    policies: createPoliciesSchema(strict),
    /** How much may be used, by whom, in which time. */
    limits: createLimitsSchema(strict).optional(),
    /** When failed authentications of one address count as too many. */
    failedAuthentication: strict({
      limit: z.int().min(1).default(30).describe('credentials of one address that may fail in a window; then 429'),
      window: duration.default(60_000).describe('the window'),
    }).prefault({}),
    /** Limits for one client, by its address as trusted proxies report it. */
    connections: strict({
      /** Open connections; those of a trusted proxy are not counted. */
      perAddress: z.int().min(1).default(1000).describe('open connections of one address'),
      /** Requests in flight on one connection, and requests of one address that wait for the beginning of an answer; others queue. */
      underWay: z.int().min(1).default(64).describe('requests of one connection that are worked on at once'),
      /** Bytes in memory of requests that are incomplete or queue. */
      heldBytes: size
        .refine((bytes) => bytes > 0, fault('is nothing', 'Write a size such as 256MiB.'))
        .default(256 * 1024 ** 2)
        .describe('bytes that are held in memory: bodies that are read whole until their calls are over, and answers that wait'),
      /** The slowest pace of a request body, on average over ten seconds; 0B/s for no limit. */
      minRate: pace.default(1024).describe('the slowest that a body may come; `0B/s` for no bound'),
    }).prefault({}),
    /** When the configuration is read again, besides the signal SIGHUP and "postern reload". */
    reload: strict({
      /** Whenever the file, the `.env` beside it or the price file changes. Files of secrets are always watched. */
      watch: z
        .boolean()
        .default(false)
        .describe('read the configuration again whenever its file, the `.env` beside it or the file of `limits.prices` changes'),
    }).prefault({}),
    shutdown: strict({
      /** How long calls in flight may take to end. */
      deadline: duration.default(30_000).describe('how long open streams may take when the process is told to stop'),
    }).prefault({}),
  })

  return {
    config,
    gateway,
    key,
    binding,
    service: callers.service,
    session: callers.session,
    store,
    ledger,
    admin,
    backend,
    vault,
    keyRing,
  }
}

/** The configuration file, for these dialects. The same schema for the same dialects as the last time: to make it costs more than to use it. */
export const createConfigSchema = rememberLast((dialectIds) => createSchemas(strict, dialectIds).config)

/** The schemas of its parts, which ignore unknown members: for reading the valid parts of an invalid file. The same for the same dialects. */
export const createLenientParts = rememberLast((dialectIds) => createSchemas(lenient, dialectIds))

/** A valid configuration, with its defaults filled in. Times are milliseconds, sizes are bytes. */
export type Config = z.output<ReturnType<typeof createConfigSchema>>

/** A configuration as it is written, with units as text (`30s`, `10MiB`) and optional defaults. */
export type ConfigInput = z.input<ReturnType<typeof createConfigSchema>>
