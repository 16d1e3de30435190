import { z } from 'zod'
import { fault } from './fault.js'
import { alias, name, port, secretReference, type Settings } from './schema-parts.js'

/**
 * What a credential of the admin listener may be allowed: `read` the state of the process, mint and revoke `sessions`, change
 * `keys` (no route needs it yet), and have the configuration read again (`config`).
 */
export const adminRoles = ['read', 'sessions', 'keys', 'config'] as const

/** One of {@link adminRoles}. */
export type AdminRole = (typeof adminRoles)[number]

/** Says how a credential and its hash are made; the credential itself never stands in the configuration. */
export const makeCredential =
  "Make both with: node -e \"const { createHash, randomBytes } = require('crypto'); const c = randomBytes(32).toString('base64url'); console.log(c, createHash('sha256').update(c).digest('hex'))\""

/** The admin listener. */
export function createAdminSchema(strict: Settings) {
  const credential = strict({
    /** SHA-256 of the credential, in hexadecimal digits. */
    hash: z
      .string()
      .regex(/^[0-9A-Fa-f]{64}$/, fault('is not the SHA-256 of a credential in 64 hexadecimal digits', makeCredential))
      .toLowerCase()
      .describe(
        'the SHA-256 of a [named credential](operations.md#who-may-administer), in 64 hexadecimal digits; the name is what the audit says',
      ),
    roles: z
      .array(z.enum(adminRoles))
      .min(1)
      .describe('what it may do: see the state, mint and revoke sessions, change keys, have the configuration read again'),
    team: name
      .optional()
      .describe('the one team whose [usage and limits](usage.md#over-the-admin-listener) it is told of; its only role is then `read`'),
  })
  const access = {
    /**
     * The secret of programs that have every role at the admin listener. If the listener is on a port, and neither this secret nor
     * `credentials` is configured, every request to it is refused.
     */
    secret: secretReference
      .optional()
      .describe('what programs present that may do everything; on a port without it and without credentials, nobody may do anything'),
    /** Named credentials, each with what it may do. */
    credentials: z
      .record(alias, credential)
      .refine(
        (named) => Object.keys(named).length > 0,
        fault('names no credential', 'Write one, such as { ops: { hash: …, roles: [sessions] } }, or leave the setting out.'),
      )
      .optional(),
  }
  return z.union(
    [
      strict({
        socket: z.string().min(1).describe('the Unix socket of the admin listener, beside this file where the path is relative'),
        ...access,
      }),
      strict({
        host: z.enum(['127.0.0.1', '::1', 'localhost']).default('127.0.0.1').describe('or its address'),
        port: port.describe('and its port'),
        ...access,
      }),
    ],
    {
      error: fault(
        'is neither a Unix socket nor a port of this machine',
        'Write { socket: ./postern.sock }, or { port: 8788, secret: { env: NAME } }; it listens on this machine alone.',
      ),
    },
  )
}
