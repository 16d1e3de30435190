import { z } from 'zod'
import { fault } from './fault.js'
import { secretReference, type Settings, url } from './schema-parts.js'
import { duration, shortDuration } from './units.js'

/** The path of a secret in Vault's key/value engine (version 2) as its API has it, and the name of one of its fields. */
const vaultPlace = /^[A-Za-z0-9][A-Za-z0-9._~@+-]*(?:\/[A-Za-z0-9][A-Za-z0-9._~@+-]*)*\/data(?:\/[A-Za-z0-9][A-Za-z0-9._~@+-]*)+#[^\s#]+$/

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, fault('is not the name of a variable', 'Write it like HOME.'))

const path = z.string().min(1)

const text = z.string().min(1)

/**
 * Where a key comes from, and the servers that some sources ask.
 *
 * @param providerKey What `providerSecret` is.
 */
export function createKeySourceSchemas(strict: Settings, providerKey = 'the key of the provider') {
  const env = strict({ env: text.describe('an environment variable') })
  const file = strict({ file: path.describe('a file; it is read again when it changes') })

  const vault = strict({
    vault: z
      .string()
      .regex(
        vaultPlace,
        fault(
          'is not a path of the key/value engine with a field',
          'Write it like secret/data/gateways#globex: <mount>/data/<path>#<field>.',
        ),
      )
      .describe('a field of a secret in [HashiCorp Vault](keys.md#vault), key/value engine version 2: `secret/data/gateways#globex`'),
  })

  const exec = strict({
    exec: z
      .array(z.string())
      .min(1)
      .describe('[a program](keys.md#exec) that prints it: its whole path, and its arguments. There is no shell'),
    /** Names of variables of this process that it gets; it gets no others. */
    variables: z
      .array(variableName)
      .optional()
      .meta({ description: 'the names of the variables that the program gets, and no others', unset: '`[]`' }),
  })

  const forWhat = {
    audience: text.optional().describe('for which service the token is, as the issuer names it'),
    resource: url.optional().describe('or its address (RFC 8707)'),
    scope: text.optional().describe('what the token may be used for'),
    ca: path.optional().describe('a file with the certificate of the authority that is believed there, and no other; PEM'),
  }
  const clientAuth = z
    .enum(['basic', 'post'])
    .default('basic')
    .describe('how the client proves itself: in the header `Authorization`, or in the form')

  const oauth = strict({
    /** OAuth 2.0 client credentials (RFC 6749, 4.4). */
    oauth: strict({
      url: url.describe('the token endpoint of [an OAuth 2.0 issuer](keys.md#oauth), asked for a token with client credentials'),
      clientId: text.describe('the client'),
      clientSecret: secretReference.describe('its secret'),
      auth: clientAuth,
      ...forWhat,
    }),
  })

  const tokenExchange = strict({
    /** OAuth 2.0 token exchange (RFC 8693). */
    tokenExchange: strict({
      url: url.describe('the token endpoint that [exchanges](keys.md#token-exchange) a token of the platform for one of the gateway'),
      /** The file with the token to exchange. It is read anew for each exchange. */
      subjectToken: strict({ file: path.describe('the file with the token of the platform; it is read anew each time') }),
      subjectTokenType: text.default('urn:ietf:params:oauth:token-type:jwt').describe('what kind of token that is (RFC 8693, section 3)'),
      clientId: text.optional().describe('the client, where the issuer wants one'),
      clientSecret: secretReference.optional().describe('its secret'),
      auth: clientAuth,
      ...forWhat,
    }),
  })

  const notAReference = fault(
    'is not a reference to a secret',
    'Write { env: NAME }, { file: PATH }, { vault: … }, { exec: […] }, { oauth: … } or { tokenExchange: … }.',
  )

  return {
    keySecret: z.union([env, file, vault, exec, oauth, tokenExchange], { error: notAReference }),
    providerSecret: z.union([strict({ env: text.describe(`${providerKey}, from an environment variable`) }), file, vault, exec], {
      error: notAReference,
    }),
    /** HashiCorp Vault, for keys with `{ vault: … }`. */
    vault: strict({
      url: url.describe('where [Vault](keys.md#vault) is: `https://vault.internal:8200`'),
      namespace: text.optional().describe('its namespace (`X-Vault-Namespace`)'),
      token: secretReference.optional().describe('the token to read with; it is renewed where Vault lets it'),
      appRole: strict({
        roleId: z
          .union([text, secretReference])
          .describe('or the AppRole to log in with: its role ID, which is no secret, or a reference to it'),
        secretId: secretReference.describe('and its secret ID'),
        mount: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, fault('is not the path of an auth method', 'Write it like approle.'))
          .default('approle')
          .describe('where the auth method is mounted'),
      }).optional(),
      ca: path.optional().describe('a file with the certificate of the authority that is believed there, and no other; PEM'),
      /** Further addresses of the cluster, to which Vault may redirect. */
      redirects: z.array(url).default([]).describe('further addresses of the cluster, which Vault may redirect to; no others are followed'),
    }),
    /** How keys of sources are kept: Vault, programs and token endpoints. */
    keySources: strict({
      poll: shortDuration('60s')
        .default(60_000)
        .describe('how often Vault and programs are asked again: another value is used after that time at the latest'),
      cache: shortDuration('5m')
        .default(300_000)
        .describe(
          'how long a value counts that was read: less under a shorter lease of Vault, and a token until it ends; so long a lost source is not felt',
        ),
      stale: duration
        .refine((ms) => ms <= 7 * 86_400_000, fault('is more than a week', 'Write a time such as 1h.'))
        .default(0)
        .describe('how much longer a value of Vault or a program is used while the source is lost; then calls are 503 `key_unavailable`'),
    }).prefault({}),
  }
}

type Schemas = ReturnType<typeof createKeySourceSchemas>

/** Where a gateway key comes from. */
export type KeySecretReference = z.output<Schemas['keySecret']>

/** A reference of a key that is not read with the configuration, but asked for while the process runs. */
export type KeySourceReference = Exclude<KeySecretReference, { readonly env: string } | { readonly file: string }>

/** The settings of Vault. */
export type VaultSettings = z.output<Schemas['vault']>

/** Whether the secret is asked for while the process runs, and not read with the configuration. */
export function isKeySource(reference: KeySecretReference): reference is KeySourceReference {
  return !('env' in reference || 'file' in reference)
}
