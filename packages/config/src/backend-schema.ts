import { z } from 'zod'
import { isBackendUrl } from './address-forms.js'
import { fault } from './fault.js'
import { headerName, secretReference, type Settings } from './schema-parts.js'
import { duration } from './units.js'

/** The customer's own server, which gets everything outside the mount. */
export function createBackendSchema(strict: Settings) {
  return strict({
    /** `http://127.0.0.1:3000`, or `unix:/run/app.sock`. */
    url: z
      .string()
      .refine(
        isBackendUrl,
        fault('is not an http or https origin, nor unix: and a path', 'Write http://127.0.0.1:3000 or unix:/run/app.sock.'),
      )
      .describe('your own server, which gets everything outside the mount: `http://127.0.0.1:3000`, or `unix:/run/app.sock`'),
    timeouts: strict({
      /** How long Postern waits for the head of an answer once the request is sent. */
      headers: duration
        .default(60_000)
        .describe('how long the head of its answer may take once the request is sent, and how long it may take nothing of a body'),
    }).prefault({}),
    /** Maximum number of open connections to it. Default 2,048, or fewer if the system allows few file descriptors. */
    connections: z.int().min(1).optional().meta({
      description: 'the most connections to it, WebSockets included',
      unset: "`2048`, or a sixth of the process's descriptors",
    }),
    /** If present, the backend gets the caller's identity in a signed header. */
    identity: strict({
      header: headerName.default('Postern-Identity').describe('the header that tells it who is calling, signed'),
      /** The path at which Postern publishes the public key. */
      jwks: z
        .string()
        .regex(
          /^(?:\/[A-Za-z0-9._~-]+)+$/,
          fault('is not a path', 'Write it like /.well-known/postern/jwks.json: a slash at the beginning and none at the end.'),
        )
        .default('/.well-known/postern/jwks.json')
        .describe('where the key is published that the header is checked with'),
      /** An Ed25519 private key, PKCS #8 PEM. Default: a new one at each start. */
      key: secretReference.optional().meta({
        description: 'the Ed25519 key that signs it, as PKCS #8 PEM',
        unset: 'one made at each start',
      }),
      audience: z.string().min(1).default('backend').describe('the claim `aud` of that header'),
      /** How long a signed header is valid. */
      ttl: duration
        .refine((ms) => ms >= 5000 && ms <= 600_000, fault('is not between 5 seconds and 10 minutes', 'Write a time such as 60s.'))
        .default(60_000)
        .describe('how long what it says is good'),
    }).optional(),
  })
}
