import { z } from 'zod'
import { principalFields, type Settings, whomItIsFor } from './schema-parts.js'
import { size } from './units.js'

/** `policies`: what holds for everybody, and rules for users, teams and projects; every rule that matches applies. */
export function createPoliciesSchema(strict: Settings) {
  return strict({
    ...rule((usual) => usual),
    // A rule that says nothing of a setting leaves it as it is.
    /** Further rules, each for a user, team or project; every rule that matches applies. */
    rules: z.array(strict({ ...principalFields(whomItIsFor), ...rule(() => undefined) })).default([]),
  }).prefault({})
}

/** What `policies` and each of its rules may say. `unset` makes what the page has as a default. */
function rule(unset: (usual: string) => string | undefined) {
  return {
    /** Model names that are allowed; `*` stands for any characters. */
    models: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({ description: 'models that are allowed, as a list of patterns', unset: 'any' }),
    /** Endpoint paths below `/v1/` that are allowed; `*` stands for any characters. */
    endpoints: z.array(z.string().min(1)).min(1).optional().meta({
      description:
        'endpoints that are allowed, as a list of patterns of paths below `/v1/`, without a slash at either end: `chat/completions`, `files/*`. `models` is the list of models alone, and `models/*` each model of it',
      unset: 'all that are open',
    }),
    /** Largest request body. */
    body: size.optional().meta({ description: 'the largest request body', unset: unset('`10MiB`') }),
    /** Values for options that a gateway offers per request, such as `intensity`; `caller` lets the caller choose. */
    choices: z
      .record(z.string(), z.string())
      .optional()
      .meta({
        description:
          'what is chosen of the things that a gateway lets each request choose, such as `intensity`; `caller` leaves it to the caller',
        unset: unset("the gateway's own"),
      }),
    /** The most tokens that a request may ask for; a request must then state a number. */
    maxTokens: z.int().min(1).optional().meta({
      description: 'the most tokens of all answers to one request together; saying how many becomes mandatory',
      unset: 'no bound',
    }),
    /** Tags that a request must bring, so that its spend can be told apart. */
    require: z
      .array(z.enum(['workflow', 'step']))
      .min(1)
      .optional()
      .meta({
        description:
          'tags that a request must bring, `workflow`, `step` or both: in `X-Workflow-ID` and `X-Step-ID`, or, a workflow, in its session',
        unset: 'none',
      }),
    /** Overwrites the user in a JSON body with the verified user. */
    pinUser: z
      .boolean()
      .optional()
      .meta({
        description:
          'what says in a JSON body for which user it is (`user`, `user_id`, `end_user`, `safety_identifier`, `identity`, `contact`, Anthropic’s `metadata`) names the verified user, whatever the client wrote; elsewhere, as among settings, in a form or a query, it is refused',
        unset: unset('`false`'),
      }),
  }
}
