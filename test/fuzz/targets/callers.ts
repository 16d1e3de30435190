import type { Choices } from '../choices.js'
import { answerScript } from '../inputs/answer.js'
import { bytesOf, mutate, run, utf8 } from '../inputs/bytes.js'
import { changed } from '../inputs/json.js'
import { wordBytes } from '../inputs/text.js'
import { brokenToken, makeSigningKey, oddToken, proofOf, sessionHeader, sessionOf, type SigningKey, signToken } from '../inputs/token.js'
import { markOf, plainScript } from '../stand/behind.js'
import { issuers } from '../stand/configuration.js'
import type { Received, Visit } from '../stand/exchange.js'
import type { Stand } from '../stand/stand.js'
import type { Script } from '../stand/upstream.js'
import type { Target } from '../target.js'
import { judge } from './judge.js'
import { openSocketTarget, type SocketInput } from './sockets.js'

/** Keys are made once: a run makes many tokens with few of them. */
const signingKeys: SigningKey[] = []
function signingKey(index: number): SigningKey {
  signingKeys[index] ??= makeSigningKey()
  return signingKeys[index]
}

/** Somebody who says who they are, and whether that may be believed. */
interface Claim {
  readonly headers: readonly string[]
  /** Nobody may be let in by it. */
  readonly isBroken: boolean
  readonly identity?: Script
  /** Default a usual host. */
  readonly host?: string
}

const url = 'http://sidecar.test/ai/v1/chat/completions'
const body = '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'
const hosts = ['a:99999', 'a b', '[', 'a%', '', '[::1', 'a/b', 'sidecar.test:x', '\xff', 'sidecar.test']

function bound(choices: Choices, stand: Stand): Claim {
  const key = signingKey(1)
  const token = signToken(sessionHeader, sessionOf('openai', { cnf: { jkt: key.thumbprint } }), stand.secrets.session)
  const authorization = `Authorization: DPoP ${token}`
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }
  const claims = JSON.parse(Buffer.from(proofOf(key, 'POST', url, token).split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >
  switch (choices.below(6)) {
    case 0:
      return { headers: [authorization, `DPoP: ${proofOf(key, 'POST', url, token)}`], isBroken: false }
    case 1: {
      // A proof for what is no URL fits no request, whatever the request calls its host.
      const htu = choices.pick(['x', '', 'http://', 'http://a:99999/ai/v1/chat/completions', 'null', 'undefined', 'http://[/x', 7, null])
      return { headers: [authorization, `DPoP: ${proofOf(key, 'POST', url, token, { htu })}`], isBroken: true, host: choices.pick(hosts) }
    }
    case 2:
      return { headers: [authorization, `DPoP: ${brokenToken(choices, header, claims, key)}`], isBroken: true }
    case 3:
      return { headers: [authorization, `DPoP: ${proofOf(signingKey(2), 'POST', url, token)}`], isBroken: true }
    case 4:
      return { headers: [authorization, `DPoP: ${oddToken(choices, header, claims, key)}`], isBroken: false }
    default:
      return {
        headers: [
          authorization.replace('DPoP', 'Bearer'),
          ...choices.some(3, () => `DPoP: ${choices.pick(['x', '', proofOf(key, 'GET', url, token)])}`),
        ],
        isBroken: true,
      }
  }
}

function claim(choices: Choices, number: number, stand: Stand): Claim {
  const { secrets, ports } = stand
  const issuer = `http://127.0.0.1:${ports.identity}/0/`
  const now = Math.floor(Date.now() / 1000)
  const ofIssuer = { iss: issuer, aud: 'fuzz', sub: 'ada', org: 'openai', iat: now, exp: now + 300 }
  const jwtHeader = { alg: 'ES256', kid: 'fuzz', typ: 'JWT' }
  switch (choices.below(10)) {
    case 0:
      return { headers: [`Authorization: Bearer ${signToken(sessionHeader, sessionOf('openai'), secrets.session)}`], isBroken: false }
    case 1:
      return {
        headers: [`Authorization: Bearer ${brokenToken(choices, sessionHeader, sessionOf('openai'), secrets.session)}`],
        isBroken: true,
      }
    case 2:
      return {
        headers: [
          `Authorization: Bearer ${oddToken(choices, sessionHeader, sessionOf('openai', { models: ['auto'], max_calls: 3 }), secrets.session)}`,
        ],
        isBroken: false,
      }
    case 3:
      return { headers: [`Authorization: Bearer ${brokenToken(choices, jwtHeader, ofIssuer, signingKey(0))}`], isBroken: true }
    case 4:
      return { headers: [`Authorization: Bearer ${oddToken(choices, jwtHeader, ofIssuer, signingKey(0))}`], isBroken: false }
    case 5:
    case 6:
      return bound(choices, stand)
    case 7: {
      const parts = choices.some(
        4,
        () =>
          `${choices.pick(['user', 'team', 'project', 'x', ''])}${choices.pick(['=', '', '=='])}${choices.oneIn(2) ? 'openai' : wordBytes(choices)}`,
      )
      const caller = choices.oneIn(4) ? 'joytoken' : 'delegate'
      return {
        headers: [`Authorization: Bearer ${secrets.callers[caller]}`, `Postern-Act-As: ${parts.join(choices.pick([', ', ',', ';', ' ']))}`],
        isBroken: caller !== 'delegate' && parts.length > 0,
      }
    }
    case 8: {
      const cookies = [
        `sid=${markOf(number)}`,
        ...choices.some(4, () => `${wordBytes(choices)}${choices.pick(['=', '', ';'])}${wordBytes(choices)}`),
      ]
      const lines = choices.oneIn(8)
        ? cookies.map((cookie) => `Cookie: ${cookie}`)
        : [`Cookie: ${cookies.join(choices.pick(['; ', ';', ', ']))}${choices.oneIn(20) ? run(choices, 12_000) : ''}`]
      return {
        headers: [...lines, 'Sec-Fetch-Site: same-origin'],
        isBroken: false,
        identity: plainScript('{"user":"ada","team":"openai"}', 'application/json'),
      }
    }
    default: {
      const credential = secrets.callers.openai
      return {
        headers: [`Authorization: ${choices.pick(['Bearer', 'bearer', 'Basic', 'DPoP', 'Bearer '])} ${mutate(choices, credential)}`],
        isBroken: false,
      }
    }
  }
}

/** Tags and ids besides, of any form. */
function tags(choices: Choices): string[] {
  const name = (): string =>
    choices.pick([
      'X-Workflow-ID',
      'X-Step-ID',
      'X-Parent-Step-ID',
      'X-Request-ID',
      'traceparent',
      'tracestate',
      'Idempotency-Key',
      'Origin',
      'Sec-Fetch-Site',
    ])
  return choices.oneIn(2) ? [] : choices.some(4, () => `${name()}: ${choices.oneIn(12) ? run(choices, 8000) : wordBytes(choices)}`)
}

function call(headers: readonly string[], host = 'sidecar.test'): Visit {
  const lines = [
    'POST /ai/v1/chat/completions HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...headers.map((line) => line.replaceAll(/[\r\n]/g, ' ')),
  ]
  return { pieces: [bytesOf(`${lines.join('\r\n')}\r\n\r\n${body}`)], pauseMs: 0, methods: ['POST'], expected: 1, leave: 'answered' }
}

/** Whether a call was let in. */
function isLetIn({ answers }: Received): boolean {
  return answers.some(({ status }) => status === 200)
}

function makeCallerInput(choices: Choices, number: number, stand: Stand): SocketInput {
  const { headers, isBroken, identity, host } = claim(choices, number, stand)
  const visit = call([...headers, ...tags(choices)], host)
  return {
    visit,
    scripts: identity === undefined ? {} : { identity },
    judge: (received) => [
      ...judge(received, { visit, isSound: true, mustAnswer: true, findKey: stand.findKey }),
      ...(isBroken && isLetIn(received) ? [{ kind: 'promise' as const, what: 'a credential that is broken lets somebody in' }] : []),
    ],
  }
}

/** What a backend says of whose cookie it is; with the name that it says, where that can be read. */
function makeIdentityInput(choices: Choices, number: number, stand: Stand): SocketInput {
  const visit = call([`Cookie: sid=${markOf(number)}`, 'Sec-Fetch-Site: same-origin'])
  const name = wordBytes(choices)
  const said = `{"user":${jsonText(name)},"team":"openai"}`
  const isScripted = choices.oneIn(2)
  const script = isScripted
    ? answerScript(choices, {
        bodies: [{ type: 'application/json', body: (more) => utf8(JSON.stringify(changed(more, { user: 'Hello', team: 'openai' }))) }],
        names: ['X-Who'],
        key: undefined,
      })
    : plainScript(bytesOf(said), 'application/json')
  return {
    visit,
    scripts: { identity: script },
    judge(received) {
      const faults = judge(received, { visit, isSound: true, mustAnswer: script.ending !== 'hang', findKey: stand.findKey })
      const isText = Buffer.from(bytesOf(name).toString('utf8')).equals(bytesOf(name))
      if (!isScripted && !isText && isLetIn(received)) faults.push({ kind: 'promise', what: 'a name that is no UTF-8 lets somebody in' })
      return faults
    },
  }
}

/** A JSON text of bytes that may be no UTF-8. */
function jsonText(bytes: string): string {
  return `"${bytes.replaceAll(/["\\]|[^\x20-\xff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}

/** The key set of an issuer that nothing is remembered of. */
function makeKeySetInput(choices: Choices, number: number, stand: Stand): SocketInput {
  const index = number % issuers
  const key = signingKey(0)
  const issuer = `http://127.0.0.1:${stand.ports.identity}/${index}/`
  const now = Math.floor(Date.now() / 1000)
  const team = index === 0 ? 'openai' : `team-${index}`
  const token = signToken(
    { alg: 'ES256', kid: 'fuzz', typ: 'JWT' },
    { iss: issuer, aud: 'fuzz', sub: 'ada', org: team, iat: now, exp: now + 300 },
    key,
  )
  const keys = { keys: [{ ...key.jwk, kid: 'fuzz', alg: 'ES256', use: 'sig' }] }
  const script = choices.oneIn(6)
    ? plainScript(JSON.stringify(changed(choices, keys)), 'application/json')
    : answerScript(choices, {
        bodies: [{ type: 'application/json', body: (more) => utf8(JSON.stringify(changed(more, keys))) }],
        names: ['Location'],
        key: undefined,
      })
  const visit = call([`Authorization: Bearer ${token}`])
  return {
    visit,
    scripts: { identity: script },
    judge: (received) => judge(received, { visit, isSound: true, mustAnswer: script.ending !== 'hang', findKey: stand.findKey }),
  }
}

export const callerTargets: readonly Target[] = [
  {
    name: 'credentials',
    title: 'sessions, tokens, proofs, cookies, Act-As, tags',
    onSockets: true,
    share: 10,
    batch: 512,
    open: (context) => openSocketTarget(context, { subject: 'sidecar', make: makeCallerInput }),
  },
  {
    name: 'identity-answers',
    title: 'answers to the question whose cookie it is',
    onSockets: true,
    share: 5,
    batch: 256,
    open: (context) => openSocketTarget(context, { subject: 'sidecar', make: makeIdentityInput }),
  },
  {
    name: 'key-sets',
    title: 'answers with the keys of an issuer',
    onSockets: true,
    share: 2,
    batch: issuers,
    open: (context) =>
      openSocketTarget(context, {
        subject: 'express',
        make: makeKeySetInput,
        prepare: ({ process }) => process.tell({ renew: true }),
        scriptNumber: (number) => -1 - (number % issuers),
      }),
  },
]
