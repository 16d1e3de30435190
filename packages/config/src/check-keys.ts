import type { Dialect, Dialects } from '@postern/gateways'
import type { Secret } from '@postern/ports'
import type { Parts } from './lenient-sections.js'
import { oneOf, type Problem, problem, warning } from './problem.js'

/** Checks that every key names an existing gateway and has the settings that its dialect needs. */
export function checkKeys(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  const forms = new Map<string, KeyForms>()
  for (const key of parts.keys.values()) {
    const { part, secret, providerSecret } = key
    if (!parts.namedGateways.has(part.gateway)) {
      problems.push(
        problem(`${key.path}.gateway`, `names the gateway "${part.gateway}", which is not there.`, `Write ${oneOf(parts.namedGateways)}.`),
      )
    }
    const gateway = parts.gateways.get(part.gateway)
    if (gateway === undefined) continue
    const dialect = dialects[gateway.part.dialect] as Dialect
    checkDialectNeeds(key, part, dialect, problems)
    let form = forms.get(part.gateway)
    if (form === undefined) forms.set(part.gateway, (form = formsOf(dialect, gateway.part.baseURL, dialects)))
    if (secret !== undefined && !isPlainSecret(secret)) checkSecretText(`${key.path}.secret`, secret, problems)
    form.check(key, secret, problems)
    if (providerSecret === undefined) continue
    const { path } = key
    checkSecretText(`${path}.providerSecret`, providerSecret, problems)
    warnOfOddKey(
      { path: `${path}.providerSecret`, pattern: dialect.providerCredential?.keyPattern, whose: `a provider behind ${dialect.title}` },
      'Check that it is the right one; the two keys are easily swapped.',
      providerSecret,
      problems,
    )
  }
}

/** What a key has, besides its secret. */
interface KeyParts {
  readonly project?: string | undefined
  readonly providerSecret?: unknown
}

/** Where a key is. Its path is asked for where there is a problem: there may be 100,000 keys. */
interface Placed {
  readonly path: string
}

/** What the keys of one gateway look like. */
interface KeyForms {
  /** Warns of a secret that looks like a key of something else. */
  check(key: Placed, secret: Secret | undefined, problems: Problem[]): void
}

function formsOf(dialect: Dialect, baseURL: string | undefined, dialects: Dialects): KeyForms {
  if (dialect.baseURL === undefined && !isOpenAi(baseURL)) {
    const others = Object.values(dialects).filter((other) => other.baseURL !== undefined && other.keyPattern !== undefined)
    return { check: (key, secret, problems) => warnOfForeignKey(key, others, secret, problems) }
  }
  const pattern = dialect.keyPattern
  const whose = dialect.baseURL === undefined ? 'OpenAI' : dialect.title
  const fix = `Check that it is the right one; its documents call it ${dialect.keyVariable}.`
  return {
    check(key, secret, problems) {
      if (secret === undefined || pattern === undefined || pattern.test(secret.reveal())) return
      warnOfOddKey({ path: `${key.path}.secret`, pattern, whose }, fix, secret, problems)
    },
  }
}

/** Checks that a key has what its dialect needs, and nothing that the dialect does not take. */
export function checkDialectNeeds(key: Placed, part: KeyParts, dialect: Dialect, problems: Problem[]): void {
  if (dialect.providerCredential !== undefined && part.providerSecret === undefined) {
    problems.push(
      problem(
        `${key.path}.providerSecret`,
        `is missing; ${dialect.title} takes the provider's key beside its own.`,
        'Write providerSecret: { env: NAME }.',
      ),
    )
  }
  if (dialect.providerCredential === undefined && part.providerSecret !== undefined) {
    problems.push(problem(`${key.path}.providerSecret`, `is not a thing that ${dialect.title} takes.`, 'Remove it.'))
  }
  if (dialect.project === undefined && part.project !== undefined) {
    problems.push(problem(`${key.path}.project`, `is not a thing that ${dialect.title} takes.`, 'Remove it.'))
  }
  if (dialect.project !== undefined && (part.project === undefined || !dialect.project.pattern.test(part.project))) {
    problems.push(
      problem(
        `${key.path}.project`,
        `is missing or not a project id of ${dialect.title}.`,
        'Write 1 to 64 letters, digits, dots, underscores, colons and hyphens.',
      ),
    )
  }
}

/** Text that fits into a header: visible ASCII without spaces. */
const headerSafe = /^[\x21-\x7e]+$/

/** Minimum length of a key that no answer holds by chance, in characters. */
export const shortestKey = 12

/** Maximum length of any key, in characters: no gateway takes a longer header, and answers and log lines are searched for each key. */
export const mostKeyChars = 16_384

/** Whether {@link checkSecretText} would find nothing to say of the secret of a key. */
function isPlainSecret(secret: Secret): boolean {
  const text = secret.reveal()
  return text.length >= shortestKey && text.length <= mostKeyChars && headerSafe.test(text)
}

/** How long a secret may be, in characters. A shorter or longer one is an error. */
export interface SecretLength {
  /** Default: any length, with a warning below {@link shortestKey}. */
  readonly fewestChars?: number
  /** Default: {@link mostKeyChars}. */
  readonly mostChars?: number
}

/** Checks that a secret can be sent, and warns of one that is so short that answers may hold it by chance. */
export function checkSecretText(
  path: string,
  secret: Secret | undefined,
  problems: Problem[],
  { fewestChars = 0, mostChars = mostKeyChars }: SecretLength = {},
): void {
  const text = secret?.reveal()
  if (text === undefined) return
  if (text.length > mostChars) {
    problems.push(problem(path, `is a text of more than ${mostChars} characters.`, 'Check that it is the key, and nothing else with it.'))
  } else if (!headerSafe.test(text)) {
    problems.push(problem(path, 'holds spaces, line breaks or characters that a header cannot carry.', 'Check how it was copied.'))
  } else if (text.length < fewestChars) {
    problems.push(
      problem(
        path,
        `is a text of fewer than ${fewestChars} characters: answers and log lines hold it by chance, and would be withheld or redacted.`,
        'Check that it was copied whole. For a server that needs no key, write a long random text, such as: openssl rand -hex 24',
      ),
    )
  } else if (text.length < shortestKey) {
    problems.push(
      warning(
        path,
        `is a text of fewer than ${shortestKey} characters, which answers may hold by chance: such an answer is withheld, as one that repeats its key (502 gateway_answer_invalid).`,
        'Use a longer key. For a server that needs none, write a long random text, such as: openssl rand -hex 24',
      ),
    )
  }
}

/** Warns of a key with an unusual form. Only a warning, since the gateway's documents do not exclude other forms. */
function warnOfOddKey(
  { path, pattern, whose }: { readonly path: string; readonly pattern: RegExp | undefined; readonly whose: string },
  fix: string,
  secret: Secret | undefined,
  problems: Problem[],
): void {
  if (secret === undefined || pattern === undefined || pattern.test(secret.reveal())) return
  problems.push({ ...problem(path, `does not look like a key of ${whose}.`, fix), severity: 'warning' })
}

function isOpenAi(baseURL: string | undefined): boolean {
  return baseURL !== undefined && URL.canParse(baseURL) && new URL(baseURL).hostname === 'api.openai.com'
}

/** A dialect without an address of its own is spoken by many gateways, whose keys may look like anything; but not like one of a gateway with a dialect of its own. */
function warnOfForeignKey(key: Placed, dialects: readonly Dialect[], secret: Secret | undefined, problems: Problem[]): void {
  const text = secret?.reveal()
  if (text === undefined) return
  const other = dialects.find(({ keyPattern }) => keyPattern?.test(text) === true)
  if (other !== undefined)
    problems.push(
      warning(
        `${key.path}.secret`,
        `looks like a key of ${other.title}.`,
        `Check that it is the right one, or write dialect: ${other.id} at its gateway.`,
      ),
    )
}
