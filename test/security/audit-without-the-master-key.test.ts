import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MasterKeys } from '@postern/instance'
import { Secret } from '@postern/ports'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEntry } from '../../sidecar/src/audit/audit.js'
import { openAuditFile } from '../../sidecar/src/audit/audit-file.js'
import { digestOf, formatLine, readLine, splitMark } from '../../sidecar/src/audit/line.js'
import { type MarkCheck, verifyAudit } from '../../sidecar/src/audit/verify.js'
import { askAdmin } from '../support/ask-admin.js'
import { runInProcess } from '../support/run-in-process.js'
import { startPostern } from '../support/run-postern.js'

const keysOf = (...named: readonly string[]): MasterKeys =>
  new MasterKeys(named.map((id) => ({ id, secret: new Secret(`the master key ${id} of the audit, long enough`) })))
const own = keysOf('k1')
/** The keys of somebody who knows the id of the master key, and not the key. */
const forged = new MasterKeys([{ id: 'k1', secret: new Secret('what somebody else believes to be the master key') }])
const revoked = (name: string): AuditEntry => ({ who: 'ops', what: 'session_revoked', result: 'done', kind: 'user', name })

/** Lines as a process writes them; without `keys` as one without master keys does. */
function write(names: readonly string[], keys: MasterKeys | undefined, chain = 'c1', before: readonly string[] = []): readonly string[] {
  const lines = [...before]
  const mark = keys === undefined ? undefined : { chain, mark: (text: string) => keys.markLine(text) }
  for (const name of names) lines.push(formatLine(revoked(name), lines.length === 0 ? null : digestOf(lines.at(-1) as string), mark))
  return lines
}
const chainOf = (line = ''): string => readLine(Buffer.from(line))?.chain ?? ''
const names = ['ada', 'bob', 'cyd', 'dan', 'eli']
const whole = write(names, own)
const [one, two, three, four, five] = whole as [string, string, string, string, string]
const other = write(names, own, 'c2')

const judge = (lines: readonly string[], marks: MarkCheck | null = { masterKeys: own }) =>
  verifyAudit(Buffer.from(lines.map((line) => `${line}\n`).join('')), marks ?? undefined)
/** A line that somebody has made to fit behind another one, with a mark under a key of theirs, or with the mark of another line. */
const forge = (name: string, before: string, mac?: string): string => {
  const line = formatLine(revoked(name), digestOf(before), { chain: 'c1', mark: (text) => forged.markLine(text) })
  return mac === undefined ? line : line.replace(/"mac":"[^"]+"/, `"mac":"${mac}"`)
}

/** A line with further members behind its mark, of which a lenient reader takes the last. */
const behindMark = (line: string, members: object): string => `${line.slice(0, -2)}=",${JSON.stringify(members).slice(1)}`

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-audit-marks-'))
})
afterAll(() => rmSync(cwd, { recursive: true }))

describe('audit-without-the-master-key', () => {
  test('an audit that nobody touched fits, and each of its lines has its mark', () => {
    expect(judge(whole)).toEqual({ lines: 5, last: digestOf(five), torn: [], marked: 5 })
    expect(judge([])).toMatchObject({ lines: 0, marked: 0 })
  })

  test.each<[kind: string, lines: readonly string[], line: number, tampering: string]>([
    ['a line was changed', [one, two.replace('bob', 'eve'), three, four, five], 2, 'changed'],
    ['the last line was changed', [one, two, three, four, five.replace('eli', 'eve')], 5, 'changed or added'],
    ['a member was taken out of a line', [one, two.replace('"kind":"user",', ''), three, four, five], 2, 'changed'],
    ['a line is missing', [one, two, four, five], 3, 'missing'],
    ['the beginning is missing', [three, four, five], 1, 'missing at the beginning'],
    ['two lines were reordered', [one, three, two, four, five], 2, 'reordered'],
    ['the last two lines were reordered', [one, two, three, five, four], 4, 'reordered'],
    ['a line was doubled', [one, two, two, three, four, five], 3, 'doubled'],
    ['a line was doubled further down', [...whole, two], 6, 'doubled'],
    ['a line was added, with a mark under another key', [one, two, forge('eve', two), three, four, five], 3, 'added'],
    ['a line was added, with the mark of another line', [one, two, forge('eve', two, markOf(three)), three, four, five], 3, 'added'],
    ['a line was added at the end, without a mark', write(['eve'], undefined, '', whole), 6, 'added'],
    ['a line was added at the end, with a mark under another key', [...whole, forge('eve', five)], 6, 'changed or added'],
    ['the audit was written anew from the start, without marks', write(['ada', 'bob'], undefined), 1, 'written anew'],
    ['the audit was written anew from the start, with marks under another key', write(['ada', 'bob'], forged), 1, 'written anew'],
    ['the audit was written anew from a line on', write(['eve', 'fay'], forged, 'c1', [one, two]), 3, 'written anew'],
    ['the audit was written anew under a master key of a made-up name', write(['ada', 'bob'], keysOf('k0')), 1, 'written anew'],
    ['a line of another audit was put in its place', [one, other[1] as string, three, four, five], 2, 'of another audit'],
    ['the end of another audit was put behind it', [one, two, ...other.slice(2)], 3, 'of another audit'],
    ['another audit was put behind it', [...whole, ...other], 6, 'of another audit'],
    [
      'a member was written behind the mark of the last line',
      [one, two, three, four, behindMark(five, { who: 'eve' })],
      5,
      'no audit line',
    ],
    ['a mark was written in other letters', [one, two, three, four, five.replace(/"}$/, '="}')], 5, 'changed or added'],
    ['a member was written twice', [one, two.replace('"kind"', '"who":"eve","kind"'), three, four, five], 2, 'no audit line'],
    ['a line was replaced by something else', [one, 'gone', three, four, five], 2, 'no audit line'],
  ])('is found and named where %s', (_, lines, line, tampering) => {
    expect(judge(lines).fault).toMatchObject({ line, tampering })
  })

  test('an end that was cut off is found by the digest of the newest line, which the log has', async () => {
    const path = join(cwd, 'cut.jsonl')
    const log: string[] = []
    const audit = await openAuditFile(
      path,
      (level, msg, facts) => log.push(JSON.stringify({ level, msg, ...facts })),
      { atMostMs: 0 },
      () => own,
    )
    for (const name of names) await audit.require(revoked(name))
    await audit.close()
    writeFileSync(join(cwd, 'log.jsonl'), `${log.join('\n')}\n{"msg":"request"}\n`)
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    expect(log.filter((line) => line.includes('audit_newest'))).toHaveLength(5)
    const verify = async (kept: readonly string[], newest: string) => {
      writeFileSync(join(cwd, 'kept.jsonl'), kept.map((line) => `${line}\n`).join(''))
      return runInProcess(['audit', 'verify', '--file', 'kept.jsonl', '--newest', newest], { cwd })
    }
    expect(await verify(lines, 'log.jsonl')).toMatchObject({ code: 0 })
    expect(await verify(lines.slice(0, -1), 'log.jsonl')).toMatchObject({ code: 1, stderr: expect.stringContaining('cut at the end') })
    expect(await verify([], 'log.jsonl')).toMatchObject({ code: 1, stderr: expect.stringContaining('cut at the end') })
    expect(await verify(lines.slice(0, -1), digestOf(lines.at(-1) as string))).toMatchObject({ code: 1 })
    // A process that finds an audit without its end goes on behind what is left.
    const left = [
      ...lines.slice(0, 3),
      formatLine(revoked('fay'), digestOf(lines[2] as string), { chain: chainOf(lines[2]), mark: (text) => own.markLine(text) }),
    ]
    writeFileSync(join(cwd, 'later.jsonl'), `${log.join('\n')}\n{"msg":"audit_newest","digest":"${digestOf(left.at(-1) as string)}"}\n`)
    expect(await verify(left, 'later.jsonl')).toMatchObject({ code: 1, stderr: expect.stringContaining('cut at the end') })
    expect(await verify(lines, digestOf(lines[2] as string))).toMatchObject({ code: 0 })
    expect(await verify(lines, 'kept.jsonl')).toMatchObject({ code: 1, stderr: expect.stringContaining('no line "audit_newest"') })
  })

  test('a line that was begun and not ended is no tampering, and the line that tells of it has a mark too', async () => {
    const path = join(cwd, 'torn.jsonl')
    writeFileSync(path, `${one}\n${two}\n{"time":"2026-11-26T12:0`)
    const audit = await openAuditFile(
      path,
      () => {},
      { atMostMs: 0 },
      () => own,
    )
    await audit.require(revoked('cyd'))
    await audit.close()
    expect(verifyAudit(readFileSync(path), { masterKeys: own })).toMatchObject({ lines: 5, torn: [3], marked: 4 })
    expect(verifyAudit(readFileSync(path), { masterKeys: own }).fault).toBeUndefined()
  })

  test('lines from before a rotation of the master keys keep their marks for as long as the former key is listed', () => {
    const rotated = write(['eve'], keysOf('k2', 'k1'), 'c1', whole)
    expect(judge(rotated, { masterKeys: keysOf('k2', 'k1') })).toMatchObject({ lines: 6, marked: 6 })
    expect(judge(rotated, { masterKeys: keysOf('k2') }).fault).toMatchObject({ line: 1, reason: expect.stringContaining('not among') })
    expect(judge(rotated, { masterKeys: keysOf('k2'), trusted: digestOf(five) })).toMatchObject({ lines: 6, marked: 1, unmarked: 5 })
  })

  test('an audit from before there were marks fits as it did, without master keys and up to a digest that its keeper knows', () => {
    const former = write(names, undefined)
    const continued = write(['fay', 'gus'], own, 'c1', former)
    expect(judge(former, null)).toEqual({ lines: 5, last: digestOf(former.at(-1) as string), torn: [] })
    expect(judge(continued, null).fault).toBeUndefined()
    const trusted = digestOf(former.at(-1) as string)
    expect(judge(continued, { masterKeys: own, trusted })).toMatchObject({ lines: 7, marked: 2, unmarked: 5 })
    expect(judge(former, { masterKeys: own, trusted })).toMatchObject({ lines: 5, marked: 0, unmarked: 5 })
    // The trust ends with that line, and nothing before it may be another line.
    expect(judge(write(['eve'], undefined, '', former), { masterKeys: own, trusted }).fault).toMatchObject({ line: 6, tampering: 'added' })
    expect(judge([former[0] as string, ...continued.slice(2)], { masterKeys: own, trusted }).fault).toMatchObject({ line: 2 })
  })

  test('a running process marks its lines, says the newest digest in the log, and finds at its start what was written without the key', async () => {
    const env = {
      KEY: 'sk_a_key_of_the_gateway',
      SESSION: randomBytes(32).toString('base64url'),
      MASTER: randomBytes(32).toString('base64url'),
    }
    const config = {
      version: 1,
      listen: { port: 0 },
      admin: { socket: './admin.sock' },
      audit: { file: './audit.jsonl' },
      gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ team: 'acme', key: 'acme' }],
      callers: { session: { secret: { env: 'SESSION' } } },
      store: { sqlite: './postern.db' },
      keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    }
    writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
    const run = async (until: RegExp): Promise<string> => {
      const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env })
      try {
        const [line] = await postern.prints(until)
        await postern.prints(/"msg":"listening"/)
        const asked = { socketPath: join(cwd, 'admin.sock') }
        expect((await askAdmin(asked, 'POST /admin/v1/revocations', { body: { user: 'ada' } })).status).toBe(201)
        return line
      } finally {
        postern.child.kill('SIGTERM')
        await postern.finished
      }
    }
    const verify = (...args: readonly string[]) => runInProcess(['audit', 'verify', '--config', 'postern.json', ...args], { cwd, env })
    await run(/"msg":"listening"/)
    const lines = readFileSync(join(cwd, 'audit.jsonl'), 'utf8').trim().split('\n')
    expect(lines.map((line) => readLine(Buffer.from(line))?.mac?.split('.')[0])).toEqual(lines.map(() => 'k1'))
    expect(await verify()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${lines.length} lines have the mark of a master key.`),
    })
    const added = await runInProcess(
      ['keys', 'add', 'tenant', '--gateway', 'main', '--secret-env', 'NEW', '--team', 't', '--config', 'postern.json'],
      { cwd, env: { ...env, NEW: 'sk_of_the_ring_0123456789' } },
    )
    expect(added).toMatchObject({ code: 0 })
    expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({ ok: true, marks: 'checked', marked: lines.length + 2 })
    expect((await runInProcess(['audit', 'show', '--config', 'postern.json'], { cwd, env })).stdout).not.toMatch(/mac:|chain:|before:/)

    writeFileSync(join(cwd, 'audit.jsonl'), `${write(['ada'], undefined).join('\n')}\n`)
    expect(await verify()).toMatchObject({ code: 1, stderr: expect.stringContaining('line 1 does not fit (written anew). It has no mark') })
    expect(await run(/[^\n]*"msg":"audit_unmarked"[^\n]*/)).toContain('"lines":1')
    expect((await verify()).code).toBe(1)
    writeFileSync(join(cwd, 'audit.jsonl'), `${write(['ada', 'bob'], forged).join('\n')}\n`)
    expect(await run(/[^\n]*"msg":"audit_broken"[^\n]*/)).toContain('"line":1')
    expect(JSON.parse((await verify('--json')).stdout)).toMatchObject({ ok: false, fault: { line: 1, tampering: expect.any(String) } })
  })
})

function markOf(line: string): string {
  return splitMark(Buffer.from(line))?.mac ?? hash('sha256', line)
}
