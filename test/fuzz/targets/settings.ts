import { checkConfig, describeProblem } from '@postern/config'
import { readSessionBounds, readSessionRequest, sessionClaims, sessionSeconds } from '@postern/protocol'
import { createSessionMinter, type MintRequest, sessionRoute } from '@postern/server'
import type { Choices } from '../choices.js'
import { changed, jsonObject, jsonValue } from '../inputs/json.js'
import { pattern, word } from '../inputs/text.js'
import { makeConfiguration, makeEnvironment } from '../stand/configuration.js'
import { createFindKey } from '../stand/key-forms.js'
import { loadedSecrets, makeSecrets } from '../stand/secrets.js'
import { broken, type Call, valueTarget, type ValueTarget } from './values.js'

const secrets = makeSecrets(0)
const environment = makeEnvironment(secrets)
const findKey = createFindKey(loadedSecrets(secrets))
const configuration = makeConfiguration(
  { gateway: 1, backend: 2, identity: 3 },
  {
    callers: { session: { secret: { env: 'SESSION' } }, service: { hashes: { env: 'RING' }, principals: { openai: { team: 'openai' } } } },
  },
)

/** Problems are told, never thrown, and hold no secret. */
function checkSettings(raw: unknown, call: Call) {
  const { problems, checked } = call(() => checkConfig(raw, { env: environment, directory: '/nowhere' }))
  const said = problems.map(describeProblem).join('\n')
  const found = findKey(Buffer.from(said))
  if (found !== undefined)
    return { kind: 'key out' as const, what: `a secret in a problem of the configuration, ${found.form}`, detail: found.name }
  const isFaulty = problems.some(({ severity }) => severity === 'error')
  return isFaulty === (checked === undefined) ? undefined : broken('a configuration is taken with an error, or refused without one')
}

interface Claims {
  readonly asked: Record<string, unknown>
  readonly ttl: unknown
}

function checkClaims({ asked, ttl }: Claims, call: Call) {
  try {
    call(() => sessionSeconds(ttl))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  call(() => readSessionBounds(asked))
  let claims: Record<string, unknown>
  try {
    const { ttl: _, ...request } = readSessionRequest(asked)
    claims = sessionClaims(request, { id: 'x', issuedAt: 1, expiresAt: 2 })
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
  return 'fault' in readSessionBounds(claims) ? broken('claims are minted that are not taken') : undefined
}

interface Grant {
  readonly granted: Record<string, unknown>
  readonly asked: unknown
}

const minter = createSessionMinter({ secret: secrets.session })

/** A backend grants patterns and a page asks for some: whatever both say, an answer comes soon. */
async function checkGrant({ granted, asked }: Grant, call: Call) {
  const give = sessionRoute({ minter, whoIs: (): MintRequest => ({ user: 'ada', ...granted }) })
  const request = new Request('http://app.test/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify(asked) ?? '',
  })
  try {
    const { status } = await call(() => give(request))
    return status === 201 || status === 400 || status === 413 ? undefined : broken(`a page that asks gets ${status}`)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

const names = (choices: Choices): string[] =>
  Array.from({ length: choices.between(1, 3) }, () =>
    choices.oneIn(12)
      ? `${'*a'.repeat(choices.between(1, 12))}b`
      : choices.oneIn(12)
        ? 'a'.repeat(choices.between(1, 200))
        : pattern(choices) || 'a',
  )

export const settingTargets: readonly ValueTarget[] = [
  valueTarget({
    name: 'configurations',
    title: 'configuration texts',
    share: 8,
    make: (choices) => (choices.oneIn(5) ? jsonValue(choices) : changed(choices, configuration)),
    check: checkSettings,
  }),
  valueTarget({
    name: 'session-claims',
    title: 'what a session may say',
    share: 80,
    make: (choices): Claims => ({
      asked: choices.oneIn(4)
        ? jsonObject(choices)
        : (changed(choices, {
            user: word(choices),
            team: word(choices),
            origin: 'https://app.example.com',
            models: [word(choices)],
            endpoints: ['chat/completions'],
            max_tokens: 5,
            max_calls: 3,
            workflow: 'x',
            jkt: 'a'.repeat(43),
          }) as Record<string, unknown>),
      ttl: choices.oneIn(2) ? choices.pick(['10m', '1d', '0s', 'x', '9'.repeat(400), 5, -1, 0.5]) : jsonValue(choices),
    }),
    check: checkClaims,
  }),
  valueTarget({
    name: 'session-grants',
    title: 'patterns that are granted, and names that are asked for',
    share: 12,
    make: (choices): Grant => ({
      granted: { models: names(choices), ...(choices.oneIn(3) ? { endpoints: names(choices) } : {}) },
      asked: {
        models: names(choices),
        ...(choices.oneIn(3) ? { endpoints: names(choices) } : {}),
        ...(choices.oneIn(6) ? jsonObject(choices) : {}),
      },
    }),
    check: checkGrant,
  }),
]
