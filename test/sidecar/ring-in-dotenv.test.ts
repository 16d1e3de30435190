import { createHash } from 'node:crypto'
import {
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { runPostern } from '../support/run-postern.js'

/** As the sidecar reads a `.env`. */
const { parse } = createRequire(resolve(import.meta.dirname, '../../sidecar/package.json'))('dotenv') as {
  readonly parse: (text: string) => Record<string, string>
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const kept = `agent:${digestOf('a credential that stays')}`
const removed = `old:${digestOf('a credential that somebody lost')}`
const ring = `${kept},${removed}`

/** As the helper of a gateway writes it, on one line; the label is already escaped. */
const manifestOf = (label: string): string =>
  `{"entries":[${[`${label}:${digestOf('x')}`, kept, removed]
    .map((entry) => `{"label":"${entry.slice(0, -65)}","sha256":"${entry.slice(-64)}"}`)
    .join(',')}]}`

const config = `
version: 1
gateways: { main: { dialect: joytoken } }
keys: { acme: { gateway: main, secret: { env: JOY_KEY_ACME } } }
bindings: [ { team: acme, key: acme } ]
callers:
  service: { hashes: { env: RING }, principals: { agent: { user: svc, team: acme } } }
`

const directories: string[] = []
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })))

function directoryWith(dotenv: string | Buffer): string {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-removed-'))
  directories.push(cwd)
  writeFileSync(join(cwd, 'postern.yaml'), config)
  writeFileSync(join(cwd, '.env'), dotenv)
  return cwd
}

const callers = (cwd: string, ...words: string[]) => runInProcess(['callers', ...words, '--config', join(cwd, 'postern.yaml')])
const readDotenv = (cwd: string): string => readFileSync(join(cwd, '.env'), 'utf8')

/** Ways to write it that dotenv reads. */
const forms: Readonly<Record<string, string>> = {
  'as usual': `RING=${ring}\n`,
  'behind blanks': `  RING=${ring}\n`,
  'behind a tab, blanks around the sign': `\tRING =  ${ring}  \nX=1\n`,
  'with a colon': `RING: ${ring}\n`,
  exported: `X=1\nexport RING=${ring}\n`,
  'exported, behind blanks': ` export\t RING=${ring}\n`,
  'twice, of which the last counts': `RING=${removed}\nX=1\nRING=${ring}\n`,
  'three times, in three forms': `export RING='${ring}'\n RING: ${removed}\nRING="${ring}"\n`,
  'behind the same name inside of a value': `X="\nRING=zzz\n"\nRING=${ring}\n`,
  'before the same name inside of a value': `RING=${ring}\nX='\nexport RING=${removed}\n'\n`,
  'inside of a value in backticks, and after it': `X=\`\n  RING=${removed}\n\`\nRING: '${ring}'\n`,
  'over lines, in double quotes': `RING="${kept}\n${removed}"\nX=1\n`,
  'over lines, in backticks': `RING=\`${kept}\n${removed}\`\n`,
  'before a comment': `RING=${ring} # of the staging house\n\n# RING=${removed}\nX=1\n`,
  'behind other names that end or begin alike': `MY_RING=1\nRING_2=2\nRING.X=3\nRING=${ring}\nMY-RING=4\n`,
  'with line ends of Windows': `X=1\r\n RING="${ring}"\r\nY=2\r\n`,
  'without a line end': `X=1\nRING=${ring}`,
  'with a label that has to be quoted': `RING="#1 of it's:${digestOf('x')},${ring}"\n`,
}

describe('a caller that is removed from a ring in .env', () => {
  test.each(Object.entries(forms))('is gone, and nothing else is, where it stands %s', async (_, dotenv) => {
    const cwd = directoryWith(dotenv)
    const before = parse(dotenv)
    expect(before['RING']).toContain(removed)
    const { code, stderr } = await callers(cwd, 'remove', 'old')
    expect([code, stderr]).toEqual([0, ''])
    const { RING, ...others } = parse(readDotenv(cwd))
    expect(RING).toBe((before['RING'] as string).replace('\n', ',').replace(`,${removed}`, ''))
    expect(others).toEqual(Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'RING')))
    expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600)
    expect(JSON.parse((await callers(cwd, 'list', '--json')).stdout)).not.toContainEqual(expect.objectContaining({ label: 'old' }))
  })

  test('stands nowhere in the file, were it written there twice', async () => {
    const cwd = directoryWith(forms['three times, in three forms'] as string)
    await callers(cwd, 'remove', 'old')
    expect(readDotenv(cwd)).not.toContain('old:')
  })

  test.each([
    ['other bytes of it are no UTF-8', Buffer.concat([Buffer.from(`RING=${ring}\nX=`), Buffer.from([0xff, 0xfe]), Buffer.from('\n')])],
    ['no quotes can hold a label', Buffer.from(`RING=${manifestOf('\\u0023\\u0027\\u0060')}\n`)],
  ])('is not said to be gone where %s: the file stays, and the message says what to write', async (_, dotenv) => {
    const cwd = directoryWith(dotenv)
    const { code, stdout, stderr } = await callers(cwd, 'remove', 'old')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^Nothing is changed: [^]*by hand[^]*\n\nRING=.*agent/)
    expect(stderr).not.toMatch(/\bold\b/)
    expect(readFileSync(join(cwd, '.env'))).toEqual(dotenv)
  })

  test('is taken out of a manifest, whose labels may hold commas', async () => {
    const cwd = directoryWith(`  RING='${manifestOf('one, two')}'\n`)
    expect(await callers(cwd, 'remove', 'old')).toMatchObject({ code: 0, stderr: '' })
    const listed = JSON.parse((await callers(cwd, 'list', '--json')).stdout) as { readonly label: string }[]
    expect(listed.map(({ label }) => label)).toEqual(['agent', 'one, two'])
  })

  test.each([[[]], [['--json']]])('is not said to be gone where the environment has the last word: %j', async (options) => {
    const cwd = directoryWith(`RING=${ring}\n`)
    const words = ['callers', 'remove', 'old', '--config', join(cwd, 'postern.yaml'), ...options]
    const { code, stdout } = await runInProcess(words, { env: { RING: ring } })
    expect(code).toBe(1)
    expect(stdout).not.toMatch(/Removed|ring in .* is written/)
    expect(stdout).toContain(kept)
    expect(readDotenv(cwd)).toBe(`RING=${ring}\n`)
  })
})

describe('a caller that is added to a ring in .env', () => {
  test.each(Object.entries(forms))('may call, and nobody else may not, where it stands %s', async (_, dotenv) => {
    const cwd = directoryWith(dotenv)
    const before = parse(dotenv)
    const { stdout } = await callers(cwd, 'add', 'fresh', '--json')
    const { credential } = JSON.parse(stdout) as { readonly credential: string }
    expect(parse(readDotenv(cwd))).toEqual({
      ...before,
      RING: `${(before['RING'] as string).replace('\n', ',')},fresh:${digestOf(credential)}`,
    })
  })
})

describe('a .env that is a symbolic link', () => {
  test('stays one when a caller is removed, and the file that it leads to is changed', async () => {
    const cwd = directoryWith(`RING=${ring}\n`)
    mkdirSync(join(cwd, 'shared'))
    renameSync(join(cwd, '.env'), join(cwd, 'shared/ring.env'))
    symlinkSync('shared/current', join(cwd, '.env'))
    symlinkSync('ring.env', join(cwd, 'shared/current'))
    expect(await callers(cwd, 'remove', 'old')).toMatchObject({ code: 0, stderr: '' })
    expect(lstatSync(join(cwd, '.env')).isSymbolicLink()).toBe(true)
    expect(lstatSync(join(cwd, 'shared/current')).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(cwd, 'shared/ring.env'), 'utf8')).toBe(`RING=${kept}\n`)
    expect(statSync(join(cwd, 'shared/ring.env')).mode & 0o777).toBe(0o600)
    expect([readdirSync(cwd), readdirSync(join(cwd, 'shared'))].flat().filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

test.skipIf(process.getuid?.() !== 0)('a .env that root changes keeps its owner, who may be the one that reads it', async () => {
  const cwd = directoryWith(`RING=${ring}\n`)
  chownSync(join(cwd, '.env'), 12_345, 23_456)
  expect(await callers(cwd, 'remove', 'old')).toMatchObject({ code: 0, stderr: '' })
  const { uid, gid, mode } = statSync(join(cwd, '.env'))
  expect([uid, gid, mode & 0o777]).toEqual([12_345, 23_456, 0o600])
})

test('a ring in a file begins where a symbolic link leads, although no file is there yet', async () => {
  const cwd = directoryWith('')
  writeFileSync(join(cwd, 'postern.yaml'), config.replace('{ env: RING }', '{ file: ring.txt }'))
  symlinkSync('shared/ring.txt', join(cwd, 'ring.txt'))
  expect(await callers(cwd, 'add', 'fresh')).toMatchObject({ code: 0 })
  expect(lstatSync(join(cwd, 'ring.txt')).isSymbolicLink()).toBe(true)
  expect(readFileSync(join(cwd, 'shared/ring.txt'), 'utf8')).toMatch(/^fresh:/)
})

describe('a ring that another command changes at the same time', () => {
  test('has the changes of both', async () => {
    const cwd = directoryWith(`RING=${ring}\n`)
    writeFileSync(join(cwd, '.env.lock'), '')
    const adding = runPostern(['callers', 'add', 'fresh'], { cwd })
    await sleep(1500)
    writeFileSync(join(cwd, '.env'), `RING=${kept}\n`)
    rmSync(join(cwd, '.env.lock'))
    expect(await adding).toMatchObject({ code: 0, stderr: '' })
    expect(readDotenv(cwd)).toMatch(new RegExp(`^RING=${kept},fresh:[0-9a-f]{64}\n$`))
    expect(readdirSync(cwd).toSorted()).toEqual(['.env', 'postern.yaml'])
  })

  test('stays as it is where the other one does not end, and the message says what to delete', async () => {
    const cwd = directoryWith(`RING=${ring}\n`)
    writeFileSync(join(cwd, '.env.lock'), '')
    const { code, stderr } = await callers(cwd, 'remove', 'old')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^Nothing is changed: [^]*delete .*\.env\.lock/)])
    expect(readDotenv(cwd)).toBe(`RING=${ring}\n`)
  })
})

describe('a ring that cannot be read', () => {
  test.each(['add', 'remove', 'list'])('is not taken for an empty one by %s', async (command) => {
    const cwd = directoryWith('')
    writeFileSync(join(cwd, 'postern.yaml'), config.replace('{ env: RING }', '{ file: ring.txt }'))
    symlinkSync('ring.txt', join(cwd, 'ring.txt'))
    const { code, stdout, stderr } = await callers(cwd, command, ...(command === 'list' ? [] : ['old']))
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^The ring cannot be read, so nothing is changed: ELOOP/)])
  })
})
