import { randomBytes } from 'node:crypto'
import { linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEntry } from '../../sidecar/src/audit/audit.js'
import { openAuditFile } from '../../sidecar/src/audit/audit-file.js'
import { checkEarlier } from '../../sidecar/src/audit/check-earlier.js'
import { digestOf, digestOfTorn, formatLine } from '../../sidecar/src/audit/line.js'
import { verifyAudit } from '../../sidecar/src/audit/verify.js'
import { askAdmin } from '../support/ask-admin.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, startPostern } from '../support/run-postern.js'

/** Lines as a sidecar writes them. */
function chain(...entries: readonly AuditEntry[]): readonly string[] {
  const lines: string[] = []
  for (const entry of entries) lines.push(formatLine(entry, lines.length === 0 ? null : digestOf(lines.at(-1) as string)))
  return lines
}

const revoked = (name: string): AuditEntry => ({ who: 'ops', what: 'session_revoked', result: 'done', kind: 'user', name })
const whole = chain(...['ada', 'bob', 'cyd', 'dan'].map(revoked))
const [one, two, three, four] = whole as [string, string, string, string]
const torn = '{"time":"2026-11-26T12:00:00.000Z","who":"op'
const found = (before: string, digest = digestOfTorn([Buffer.from(torn)])): string =>
  formatLine({ who: 'postern', what: 'torn_line', result: 'found', torn: digest }, digestOf(before))

const verdict = (...lines: readonly string[]) => verifyAudit(Buffer.from(lines.map((line) => `${line}\n`).join('')))

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-rewritten-'))
})
afterAll(() => rmSync(cwd, { recursive: true }))

describe('audit-that-was-rewritten', () => {
  test('an audit that nobody touched fits', () => {
    expect(verdict(...whole)).toEqual({ lines: 4, last: digestOf(four), torn: [] })
    expect(verdict()).toEqual({ lines: 0, last: null, torn: [] })
  })

  test.each<[what: string, lines: readonly string[], at: number]>([
    ['a name was changed', [one, two.replace('bob', 'eve'), three, four], 3],
    ['a blank was added', [one, `${two} `, three, four], 2],
    ['a line was removed', [one, three, four], 2],
    ['the beginning was removed', [two, three, four], 1],
    ['a line was repeated', [one, two, two, three, four], 3],
    ['two lines were exchanged', [one, three, two, four], 2],
    ['a line was added', [one, two, formatLine(revoked('eve'), digestOf(two)), three, four], 4],
    ['another audit was put behind it', [...whole, ...chain(revoked('eve'))], 5],
    ['a line was replaced by something else', [one, 'gone', three, four], 2],
    ['a line was replaced by a blank one', [one, '', three, four], 2],
    ['a line was cut short, and no process says that it found it so', [one, torn, three, four], 2],
    ['a line was cut short where a process found another', [one, two.slice(0, 40), found(one)], 2],
    ['a torn line was found behind a line that is not there', [one, torn, found(two)], 3],
    ['a member was taken out', [one, two, JSON.stringify({ time: 'now', who: 'ops', what: 'reload', result: 'taken' })], 3],
  ])('does not fit where %s', (_, lines, at) => {
    expect(verdict(...lines).fault?.line).toBe(at)
  })

  test('a line that a process did not write to its end is told, and breaks nothing behind it', () => {
    const line = found(two)
    expect(verdict(one, two, torn, line, formatLine(revoked('eve'), digestOf(line)))).toMatchObject({ lines: 5, torn: [3] })
    expect(verdict(one, two, torn, line, formatLine(revoked('eve'), digestOf(line))).fault).toBeUndefined()
    expect(verifyAudit(Buffer.from(`${one}\n${two}\n${torn}`))).toEqual({ lines: 3, last: digestOf(two), torn: [3] })
    const twice = found(two, digestOfTorn([Buffer.from(torn), Buffer.from('{"ti')]))
    expect(verdict(one, two, torn, '{"ti', twice)).toEqual({ lines: 5, last: digestOf(twice), torn: [3, 4] })
  })

  test('a look in pieces finds in an audit of any length what a look at all of it finds', async () => {
    const long = chain(...Array.from({ length: 2000 }, (_, place) => revoked(`${place} ${'x'.repeat(place % 300)}`)))
    const look = async (text: string) => {
      const path = join(cwd, 'long.jsonl')
      writeFileSync(path, text)
      const handle = await open(path)
      const found = await checkEarlier(handle, (await handle.stat()).size, () => true)
      await handle.close()
      return found?.fault
    }
    const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
    expect(await look(textOf(long))).toBeUndefined()
    expect(await look('')).toBeUndefined()
    expect(await look(`${textOf(long)}${torn}`)).toBeUndefined()
    expect(await look(`${textOf(long)}${torn}\n`)).toBeUndefined()
    for (const place of [0, 1, 700, 1998]) {
      const changed = long.map((line, index) => (index === place ? line.replace('ops', 'oqs') : line))
      expect(await look(textOf(changed))).toMatchObject({
        line: place + 2,
        reason: verifyAudit(Buffer.from(textOf(changed))).fault?.reason,
      })
      expect((await look(textOf(changed)))?.line).toBe(place + 2)
    }
    expect((await look(textOf([...long, 'gone'])))?.line).toBe(2001)
    expect((await look(textOf([...long.slice(0, 9), 'x'.repeat(9_000_000), ...long.slice(9)])))?.line).toBe(10)
  })

  test('a start goes on with an audit that was rewritten, and says so in the log, in its readiness and in `postern audit show`', async () => {
    const path = join(cwd, 'rewritten.jsonl')
    const changed = [one, two.replace('bob', 'eve'), three, four].map((line) => `${line}\n`).join('')
    writeFileSync(path, changed)
    const config = {
      version: 1,
      listen: { port: 0 },
      admin: { socket: './admin.sock' },
      audit: { file: './rewritten.jsonl' },
      gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } } },
      store: { memory: true },
    }
    writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
    const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: randomBytes(32).toString('base64url') }
    const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env })
    try {
      const [line] = await postern.prints(/[^\n]*"msg":"audit_broken"[^\n]*/)
      expect(JSON.parse(line)).toMatchObject({ level: 'warn', line: 3, cause: expect.stringContaining('the line before') })
      const asked = { socketPath: join(cwd, 'admin.sock') }
      expect(await askAdmin(asked, 'GET /admin/v1/readiness')).toMatchObject({
        status: 200,
        body: { status: 'ready', impaired: [{ part: 'audit', reason: expect.stringContaining('Line 3') }] },
      })
      expect((await askAdmin(asked, 'POST /admin/v1/revocations', { body: { user: 'ada' } })).status).toBe(201)
      expect(readFileSync(path, 'utf8').startsWith(changed)).toBe(true)
      const shown = await runInProcess(['audit', 'show', '--config', 'postern.json'], { cwd })
      expect(shown).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('eve'),
        stderr: expect.stringContaining('line 3 does not fit'),
      })
    } finally {
      postern.child.kill('SIGKILL')
      await postern.finished
    }
  })

  test('an audit with a second name is refused at a start: a process under the other name would not see its lock', async () => {
    writeFileSync(join(cwd, 'own.jsonl'), '')
    linkSync(join(cwd, 'own.jsonl'), join(cwd, 'alias.jsonl'))
    for (const name of ['own.jsonl', 'alias.jsonl'])
      await expect(openAuditFile(join(cwd, name), () => {}, { atMostMs: 0 })).rejects.toThrow(/has 2 names \(hard links\)/)
    rmSync(join(cwd, 'alias.jsonl'))
    const audit = await openAuditFile(join(cwd, 'own.jsonl'), () => {}, { atMostMs: 0 })
    linkSync(join(cwd, 'own.jsonl'), join(cwd, 'alias.jsonl'))
    await expect(openAuditFile(join(cwd, 'alias.jsonl'), () => {}, { atMostMs: 0 })).rejects.toThrow(/hard links/)
    await audit.require(revoked('ada'))
    await audit.close()
  })

  test('`postern audit verify` ends with 1 and names the first line that does not fit', async () => {
    const verify = async (lines: readonly string[], ...args: readonly string[]): Promise<Finished> => {
      writeFileSync(join(cwd, 'audit.jsonl'), lines.map((line) => `${line}\n`).join(''))
      return runInProcess(['audit', 'verify', '--file', 'audit.jsonl', ...args], { cwd })
    }
    expect(await verify(whole)).toMatchObject({ code: 0, stdout: expect.stringContaining(digestOf(four)) })
    expect(await verify([one, three])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('line 2 does not fit') })
    const told = await verify([one, three], '--json')
    expect([told.code, JSON.parse(told.stdout)]).toMatchObject([1, { ok: false, fault: { line: 2 } }])
    // What was cut off at the end fits; a digest that was kept elsewhere tells.
    expect((await verify([one, two, three])).code).toBe(0)
    expect(await verify([one, two, three], '--holds', digestOf(four))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no line has'),
    })
    expect((await verify(whole, '--holds', digestOf(two))).code).toBe(0)
    writeFileSync(join(cwd, 'torn.jsonl'), `${one}\n${two}\n${torn}`)
    expect((await runInProcess(['audit', 'verify', '--file', 'torn.jsonl'], { cwd })).stdout).toContain(
      `The last whole one, line 2, has the SHA-256 ${digestOf(two)}.`,
    )
  })
})
