import { words } from './words.js'
import { squashName } from './strip-punctuation.js'

/**
 * The one table of names under which keys and other credentials are sent: in headers, in queries and in bodies.
 * Every name is compared without case and punctuation, in the form that {@link squashName} returns.
 */

/** A name with one of these endings means a credential, whatever precedes it: `azure_api_key`, `x-goog-api-key`. */
const endings = [
  'apikeys?',
  'api(?:token|secret)',
  'access(?:key|keyid|token)',
  'auth(?:key|token|header)',
  '(?:bearer|session|security|refresh|sas|ad|identity|web|oauth|oauth2|iam|sts)token',
  'bearertoken[a-z]*',
  'secret(?:key|accesskey|token)',
  '(?:private|master|virtual|subscription|signing|provider|gateway)key',
  '(?:client|app|shared)secret',
  'authorization',
  'basicauth',
  'lcsecrets',
  'credentials?',
  'password',
  'passwd',
  'passphrase',
  'connectionstring',
  'serviceaccount(?:json|key|info)?',
]

/** Owners: a name that is an owner and `key`, `token` or the like means a credential: `openai_key`, `user_token`. */
const owners = words(
  'openai azure azureopenai anthropic claude google gemini palm vertex vertexai aws bedrock cohere',
  'mistral groq huggingface hf openrouter litellm portkey helicone together togetherai perplexity',
  'deepseek xai grok replicate fireworks nvidia databricks watsonx ibm github cloudflare vercel',
  'user client customer team tenant org organization project account admin root proxy upstream',
  'langfuse langsmith arize braintrust humanloop lunary posthog',
  'service backend app application function deployment llm ai gpt chatgpt vendor',
)

/** Words that mean a credential if they are the whole name. */
const alone = ['token', 'auth', 'secret', 'bearer', 'jwt', 'pat', 'idtoken', 'pass', 'pwd', 'creds', 'byok']

const certain = new RegExp(`(?:${endings.join('|')})$|(?:${owners.join('|')})(?:keys?|token|secret|jwt|pat|auth|creds)$`)
const possible = new RegExp(`^x?(?:${alone.join('|')})$`)
/** Means a credential only in a query: signed URLs and cloud functions use these parameters. */
const inQueries = /^x?(?:key|code|sig)$|signature$/
/** Means a credential only as an outermost member of a body. */
const onTop = /^x?(?:key|keys)$/

/**
 * Where a name means a credential. `certain`: everywhere. `possible`: everywhere but in labels, such as `metadata`.
 * `on top`: only as an outermost member of a body. `undefined`: nowhere.
 */
export type KeyName = 'certain' | 'possible' | 'on top' | undefined

/** @param squashed A name in the form that {@link squashName} returns. */
export function keyNameOf(squashed: string): KeyName {
  if (certain.test(squashed)) return 'certain'
  if (possible.test(squashed)) return 'possible'
  return onTop.test(squashed) ? 'on top' : undefined
}

/** Whether a header of this name holds a key. `Authorization` does not count: it holds the caller's own credential. */
export function isKeyHeader(name: string): boolean {
  const squashed = squashName(name)
  return squashed !== 'authorization' && (certain.test(squashed) || possible.test(squashed) || onTop.test(squashed))
}

/** Whether a header of this name can only hold an API key, and never a token for the customer's own backend. */
export function isApiKeyHeader(name: string): boolean {
  return /apikey$|(?:provider|gateway)key$|^xauthorization$/.test(squashName(name))
}

/** Whether a query parameter of this name holds a key. */
export function isKeyParameter(name: string): boolean {
  const squashed = squashName(name)
  return certain.test(squashed) || possible.test(squashed) || inQueries.test(squashed)
}

/** Headers that usually hold keys, lower-case, with hyphens. Postern removes them from answers to clients. */
export const keyHeaders: readonly string[] = [
  'x-api-key',
  'api-key',
  'apikey',
  'x-apikey',
  'x-goog-api-key',
  'x-provider-key',
  'x-providerkey',
  'provider-key',
  'providerkey',
  'x-authorization',
  'x-openai-api-key',
  'openai-api-key',
]
