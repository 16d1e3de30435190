import { createAccount, LedgerPace } from '@postern/core'
import { createLogLedger } from '@postern/instance'
import { createRedactor, type Ledger, type LedgerEntry, Refusal, Secret, Stopwatch } from '@postern/ports'
import { redactKeys } from '@postern/protocol'
import { EMULATED_GATEWAYS, issueKey } from '@postern/emulator'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DoorName, doorNames, type House, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'

/** Keys that are nobody's here: pasted into the wrong field, they are somebody's all the same. */
const shaped: readonly (readonly [string, string])[] = [
  ...EMULATED_GATEWAYS.map((gateway) => [`of ${gateway}`, issueKey(gateway).secret] as const),
  ['of a provider', `sk-proj-${randomBytes(24).toString('base64url')}`],
  ['of another provider', `sk-ant-api03-${randomBytes(24).toString('hex')}`],
  ['of a third', `AIza${randomBytes(26).toString('hex').slice(0, 35)}`],
]

const escaped = (text: string): string => text.replace(/[^]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)

function unescaped(text: string): string {
  const decode = (escapes: string): string =>
    escapes.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return decode(decode(decode(text)))
}

describe.each(doorNames)('behind the %s door', (door: DoorName) => {
  let house: House
  /** Loaded, and of no form that any gateway documents. */
  let plain: string
  beforeAll(async () => {
    house = await openHouse({ door, config: { browser: { origins: ['https://app.example.com'] } } })
    plain = house.sessionSecret
  })
  afterAll(() => house.close())

  const secretsOf = (): readonly (readonly [string, string])[] => [...shaped, ['that is loaded, of no known form', plain]]

  async function linesOf(run: () => Promise<unknown>): Promise<string> {
    const before = house.ledger.entries.length
    await run()
    await expect.poll(() => house.ledger.entries.length).toBeGreaterThan(before)
    let lines = ''
    const ledger = createLogLedger({ write: (text) => (lines += text), flush: () => Promise.resolve() })
    for (const entry of house.ledger.entries.slice(before)) ledger.append(entry)
    await ledger.close()
    return lines
  }

  const places: Readonly<Record<string, (secret: string) => Promise<unknown>>> = {
    'the path': (secret) => ask(`/v1/files/${secret}`),
    'the path, behind other text': (secret) => ask(`/v1/files/file_${secret}/content`),
    'the path outside the API': (secret) => ask(`/${secret}`),
    'the path, escaped': (secret) => ask(`/v1/files/${escaped(secret)}`),
    'the path, behind an escaped slash': (secret) => ask(`/v1/files%2F${secret}`),
    'the path, escaped twice': (secret) => ask(`/v1/files/${encodeURIComponent(escaped(secret))}`),
    'the path, the first letter escaped': (secret) => ask(`/v1/files/${escaped(secret[0] as string)}${secret.slice(1)}`),
    'X-Request-ID': (secret) => house.chat({ headers: { 'x-request-id': secret } }),
    'X-Request-ID, within other text': (secret) => house.chat({ headers: { 'x-request-id': `req_${secret}.1` } }),
    'X-Request-ID of a refused call': (secret) => house.chat({ credential: null, headers: { 'x-request-id': secret } }),
    'X-Workflow-ID': (secret) => house.chat({ headers: { 'x-workflow-id': secret.slice(0, 64) } }),
    'X-Step-ID': (secret) => house.chat({ headers: { 'x-step-id': secret.slice(0, 64) } }),
    'X-Parent-Step-ID': (secret) => house.chat({ headers: { 'x-parent-step-id': secret.slice(0, 64) } }),
    'X-Step-ID, of a call that nobody made': (secret) => house.chat({ credential: null, headers: { 'x-step-id': secret.slice(0, 64) } }),
    'the model': (secret) => house.chat({ body: { model: secret } }),
    'the model, within a name': (secret) => house.chat({ body: { model: `openai/${secret}:beta` } }),
    'the model, so long that its record is cut': (secret) => house.chat({ body: { model: `${'m/'.repeat(90)}${secret}` } }),
    'the query': (secret) => ask(`/v1/models?after=${secret}`),
    'the idempotency key': (secret) => house.chat({ headers: { 'idempotency-key': secret } }),
    Origin: (secret) => house.chat({ headers: { origin: `https://${secret}.example` } }),
    'the name of whom it is for': (secret) =>
      house.chat({ credential: house.callers.delegate, headers: { 'postern-act-as': `user=${secret}, team=acme` } }),
    'the session desk': (secret) => ask('/session', { 'x-step-id': secret.slice(0, 64), 'x-request-id': secret }),
  }

  const ask = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> =>
    fetch(`${house.origin}/ai${path}`, { headers: { authorization: `Bearer ${house.callers.acme}`, ...headers } }).then((answer) =>
      answer.text(),
    )

  test.each(Object.keys(places))('a key in %s is not written down', async (place) => {
    for (const [kind, secret] of secretsOf()) {
      const lines = await linesOf(() => (places[place] as (secret: string) => Promise<unknown>)(secret))
      // Half a key is told too much, and whoever reads a log can undo escapes.
      for (const text of [lines, unescaped(lines)]) expect([kind, text.includes(secret.slice(0, 14))]).toEqual([kind, false])
    }
  })

  test('a key in Host is not written down', async () => {
    const strict = await openHouse({ door, config: { listen: { hosts: ['app.example.com'] } } })
    try {
      for (const [, secret] of [...shaped, ['', strict.sessionSecret]] as const) {
        const head = `GET /ai/v1/models HTTP/1.1\r\nHost: ${secret}.example\r\nAuthorization: Bearer ${strict.callers.acme}\r\n\r\n`
        expect(await rawExchange(strict.origin, head, { oneAnswer: true })).toMatch(/^HTTP\/1\.1 4/)
        expect(JSON.stringify(strict.ledger.entries)).not.toContain(secret.slice(0, 14))
      }
      expect(JSON.stringify(strict.ledger.entries)).toContain('[redacted].example')
    } finally {
      await strict.close()
    }
  })

  test("a caller's credential in Host is not written down", async () => {
    const strict = await openHouse({ door, config: { listen: { hosts: ['app.example.com'] } } })
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'
    const credentials = ['pst_e84fcfd1150ec188c40e6334100c9ea022775f09', `pst_${'aB3-_'.repeat(9)}`, token]
    try {
      for (const [at, credential] of credentials.entries()) {
        const head = `GET /ai/v1/models HTTP/1.1\r\nHost: ${credential}.example\r\n\r\n`
        expect(await rawExchange(strict.origin, head, { oneAnswer: true })).toMatch(/^HTTP\/1\.1 4/)
        await expect.poll(() => strict.ledger.entries.length).toBe(at + 1)
        for (const part of credential.split('.')) expect(JSON.stringify(strict.ledger.entries)).not.toContain(part)
      }
      expect(strict.ledger.entries.map(({ refused }) => refused)).toEqual(Array(3).fill('[redacted].example'))
    } finally {
      await strict.close()
    }
  })

  test('a tag that holds a key is refused, says which, and reaches neither the gateway nor the answer', async () => {
    for (const [, secret] of secretsOf()) {
      for (const name of ['X-Workflow-ID', 'X-Step-ID', 'X-Parent-Step-ID']) {
        const before = house.emulator.seen.length
        const answer = await house.chat({ headers: { [name]: secret.slice(0, 64) } })
        const { error } = (await answer.json()) as { error: { code: string; param: string } }
        expect([answer.status, error.code, error.param.toLowerCase()]).toEqual([400, 'credential_in_request', name.toLowerCase()])
        expect(house.emulator.seen.length).toBe(before)
      }
    }
  })

  test('a tag tells nobody how a loaded secret goes on, and the log holds nothing of it', async () => {
    const others = [plain.charCodeAt(0) === 0x41 ? 'B' : 'A', '_', '7']
    for (const length of [6, 8, 9, 12, 20, plain.length - 1]) {
      const said = plain.slice(0, length)
      const guesses = [said, ...others.map((other) => said.slice(0, -1) + other)]
      const statuses: number[] = []
      const lines = await linesOf(async () => {
        for (const guess of guesses)
          for (const tag of [guess, `run_${guess}`]) statuses.push((await house.chat({ headers: { 'x-workflow-id': tag } })).status)
      })
      expect(new Set(statuses)).toEqual(new Set([200]))
      if (length >= 8) expect(lines).not.toContain(said)
    }
  })

  test('a session that was minted for a workflow of such a name is refused alike', async () => {
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', workflow: `run_${shaped[0]?.[1]}`.slice(0, 64) })
    const answer = await house.chat({ credential: token })
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([400, 'credential_in_request'])
  })

  test('what only sounds like a key stays as it is', async () => {
    const answer = await house.chat({
      headers: { 'x-workflow-id': 'task-aaaaaaaaaaaaaaaaaaaaaaaa', 'x-step-id': 'desk-0123456789abcdefghij' },
    })
    expect(answer.status).toBe(200)
    expect(house.ledger.entries.at(-1)).toMatchObject({ workflow: 'task-aaaaaaaaaaaaaaaaaaaaaaaa', step: 'desk-0123456789abcdefghij' })
    await ask('/v1/files/a%20name%2Fb')
    expect(house.ledger.entries.at(-1)?.path).toBe('/v1/files/a%20name%2Fb')
  })
})

describe('the ledger', () => {
  /** A loaded key has any form: of a trace's id here. */
  const loaded = randomBytes(16).toString('hex')
  const { redact, redactOften, holdsSecret } = createRedactor([new Secret(loaded)])

  function textsIn(fact: unknown): readonly string[] {
    if (typeof fact === 'string') return [fact]
    return typeof fact === 'object' && fact !== null ? Object.values(fact).flatMap(textsIn) : []
  }

  /** A call in which `said` stands wherever a client or gateway writes. */
  function entryOf(said: string): LedgerEntry {
    const entries: LedgerEntry[] = []
    const ledger: Ledger = { append: (entry) => void entries.push(entry), flush: () => Promise.resolve() }
    const account = createAccount({
      ledger,
      pace: new LedgerPace(ledger),
      witness: () => {},
      redactor: { redact, redactOften, holdsSecret },
      isCut: () => false,
    })
    const record = {
      request_id: `${said}:01:${said}`,
      attempt: 1,
      workflow: said,
      step: said,
      model_requested: said,
      model: said,
      provider: said,
      tier: said,
      usage: { input: 1, source: 'answer' },
      cost: { amount: 1, unit: said },
      quota: { used: 1, unit: 'tokens' },
      intensity: said,
      gateway_request_id: said,
      finish: 'upstream_error',
    } as const
    const failure = new Refusal('gateway_unavailable', { cause: said })
    const tags = { requestId: record.request_id, attempt: 2, parentStep: said, clientRequestId: said, trace: { traceId: said } }
    account({
      arrival: { method: 'POST', path: `/v1/${said}`, watch: new Stopwatch() },
      principal: { caller: said, user: said, team: said, project: said, via: 'session' },
      route: undefined,
      tags: { ...tags, earlier: [{ tags: { attempt: 1 }, refusal: failure }] },
      outcome: { finish: 'upstream_error', status: 502, code: said, record, refused: said, cause: new Error(said) },
    } as never)
    return entries[0] as LedgerEntry
  }

  test.each([...shaped.map(([, secret]) => secret), loaded])('gets no key from any field that a client or gateway writes', (secret) => {
    const entry = entryOf(secret)
    expect(textsIn(entry).filter((text) => text.includes(secret.slice(0, 14)))).toEqual([])
    expect(entry).toMatchObject({ cost: { amount: 1, unit: '[redacted]' }, trace_id: '[redacted]', intensity: '[redacted]' })
  })

  test('gets what is no key as it is', () => {
    expect(entryOf('plain')).toMatchObject({ cost: { amount: 1, unit: 'plain' }, trace_id: 'plain', model: 'plain', path: '/v1/plain' })
  })
})

describe('lines of the process', () => {
  test('hold no key that somebody else wrote', async () => {
    let lines = ''
    const ledger = createLogLedger({ write: (text) => (lines += text), flush: () => Promise.resolve() })
    for (const [, secret] of shaped) ledger.log('warn', `odd: ${secret}`, { from: `x_${secret}`, count: 1 })
    await ledger.close()
    for (const [, secret] of shaped) expect(lines).not.toContain(secret)
    expect(lines).toContain('"count":1')
  })
})

describe('a key in a text', () => {
  test("is blotted out alike where it is a caller's credential", () => {
    const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`
    for (const credential of [`pst_${'x-_9'.repeat(8)}`, token])
      for (const [before, behind] of [
        ['', ''],
        ['Bearer ', ' x'],
        ['sidecar.teAuthorization: Bearer ', '\r\n'],
        ['a=', '&b'],
        ['token_', '/'],
        ['7x', ' '],
        ['a.b.', '?'],
        ['aaaaaaaaa.bbbbbbbbb.', '#'],
      ])
        expect(redactKeys(`${before}${credential}${behind}`)).toBe(`${before}[redacted]${behind}`)
  })

  test('is blotted out behind anything but a letter or a digit', () => {
    const [, secret = ''] = shaped[0] ?? []
    for (const before of ['', ' ', '_', '-', '/', '"', '.', ':', 'é']) expect(redactKeys(`${before}${secret}`)).toBe(`${before}[redacted]`)
  })
})
