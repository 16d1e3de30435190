import { type AnswerFormat, answerFormats } from '@postern/gateways'
import { z } from 'zod'
import { fault } from './fault.js'
import { alias, headerName, principalFields, secretReference, type Settings, url, whomItIsFor } from './schema-parts.js'
import { duration } from './units.js'

/** The gateways, the keys that they are called with, and who each key is for. */
export function createGatewaySchemas(strict: Settings, dialectIds: readonly string[]) {
  const openedEndpoint = strict({
    methods: z
      .array(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']))
      .min(1)
      .describe('of a path below `/v1/` that is open beside those of the dialect: its methods'),
    format: z.enum(Object.keys(answerFormats) as AnswerFormat['id'][]).describe('whose API its requests and answers follow'),
    model: z.enum(['body', 'query', 'path', 'none']).describe('where a request names its model; `none` where no model runs'),
    ceiling: z.literal('none').optional().describe('its answers have no length in tokens, so `maxTokens` has nothing to bound'),
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
    dialect: z.enum(dialectIds).describe('which gateway it is; `openai` for any other that follows the OpenAI API'),
    baseURL: url.optional().meta({ description: 'where its API is, `/v1` included', unset: 'by dialect; none for `openai`' }),
    attempts: z.int().min(1).max(5).optional().meta({
      description: 'attempts at one request, the first one included; `1` leaves retries to the client',
      unset: '[by dialect](gateways/README.md#what-is-tried-again)',
    }),
    addressLimit: z
      .union([z.literal('off'), addressLimit], {
        error: fault('is neither off nor a limit', 'Write off, or { burst: 10, perMinute: 60 }.'),
      })
      .optional()
      .meta({ description: 'how often the gateway lets this address call; calls wait in turn', unset: 'by dialect' }),
    /** Paths below `/v1/` that are open besides those of the dialect; `{id}` matches any segment, `{model}` is the model. */
    endpoints: z.record(z.string(), openedEndpoint).default({}),
    passHeaders: z.array(headerName).optional().meta({ description: 'request headers that it gets besides the usual ones', unset: '`[]`' }),
    endMark: z.enum(['optional', 'required']).optional().meta({
      description:
        'whether a stream of chunks that ends without `[DONE]` is whole where each choice has its `finish_reason`; under `required` it is cut',
      unset: '`optional` for `openai`, else `required`',
    }),
    timeouts: strict({
      connect: duration.default(5000).describe('how long a connection may take'),
      headers: duration.default(600_000).describe('how long the head of an answer may take'),
      idle: duration.default(600_000).describe('how long the next byte of an answer may take'),
      firstEvent: duration
        .default(250)
        .describe('how long the head of a stream waits for its first event; an error in it has a status of its own'),
      hold: duration.default(10_000).describe('how long a JSON answer that is kept alive is held; then it is passed on as it comes'),
    }).prefault({}),
  })

  const key = strict({
    gateway: alias.describe('the name of its gateway'),
    secret: secretReference.describe('the gateway key'),
    providerSecret: secretReference.optional().describe('Mintoken: the key of the provider behind it'),
    project: z.string().optional().describe('Free AI: the project that its calls are booked under'),
    shared: z.boolean().default(false).describe('several tenants may use what is stored at the provider under it'),
  })

  const binding = strict({
    ...principalFields(whomItIsFor),
    default: z.literal(true).optional().describe('it is for everybody whom no other binding names'),
    key: alias.describe('the alias of the key'),
  })

  return { gateway, key, binding }
}
