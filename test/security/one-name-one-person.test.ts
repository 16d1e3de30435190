import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig, ConfigError, parseHashRing } from '@postern/config'
import { createAdminClient, createSessionMinter, actAs } from '@postern/server'
import { CompactSign } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, listenAnywhere } from '../support/house.js'
import { audience, type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'
import { runInProcess } from '../support/run-in-process.js'

/** Names that are `globex`, or one another, to somebody who looks at them, trims, folds or decodes them. */
const oddNames: readonly (readonly [what: string, name: string])[] = [
  ['a no-break space behind it', 'globex\u00a0'],
  ['a narrow no-break space before it', '\u202fglobex'],
  ['an ideographic space behind it', 'globex\u3000'],
  ['a line separator behind it', 'globex\u2028'],
  ['a next-line control behind it', 'globex\u0085'],
  ['a space behind it', 'globex '],
  ['two spaces within', 'glo  bex'],
  ['a tab behind it', 'globex\t'],
  ['a byte order mark before it', '\ufeffglobex'],
  ['a zero-width space within', 'glo\u200bbex'],
  ['a zero-width joiner behind it', 'globex\u200d'],
  ['a word joiner within', 'glo\u2060bex'],
  ['a soft hyphen within', 'glo\u00adbex'],
  ['a variation selector behind it', 'globex\ufe0f'],
  ['a variation selector of the supplement behind it', 'globex\u{e0101}'],
  ['a tag character behind it', 'globex\u{e0078}'],
  ['a right-to-left override before it', '\u202eglobex'],
  ['an isolate around it', '\u2066globex\u2069'],
  ['a combining grapheme joiner within', 'glo\u034fbex'],
  ['a Hangul filler behind it', 'globex\u3164'],
  ['a halfwidth Hangul filler behind it', 'globex\uffa0'],
  ['a Mongolian vowel separator within', 'glo\u180ebex'],
  ['a blank Braille pattern behind it', 'globex\u2800'],
  ['a musical null notehead behind it', 'globex\u{1d159}'],
  ['a deprecated format character within', 'glo\u206abex'],
  ['an object replacement behind it', 'globex\ufffc'],
  ['a replacement character behind it', 'globex\ufffd'],
  ['a private use character behind it', 'globex\ue000'],
  ['a noncharacter behind it', 'globex\uffff'],
  ['half of a surrogate pair behind it', 'globex\ud83d'],
  ['the other half before it', '\ude00globex'],
  ['a letter that is composed otherwise', 'globe\u0301x'],
  ['a sign that is a letter in every normal form', 'globe\u212a'],
  ['an accent that belongs to what stands before it', '\u0301globex'],
  ['a control character within', 'glo\u0000bex'],
]

/** Names that are unlike `globex`, each somebody of its own. */
const goodNames = [
  'Globex',
  'GLOBEX',
  'ｇｌｏｂｅｘ',
  'glоbex',
  'globex ﬁ',
  'Zoë',
  '名前 🏰',
  'नमस्ते',
  'glo bex',
  "o'brien & söhne",
  'a=b,c;d%41',
]

/** A backend that answers the question whose cookie it is with bytes as they are. */
async function startByteBackend() {
  let answer: { readonly headers?: Readonly<Record<string, string>>; readonly body: Buffer } = { body: Buffer.from('null') }
  const server: Server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...answer.headers }).end(answer.body)
  })
  const origin = await listenAnywhere(server)
  return {
    url: `${origin}/me`,
    says(body: string | Buffer, headers: Readonly<Record<string, string>> = {}) {
      answer = { headers, body: Buffer.from(body) }
    },
    stop: () => new Promise((done) => server.close(done).closeAllConnections()),
  }
}

const asLatin1 = (text: string): string => Buffer.from(text).toString('latin1')
const bytes = (...parts: readonly (string | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))))

let issuer: Issuer
let backend: Awaited<ReturnType<typeof startByteBackend>>
beforeAll(async () => {
  issuer = await startIssuer()
  backend = await startByteBackend()
})
afterAll(async () => {
  await issuer.stop()
  await backend.stop()
})

const callers = () => ({
  forwardAuth: { url: backend.url, cache: '0s' },
  jwt: [jwtCallers(issuer)],
})
let cookies = 0
const withCookie = () => ({ cookie: `sid=${(cookies += 1)}`, 'sec-fetch-site': 'same-origin' })
const now = () => Math.floor(Date.now() / 1000)
const sessionOf = (house: House, payload: string | Buffer) =>
  new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'HS256', typ: 'postern-session+jwt' })
    .sign(Buffer.from(house.sessionSecret))
const sessionClaims = (claims: object): string => JSON.stringify({ aud: 'postern', iat: now(), exp: now() + 60, ...claims })

/** Every way by which a name comes in with a request; each gives the status. */
const ways: Readonly<Record<string, (house: House, name: string) => Promise<number>>> = {
  'a cookie’s answer in JSON': async (house, name) => {
    backend.says(JSON.stringify({ user: 'eve', team: name }))
    return (await house.chat({ credential: null, headers: withCookie() })).status
  },
  'a cookie’s answer, its characters escaped': async (house, name) => {
    const escaped = Array.from({ length: name.length }, (_, unit) => `\\u${name.charCodeAt(unit).toString(16).padStart(4, '0')}`)
    backend.says(`{"user":"eve","team":"${escaped.join('')}"}`)
    return (await house.chat({ credential: null, headers: withCookie() })).status
  },
  'a token of an issuer': async (house, name) => (await house.chat({ credential: await issuer.sign({ org: { id: name } }) })).status,
  'a session': async (house, name) => {
    const token = await sessionOf(house, sessionClaims({ sub: 'eve', team: name }))
    return (await house.chat({ credential: token })).status
  },
  'Postern-Act-As, percent-encoded': async (house, name) => {
    const encoded = [...Buffer.from(name)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    return (await house.chat({ credential: house.callers.delegate, headers: { 'postern-act-as': `user=eve, team=${encoded}` } })).status
  },
}

forEachDoor(
  async () => ({
    callers: callers(),
    config: {
      bindings: [
        { team: 'globex', key: 'globex' },
        { default: true, key: 'acme' },
      ],
      failedAuthentication: { limit: 100_000 },
    },
  }),
  (house) => {
    describe.each(Object.entries(ways))('%s', (_, enter) => {
      test.each(oddNames)('does not make somebody of globex with %s', async (_what, name) => {
        const [calls, lines] = [house().emulator.seen.length, house().ledger.entries.length]
        expect(await enter(house(), name)).toBeGreaterThanOrEqual(400)
        expect(house().emulator.seen.length).toBe(calls)
        expect(
          house()
            .ledger.entries.slice(lines)
            .map(({ team, user }) => [team, user]),
        ).toEqual([[undefined, undefined]])
      })

      test.each(goodNames)('takes %s as it stands, and as nobody else', async (name) => {
        expect(await enter(house(), name)).toBe(200)
        expect(house().ledger.entries.at(-1)).toMatchObject({ team: name, key: 'acme', binding: 'default' })
      })
    })

    describe('two people whose names are other bytes', () => {
      test.each<[string, Buffer, Buffer]>([
        ['of which none is UTF-8', bytes('{"user":"u', 0xe9, '"}'), bytes('{"user":"u', 0xe8, '"}')],
        ['that end within a character', bytes('{"user":"u', 0xc3, '"}'), bytes('{"user":"u', 0xf0, 0x9f, '"}')],
        ['that are longer than they need to be', bytes('{"user":"', 0xc1, 0xa1, '"}'), bytes('{"user":"', 0xe0, 0x81, 0xa1, '"}')],
        ['that are halves of pairs', bytes('{"user":"', 0xed, 0xa0, 0xbd, '"}'), bytes('{"user":"', 0xed, 0xb8, 0x80, '"}')],
        ['beyond Unicode', bytes('{"user":"', 0xf4, 0x90, 0x80, 0x80, '"}'), bytes('{"user":"', 0xf7, 0xbf, 0xbf, 0xbf, '"}')],
        ['elsewhere than in the name', bytes('{"user":"ada","x":"', 0xff, '"}'), bytes('{"user":"ada","x":"', 0xfe, '"}')],
      ])('%s are nobody, in a cookie’s answer and in tokens', async (_, one, other) => {
        for (const answer of [one, other]) {
          backend.says(answer)
          const asked = await house().chat({ credential: null, headers: withCookie() })
          expect([asked.status, await errorOf(asked)]).toEqual([503, 'caller_check_unavailable'])
          const claims = bytes(...splice(answer, sessionClaims({}).slice(1, -1)))
          const session = await house().chat({ credential: await sessionOf(house(), claims) })
          expect([session.status, await errorOf(session)]).toEqual([401, 'caller_invalid'])
          const standard = { iss: issuer.issuer, aud: audience, sub: 'ada', iat: now(), exp: now() + 60 }
          const foreign = bytes(...splice(answer, JSON.stringify(standard).slice(1, -1)))
          const jwt = await house().chat({ credential: await issuer.signBytes(foreign) })
          expect([jwt.status, await errorOf(jwt)]).toEqual([401, 'caller_invalid'])
        }
      })

      test('are not one by a header’s second spelling of them', async () => {
        const raw = async (value: string) => {
          const answer = await rawChat(house(), [`Postern-Act-As: team=${value}`], { credential: house().callers.delegate })
          return [statusOf(answer), codeOf(answer)]
        }
        // The bytes of "é" in UTF-8, which are those of "Ã©" in Latin-1, and those of "é" in Latin-1, which are no UTF-8.
        for (const value of [
          asLatin1('Zo\u00eb'),
          'Zo\u00eb',
          '%C3\u00ab',
          'globex\u00a0',
          '\u00a0globex',
          '%EB',
          '%C3',
          '%ED%A0%80',
          '%C0%AF',
        ])
          expect(await raw(value)).toEqual([400, 'request_malformed'])
        expect((await raw('Zo%C3%AB'))[0]).toBe(200)
        expect(house().ledger.entries.at(-1)).toMatchObject({ team: 'Zo\u00eb' })
      })
    })

    test.each([
      ['a user that stands twice', '{"user":"ada","user":"bob"}'],
      ['a user that stands twice, once escaped', '{"user":"ada","\\u0075ser":"bob"}'],
      ['a team that stands twice', '{"user":"ada","team":"acme","x":[{}],"team":"globex"}'],
      ['a member further down that stands twice', '{"user":"ada","org":{"id":"acme","id":"globex"}}'],
      ['a member in a list that stands twice', '{"user":"ada","orgs":[{"id":"acme"},{"id":"acme","id":"globex"}]}'],
    ])('an answer and a token with %s are nobody’s, since two readers read two', async (_, text) => {
      backend.says(text)
      const asked = await house().chat({ credential: null, headers: withCookie() })
      expect([asked.status, await errorOf(asked)]).toEqual([503, 'caller_check_unavailable'])
      const standard = JSON.stringify({ iss: issuer.issuer, aud: audience, sub: 'ada', iat: now(), exp: now() + 60 })
      const jwt = await house().chat({ credential: await issuer.signBytes(Buffer.from(`${standard.slice(0, -1)},${text.slice(1)}`)) })
      expect([jwt.status, await errorOf(jwt)]).toEqual([401, 'caller_invalid'])
    })

    test.each(['7.0', '7e0', '70e-1', '-0', '9007199254740993', '7.0000000000000000001', '0.7', '1e400'])(
      'the number %s is no name: written otherwise, it would be somebody else’s',
      async (written) => {
        backend.says(`{"user":${written},"team":"globex"}`)
        const asked = await house().chat({ credential: null, headers: withCookie() })
        expect(asked.status).toBe(401)
        backend.says(`{"user":"ada","team":${written}}`)
        expect((await house().chat({ credential: null, headers: withCookie() })).status).toBe(401)
      },
    )

    test('a whole number is the name that its digits are', async () => {
      backend.says('{"user":7,"team":"globex","balance":12.50,"factor":1e3}')
      expect((await house().chat({ credential: null, headers: withCookie() })).status).toBe(200)
      expect(house().ledger.entries.at(-1)).toMatchObject({ user: '7', team: 'globex', key: 'globex' })
    })
  },
)

forEachDoor(
  async () => ({ callers: { forwardAuth: { url: backend.url, cache: '0s', answerHeaders: { user: 'X-User', team: 'X-Team' } } } }),
  (house) => {
    const ask = async (team: string) => {
      backend.says('', { 'x-user': 'eve', 'x-team': team })
      return (await house().chat({ credential: null, headers: withCookie() })).status
    }
    test.each(oddNames.filter(([, name]) => /^[^\p{Cc}\p{Cs}]+(?<! )$/u.test(name)))(
      'a cookie’s answer in headers does not make somebody of globex with %s',
      async (_, name) => {
        expect(await ask(asLatin1(name))).toBe(503)
      },
    )
    test('a cookie’s answer in headers is read as UTF-8 or not at all', async () => {
      expect([await ask('Zo\u00eb'), await ask('globex\u00a0'), await ask('glob\u00e9x')]).toEqual([503, 503, 503])
      await ask(asLatin1('Zo\u00eb'))
      expect(house().ledger.entries.at(-1)).toMatchObject({ user: 'eve', team: 'Zo\u00eb', code: 'no_key_for_caller' })
    })
  },
)

describe('what writes a name', () => {
  const secret = 's'.repeat(32)
  const minter = createSessionMinter({ secret })
  const admin = createAdminClient({ socketPath: '/nowhere/postern.sock' })
  test.each(oddNames)('refuses globex with %s, before anybody has to', async (_, name) => {
    for (const field of ['user', 'team', 'project']) {
      await expect(minter.mint({ [field]: name })).rejects.toThrow(/is no name/)
      await expect(admin.mint({ [field]: name })).rejects.toThrow(/is no name/)
      expect(() => actAs({ [field]: name })).toThrow(/is no name/)
    }
    for (const what of [{ id: name }, { user: name }, { team: name }]) await expect(admin.revoke(what)).rejects.toThrow(TypeError)
  })
  test.each(goodNames)('writes %s', async (name) => {
    expect((await minter.mint({ user: name })).token).toMatch(/^ey/)
    expect(actAs({ user: name })).toMatch(/^user=/)
  })
})

describe('a configuration', () => {
  const check = (further: object, ring = '') =>
    checkConfig(
      {
        version: 1,
        gateways: { main: { dialect: 'joytoken' } },
        keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { session: { secret: { env: 'SESSION' } } },
        ...further,
      },
      { env: { KEY: 'jt_0123456789', SESSION: 'x'.repeat(40), RING: ring }, directory: '/' },
    ).problems.filter(({ severity }) => severity === 'error')
  const places: Readonly<Record<string, (name: string) => object>> = {
    'bindings[0].team': (team) => ({ bindings: [{ team, key: 'acme' }] }),
    'bindings[0].user': (user) => ({ bindings: [{ user, team: 'acme', key: 'acme' }] }),
    'policies.rules[0].project': (project) => ({ policies: { rules: [{ project, models: ['a'] }] } }),
    'callers.anonymous.team': (team) => ({ callers: { anonymous: { team, limit: 1 } }, listen: { hosts: ['a.example'] } }),
    'callers.jwt[0].teams[0]': (team) => ({
      callers: { jwt: [{ issuer: 'https://a/', audience: 'x', jwks: 'https://a/j', algorithms: ['RS256'], teams: [team] }] },
    }),
  }
  test.each(Object.entries(places))('has no odd name at %s, and says what is odd', (path, at) => {
    for (const [what, name] of oddNames)
      expect(
        check(at(name)).map((problem) => problem.path),
        what,
      ).toEqual([path])
    for (const name of goodNames) expect(check(at(name))).toEqual([])
    const [problem] = check(at('glo\u200bbex'))
    expect(problem?.reason).toMatch(/U\+200B/)
    expect(new ConfigError([problem as NonNullable<typeof problem>]).message).not.toContain('\u200b')
  })

  test.each(oddNames.filter(([, name]) => !/[\n\t ]$/.test(name)))(
    'has no service caller in its ring whose label is globex with %s',
    (_, label) => {
      const digest = '0'.repeat(64)
      for (const text of [`${label}:${digest}`, JSON.stringify({ entries: [{ label, sha256: digest }] })]) {
        const { entries, problems } = parseHashRing(text)
        expect([entries, problems.length]).toEqual([[], 1])
        expect(JSON.stringify(problems)).not.toContain(label)
      }
    },
  )

  test('whose bytes are no UTF-8 is refused, and so are secrets whose bytes are none', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'postern-bytes-'))
    const config = (team: Buffer, file: string) =>
      bytes(
        'version: 1\ngateways: { main: { dialect: joytoken } }\nkeys: { acme: { gateway: main, secret: { env: KEY } } }\nbindings: [{ team: "',
        ...team,
        `", key: acme }]\ncallers: { session: { secret: { file: ${file} } } }\n`,
      )
    try {
      writeFileSync(join(cwd, 'good'), 'x'.repeat(40))
      // Forty random bytes: nearly all of them would be the same character.
      writeFileSync(join(cwd, 'random'), Buffer.from(Array.from({ length: 40 }, (_, index) => 0x80 + index)))
      writeFileSync(join(cwd, 'latin.yaml'), config(bytes('glob', 0xe9, 'x'), 'good'))
      writeFileSync(join(cwd, 'random.yaml'), config(bytes('globex'), 'random'))
      writeFileSync(join(cwd, 'good.yaml'), config(bytes('globéx'), 'good'))
      const env = { KEY: 'jt_0123456789' }
      const runs = await Promise.all(
        ['latin', 'random', 'good'].map((name) => runInProcess(['check', '--config', `${name}.yaml`], { cwd, env })),
      )
      expect(runs.map(({ code }) => code)).toEqual([1, 1, 0])
      expect(runs[0]?.stderr).toContain('UTF-8')
      expect(runs[1]?.stderr).toMatch(/callers\.session\.secret: .*UTF-8/)
      const odd = await runInProcess(['session', 'mint', '--config', 'good.yaml', '--team', 'globex\u00a0'], { cwd, env })
      expect([odd.code, odd.stderr]).toEqual([1, expect.stringMatching(/"team" is no name/)])
    } finally {
      rmSync(cwd, { recursive: true })
    }
  }, 60_000)
})

async function errorOf(answer: Response): Promise<string | undefined> {
  return ((await answer.json()) as { readonly error?: { readonly code: string } }).error?.code
}

/** Puts further members at the begin of an object. */
function splice(object: Buffer, members: string): (string | number)[] {
  return [`{${members},`, ...object.subarray(1)]
}
