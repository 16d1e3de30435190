import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'
import { runInProcess } from '../support/run-in-process.js'

let cwd: string
let sidecar: SourcedSidecar | undefined
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-rotation-'))
  writeFileSync(join(cwd, 'postern.yaml'), configWith('{ file: ./ring }'))
  writeFileSync(join(cwd, 'env.yaml'), configWith('{ env: RING }'))
})
afterEach(async () => {
  await sidecar?.close()
  sidecar = undefined
  rmSync(cwd, { recursive: true })
})

function configWith(place: string): string {
  return `version: 1
gateways: { main: { dialect: openai, baseURL: 'http://127.0.0.1:9/v1' } }
keys: { acme: { gateway: main, secret: { env: KEY } } }
bindings: [{ team: acme, key: acme }]
callers: { service: { hashes: ${place}, principals: { agent: { team: acme } } } }
`
}

const env = { KEY: 'sk_of_the_gateway_0123456789' }
const callers = (...words: string[]) => runInProcess(['callers', ...words], { cwd, env })

/** The credential that a command printed. */
async function credentialOf(printed: ReturnType<typeof callers>): Promise<string> {
  const { code, stdout, stderr } = await printed
  expect([code, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as { readonly credential: string }).credential
}

const ring = (): readonly string[] => readFileSync(join(cwd, 'ring'), 'utf8').trim().split('\n')

describe('postern callers rotate', () => {
  test('gives a caller another credential beside the former one, whose end stands in the ring', async () => {
    await credentialOf(callers('add', 'agent', '--json'))
    const [before = ''] = ring()
    const { code, stdout } = await callers('rotate', 'agent', '--grace', '12h')
    expect(code).toBe(0)
    const [current = '', former = ''] = ring()
    const [, label = '', end = ''] = /^((?:agent)@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)):/.exec(former) ?? []
    expect([current.split(':')[0], former.split(':').at(-1)]).toEqual(['agent', before.split(':')[1]])
    expect(Math.abs(Date.parse(end) - Date.now() - 12 * 3_600_000)).toBeLessThan(60_000)
    expect(stdout).toMatch(/New credential of "agent", shown this once:\n\n {2}pst_[\w-]{43}\n/)
    expect(stdout).toContain(`postern callers remove ${label}`)
    expect((await callers('list')).stdout).toMatch(/counts until[^]*\d{4}-\d\d-\d\dT/)
    expect((await callers('remove', label)).code).toBe(0)
    expect(ring()).toEqual([current])
  })

  test('keeps a caller that is rotated again, forgets credentials whose time is over, and removes all of a caller at once', async () => {
    await credentialOf(callers('add', 'agent', '--json'))
    await credentialOf(callers('rotate', 'agent', '--json'))
    await credentialOf(callers('rotate', 'agent', '--grace', '2h', '--json'))
    expect(ring().map((line) => line.split(/[:@]/)[0])).toEqual(['agent', 'agent', 'agent'])
    writeFileSync(join(cwd, 'ring'), `${ring().join('\n')}\nagent@2026-01-01T00:00:00Z:${'ab'.repeat(32)}\n`)
    expect((await runInProcess(['check'], { cwd, env })).stderr).toContain('Take it out: postern callers remove agent@2026-01-01T00:00:00Z')
    await credentialOf(callers('rotate', 'agent', '--grace', '0s', '--json'))
    expect(ring().join()).not.toContain('agent@2026-01-01')
    expect(ring()).toHaveLength(3)
    expect((await callers('remove', 'agent')).code).toBe(0)
    expect(ring()).toEqual(['nobody'])
  })

  test('gives each former credential an end of its own, and tells of those that still count', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 27, 12) })
    try {
      await credentialOf(callers('add', 'agent', '--json'))
      await credentialOf(callers('rotate', 'agent', '--grace', '1h', '--json'))
      await credentialOf(callers('rotate', 'agent', '--grace', '1h', '--json'))
      const [, ...former] = ring().map((line) => line.slice(0, line.lastIndexOf(':')))
      expect(former.toSorted()).toEqual(['agent@2026-11-27T13:00:00Z', 'agent@2026-11-27T13:00:01Z'])
      const { stdout } = await callers('rotate', 'agent', '--grace', '0s')
      expect(stdout).toContain('The one before it no longer counts.')
      for (const label of former) expect(stdout).toContain(`An earlier one still counts. End it with: postern callers remove ${label}`)
      const listed = JSON.parse((await callers('list', '--json')).stdout) as { readonly in_ring?: string; readonly until?: string }[]
      expect(listed.flatMap(({ in_ring: label }) => label ?? []).toSorted()).toEqual(former.toSorted())
      // It takes the end as it is listed, too.
      for (const { until } of listed) if (until !== undefined) expect((await callers('remove', `agent@${until}`)).code).toBe(0)
      expect(ring()).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['too long for an end behind it', 'a'.repeat(250)],
    ['nearly too long', 'a'.repeat(236)],
  ])('changes nothing where the label is %s', async (_, label) => {
    writeFileSync(join(cwd, 'ring'), `${label}:${'ab'.repeat(32)}\n`)
    const { code, stderr, stdout } = await callers('rotate', label)
    expect([code, stdout, ring()]).toEqual([1, '', [`${label}:${'ab'.repeat(32)}`]])
    expect(stderr).toContain('Nothing is changed')
  })

  test.each([
    ['no unit', '12', /30m, 12h or 7d/],
    ['more than 90 days', '91d', /to 90d/],
    ['a sign', '-1h', /30m, 12h or 7d/],
  ])('refuses a time of grace with %s, and changes nothing', async (_, grace, message) => {
    await credentialOf(callers('add', 'agent', '--json'))
    const before = ring()
    const { code, stderr } = await callers('rotate', 'agent', `--grace=${grace}`)
    expect([code, ring()]).toEqual([1, before])
    expect(stderr).toMatch(message)
  })

  test('refuses a caller that is not there', async () => {
    await credentialOf(callers('add', 'agent', '--json'))
    const { code, stderr } = await callers('rotate', 'other')
    expect([code, stderr]).toEqual([1, expect.stringContaining('There is no caller "other"')])
  })

  test('prints the line for a ring that is in the environment', async () => {
    const digest = 'cd'.repeat(32)
    const words = ['callers', 'rotate', 'agent', '--config', 'env.yaml']
    const { code, stdout } = await runInProcess(words, { cwd, env: { ...env, RING: `agent:${digest}` } })
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`RING=agent:[0-9a-f]{64},agent@[0-9TZ:-]+:${digest}\\n`))
  })
})

test('a running process takes both credentials of a caller, says in its log which calls came with the former one, and ends that one by itself', async () => {
  const key = { secret: { file: 'key' } }
  const callersOf = { callers: { service: { hashes: { file: './ring' }, principals: { agent: { team: 'acme' } } } } }
  writeFileSync(join(cwd, 'ring'), '')
  const first = await credentialOf(callers('add', 'agent', '--json'))
  const files = { ring: readFileSync(join(cwd, 'ring'), 'utf8'), key: env.KEY }
  sidecar = await openSourced({ key, config: callersOf, files })
  const { url, running, command } = sidecar
  const statusOf = async (credential: string): Promise<string> => {
    const answer = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }] }),
    })
    const { error } = (await answer.json()) as { readonly error?: { readonly code: string } }
    return error === undefined ? String(answer.status) : `${answer.status} ${error.code}`
  }
  expect(await statusOf(first)).toBe('200')
  const second = await credentialOf(command('callers', 'rotate', 'agent', '--grace', '12s', '--config', 'postern.json', '--json'))
  await expect.poll(() => statusOf(second), { timeout: 15_000, interval: 200 }).toBe('200')
  const both = await Promise.all([first, second].map(statusOf))
  // On a machine that is very busy the time of grace may be over by now.
  expect(['200', '401 caller_expired']).toContain(both[0])
  expect(both[1]).toBe('200')
  await expect.poll(() => statusOf(first), { timeout: 20_000, interval: 200 }).toBe('401 caller_expired')
  expect(await statusOf(second)).toBe('200')
  if (both[0] === '200') await running.prints(/"status":200[^\n]*"former_credential":true/)
  const lines = running.stdout().split('\n')
  const calls = lines.flatMap((line) => (line.includes('"msg":"request"') ? [JSON.parse(line) as Record<string, unknown>] : []))
  expect(new Set(calls.flatMap(({ caller, status }) => (status === 200 ? [caller] : [])))).toEqual(new Set(['agent']))
  expect(calls[0]).not.toHaveProperty('former_credential')
}, 90_000)
