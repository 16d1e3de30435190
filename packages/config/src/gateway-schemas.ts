import { type AnswerFormat, answerFormats, type Dialect, dialects } from '@postern/gateways'
import { workflowPattern } from '@postern/protocol'
import { z } from 'zod'
import { fault } from './fault.js'
import { createKeySourceSchemas } from './key-source-schemas.js'
import { alias, headerName, name, principalFields, type Settings, url, whomItIsFor } from './schema-parts.js'
import { date, duration, longDuration, moneyUnit } from './units.js'

/** The gateways whose records have something that the others have not. */
function gatewaysWith(member: keyof Dialect): string {
  const found = Object.values(dialects).filter((dialect: Dialect) => dialect[member] !== undefined)
  return found.map(({ title }) => title).join(', ')
}

/** The dialects whose chat streams have token counts only if they are asked for. */
const askedForUsage = Object.values(dialects)
  .filter((dialect: Dialect) => dialect.streamUsage === 'asked')
  .map(({ id }) => `\`${id}\``)
  .join(' and ')

/** The gateways, the keys that they are called with, and who each key is for. */
export function createGatewaySchemas(strict: Settings, dialectIds: readonly string[]) {
  const { keySecret, providerSecret } = createKeySourceSchemas(
    strict,
    `${gatewaysWith('providerCredential')}: the key of the provider behind it`,
  )
  const openedEndpoint = strict({
    methods: z
      .array(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']))
      .min(1)
      .describe('of a path below `/v1/` that is open beside those of the dialect: its methods'),
    /** The API whose format its requests and answers have. */
    format: z.enum(Object.keys(answerFormats) as AnswerFormat['id'][]).describe('whose API its requests and answers follow'),
    /** Where a request names its model. `path`: in the segment `{model}`; `none`: it names none. */
    model: z.enum(['body', 'query', 'path', 'none']).describe('where a request names its model; `none` where it names none'),
    /** Its answers have no length in tokens, so `maxTokens` does not apply. */
    ceiling: z.literal('none').optional().describe('its answers have no length in tokens, so `maxTokens` has nothing to bound'),
    /** A call of it is not billed and has no model run; by default it costs. */
    costs: z.literal('nothing').optional().meta({
      description: 'its calls are not billed and have no model run, so limits of money and tokens let them pass',
      unset: 'it costs: where no model and no length bound it, such limits refuse it or set a `perCall` aside',
    }),
    /** It accepts forms and media besides JSON. */
    media: z.boolean().optional().meta({ description: 'it takes forms and media beside JSON', unset: '`false`' }),
  })

  const addressLimit = strict({
    burst: z.int().min(1).meta({ description: 'calls at once', unset: 'by dialect' }),
    perMinute: z.number().positive().meta({ description: 'calls a minute', unset: 'by dialect' }),
    longestWait: duration
      .refine((ms) => ms <= 3_600_000, fault('is longer than an hour', 'Write 1h or less.'))
      .optional()
      .meta({ description: 'the longest that a call waits for its turn', unset: '`30s`' }),
  })

  const gateway = strict({
    /** The dialect of the gateway. */
    dialect: z.enum(dialectIds).describe('which gateway it is; `openai` for any other that follows the OpenAI API'),
    /** The URL of its API, including `/v1`. Each dialect but `openai` has a default. */
    baseURL: url.optional().meta({ description: 'where its API is, `/v1` included', unset: 'by dialect; none for `openai`' }),
    /** Attempts at one request, the first included; 1 leaves retries to the client. The dialect has a default. */
    attempts: z.int().min(1).max(5).optional().meta({
      description: 'attempts at one request, the first one included; `1` leaves retries to the client',
      unset: '[by dialect](gateways/README.md#what-is-tried-again)',
    }),
    /** How often the gateway accepts calls from this address. The dialect has a default if the gateway documents a limit. */
    addressLimit: z
      .union([z.literal('off'), addressLimit], {
        error: fault('is neither off nor a limit', 'Write off, or { burst: 10, perMinute: 60 }.'),
      })
      .optional()
      .meta({ description: 'how often the gateway lets this address call; calls wait in turn', unset: 'by dialect' }),
    /** Paths below `/v1/` that are open besides those of the dialect; `{id}` matches any segment, `{model}` is the model. */
    endpoints: z.record(z.string(), openedEndpoint).default({}),
    /** Names of client headers that are sent to it in addition to the default ones. */
    passHeaders: z.array(headerName).optional().meta({ description: 'request headers that it gets besides the usual ones', unset: '`[]`' }),
    /** `optional`: a chat stream may end without `[DONE]`, if each choice has a `finish_reason`. Each dialect has a default. */
    endMark: z.enum(['optional', 'required']).optional().meta({
      description:
        'whether a stream of chunks that ends without `[DONE]` is whole where each choice has its `finish_reason`; under `required` it is cut',
      unset: '`optional` for `openai`, else `required`',
    }),
    /** `ask`: Postern asks for the token counts of a chat stream whose client did not, and takes them out again for the client. */
    streamUsage: z
      .enum(['ask', 'leave'])
      .optional()
      .meta({
        description:
          'whether Postern asks for the token counts of a chat stream whose client did not (`stream_options.include_usage`); the client does not see them',
        unset: `\`ask\` for ${askedForUsage}, else \`leave\``,
      }),
    /** How long Postern waits. */
    timeouts: strict({
      /** For a connection. */
      connect: duration.default(5000).describe('how long a connection may take'),
      /** For the head of an answer. */
      headers: duration.default(600_000).describe('how long the head of an answer may take'),
      /** For the next byte of an answer. */
      idle: duration.default(600_000).describe('how long the next byte of an answer may take'),
      /** For the first event of a stream; then the head is sent without it. */
      firstEvent: duration
        .default(250)
        .describe('how long the head of a stream waits for its first event; an error in it has a status of its own'),
      /** For the end of a JSON answer that arrives in pieces; then it is sent as it arrives. */
      hold: duration.default(10_000).describe('how long a JSON answer that is kept alive is held; then it is passed on as it comes'),
    }).prefault({}),
  })

  const key = strict({
    gateway: alias.describe('the name of its gateway'),
    secret: keySecret.describe('the gateway key'),
    /** For Mintoken: the key of the provider behind it. */
    providerSecret: providerSecret.optional().describe(`${gatewaysWith('providerCredential')}: the key of the provider behind it`),
    /** For Free AI: the project that calls with this key are billed to. */
    project: z
      .string()
      .optional()
      .describe(`${gatewaysWith('project')}: the project that its calls are booked under`),
    /** The unit in which the key's account is debited, whatever unit the gateway's reports name. */
    currency: moneyUnit.optional().meta({
      description: 'the unit in which its account is debited: reported costs are booked in it, whatever unit the report names',
      unset: 'as reported',
    }),
    /** Several tenants use the key and may read each other's objects at the provider: files, responses, conversations. */
    shared: z.boolean().default(false).describe('several tenants may use what is stored at the provider under it'),
    /** When the key ends. From 14 days before, Postern warns. */
    expires: date.optional().describe('when the key ends at the gateway: [from 14 days before](keys.md#dates) Postern warns'),
    /** How old the key may become. From 14 days before, Postern warns. */
    rotateAfter: longDuration
      .optional()
      .describe('how old the key may become: from 14 days before Postern warns. Its age is that of its file or of its version in Vault'),
    /** When the key was made, where its source does not say so. */
    rotated: date.optional().describe('when the key was made, for `rotateAfter`; for sources that do not tell'),
  })

  const binding = strict({
    ...principalFields(whomItIsFor),
    /** The service caller that it is for. */
    service: name.optional().describe('the service caller that it is for, by its label in `callers.service.hashes`'),
    /** The workflows that it is for. Only a workflow that a session token names counts. */
    workflow: z
      .string()
      .regex(workflowPattern, fault('is not a workflow', 'Write its id, or the beginning of ids and *: nightly-*.'))
      .optional()
      .describe('the workflow that it is for, as session tokens name it: an id, or the beginning of ids and `*`, such as `nightly-*`'),
    /** Matches every caller that no other binding matches. */
    default: z.literal(true).optional().describe('it is for everybody whom no other binding names'),
    key: alias.describe('the alias of the key'),
  })

  return { gateway, key, binding }
}
