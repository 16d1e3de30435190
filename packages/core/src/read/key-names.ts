import { words } from '../lib/words.js'
import { squashName } from '../lib/squash-name.js'

/**
 * The one table of names under which keys and other credentials are sent: in headers, in queries and in bodies.
 * Every name is compared without case and punctuation, as {@link squashName} leaves it.
 */

/** A name that ends like this means a credential, whatever stands before it: `azure_api_key`, `x-goog-api-key`. */
const endings = [
  'apikeys?',
  'api(?:token|secret)',
  'access(?:key|keyid|token)',
  'auth(?:key|token|header)',
  '(?:bearer|session|security|refresh|sas|ad|identity|web|oauth|oauth2)token',
  'secret(?:key|accesskey|token)',
  '(?:private|master|virtual|subscription|signing|provider|gateway)key',
  '(?:client|app|shared)secret',
  'authorization',
  'credentials?',
  'password',
  'passwd',
  'passphrase',
  'connectionstring',
  'serviceaccount(?:json|key|info)?',
]

/** Whose a key, token or secret is, right before that word: `openai_key`, `user_token`. */
const owners = words(
  'openai azure azureopenai anthropic claude google gemini palm vertex vertexai aws bedrock cohere',
  'mistral groq huggingface hf openrouter litellm portkey helicone together togetherai perplexity',
  'deepseek xai grok replicate fireworks nvidia databricks watsonx ibm github cloudflare vercel',
  'user client customer team tenant org organization project account admin root proxy upstream',
  'service backend app application function deployment llm ai gpt chatgpt vendor',
)

/** Means a credential where it is the whole name. */
const alone = ['token', 'auth', 'secret', 'bearer', 'jwt', 'pat', 'idtoken', 'pass', 'pwd', 'creds', 'byok']

const certain = new RegExp(`(?:${endings.join('|')})$|(?:${owners.join('|')})(?:keys?|token|secret|jwt|pat|auth|creds)$`)
const possible = new RegExp(`^x?(?:${alone.join('|')})$`)
/** Only in a query, where signed addresses and functions of clouds have them. */
const inQueries = /^x?(?:key|code|sig)$|signature$/
/** Only as a member of a whole body. */
const onTop = /^x?(?:key|keys)$/

/**
 * How surely a name means a credential: `certain` wherever it stands, `possible` where a gateway reads settings
 * and not where a caller labels things, `on top` as a member of the whole body only.
 */
export type KeyName = 'certain' | 'possible' | 'on top' | undefined

/** @param squashed As {@link squashName} leaves it. */
export function keyNameOf(squashed: string): KeyName {
  if (certain.test(squashed)) return 'certain'
  if (possible.test(squashed)) return 'possible'
  return onTop.test(squashed) ? 'on top' : undefined
}

/** Whether a key is sent in a header of this name. `Authorization` itself is the caller's own. */
export function isKeyHeader(name: string): boolean {
  const squashed = squashName(name)
  return squashed !== 'authorization' && (certain.test(squashed) || possible.test(squashed) || onTop.test(squashed))
}

/** Whether a header is one in which APIs take a key and nothing else, so that it is no token of the customer's own backend. */
export function isApiKeyHeader(name: string): boolean {
  return /apikey$|(?:provider|gateway)key$|^xauthorization$/.test(squashName(name))
}

/** Whether a key is sent in a parameter of this name. */
export function isKeyParameter(name: string): boolean {
  const squashed = squashName(name)
  return certain.test(squashed) || possible.test(squashed) || inQueries.test(squashed)
}

/** Headers that answers never carry to a client, lower-case, with hyphens: the usual ones in which keys are sent. */
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
