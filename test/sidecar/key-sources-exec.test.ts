import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lives } from '../support/lives.js'
import { openSourced, type SourcedOptions, type SourcedSidecar } from '../support/sourced-sidecar.js'

const first = 'sk_the_first_key_that_was_printed'
const second = 'sk_the_second_key_that_was_printed'
const eventually = { timeout: 15_000, interval: 100 }

let folder: string
let sidecar: SourcedSidecar | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-program-'))
})
afterEach(async () => {
  await sidecar?.close()
  sidecar = undefined
  rmSync(folder, { recursive: true })
})

const at = (name: string): string => join(folder, name)

/** Writes a program of Node. */
function program(text: string): string {
  writeFileSync(at('program.mjs'), `#!${process.execPath}\n${text}`)
  chmodSync(at('program.mjs'), 0o755)
  return at('program.mjs')
}

async function open(exec: readonly string[], further: Partial<SourcedOptions> & { readonly variables?: readonly string[] } = {}) {
  const { variables, ...rest } = further
  const secret = { exec, ...(variables === undefined ? {} : { variables }) }
  return (sidecar = await openSourced({ key: { secret }, config: { keySources: { poll: '1s', cache: '3s' } }, ...rest }))
}

test('a key that a program prints is used, and another one once it prints another', async () => {
  writeFileSync(at('key'), first)
  const { keyOfCall } = await open([
    program(`import { readFileSync } from 'node:fs'; console.log(readFileSync(process.argv[2], 'utf8'))`),
    at('key'),
  ])
  expect(await keyOfCall()).toBe(first)
  writeFileSync(at('key'), second)
  await expect.poll(keyOfCall, eventually).toBe(second)
})

test('a program gets the variables that are named and no others, no input, and the folder /', async () => {
  const exec = program(`
    import { readFileSync, writeFileSync } from 'node:fs'
    writeFileSync(process.argv[2], JSON.stringify({ env: process.env, cwd: process.cwd(), input: readFileSync(0, 'utf8') }))
    console.log(process.env.LOGIN)`)
  const { keyOfCall } = await open([exec, at('seen')], { variables: ['LOGIN'], env: { LOGIN: first, OTHER: 'not for the program' } })
  expect(await keyOfCall()).toBe(first)
  expect(JSON.parse(readFileSync(at('seen'), 'utf8'))).toEqual({ env: { LOGIN: first }, cwd: '/', input: '' })
})

test('a program that hangs ends after ten seconds with all that it has started, and its key comes by itself once it prints', async () => {
  const exec = program(`
    import { spawn } from 'node:child_process'
    import { existsSync, writeFileSync } from 'node:fs'
    const [, , may, child] = process.argv
    if (existsSync(may)) console.log(${JSON.stringify(first)})
    else {
      const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      writeFileSync(child, String(pid))
      setInterval(() => {}, 1000)
    }`)
  const { call, keyOfCall, running } = await open([exec, at('may'), at('child')])
  // The call waits for the first answer of the source.
  const waiting = call()
  await expect.poll(() => existsSync(at('child')) && readFileSync(at('child'), 'utf8') !== '', eventually).toBe(true)
  const grandchild = Number(readFileSync(at('child'), 'utf8'))
  await running.prints(/It did not answer in time\./)
  expect((await waiting).status).toBe(503)
  await expect.poll(() => lives(grandchild), eventually).toBe(false)
  writeFileSync(at('may'), '')
  await expect.poll(keyOfCall, eventually).toBe(first)
}, 40_000)

test('no program is left when Postern ends while one runs', async () => {
  const exec = program(`
    import { writeFileSync } from 'node:fs'
    writeFileSync(process.argv[2], String(process.pid))
    setInterval(() => {}, 1000)`)
  const { running } = await open([exec, at('pid')])
  await expect.poll(() => existsSync(at('pid')) && readFileSync(at('pid'), 'utf8') !== '', eventually).toBe(true)
  const pid = Number(readFileSync(at('pid'), 'utf8'))
  expect(lives(pid)).toBe(true)
  running.child.kill('SIGTERM')
  await running.finished
  await expect.poll(() => lives(pid), eventually).toBe(false)
}, 40_000)

test('at most four programs run at once', async () => {
  const exec = program(`
    import { readdirSync, rmSync, writeFileSync } from 'node:fs'
    const [, , folder, name] = process.argv
    writeFileSync(folder + '/runs-' + name, '')
    setTimeout(() => {
      const count = readdirSync(folder).filter((each) => each.startsWith('runs-')).length
      writeFileSync(folder + '/saw-' + name, String(count))
      rmSync(folder + '/runs-' + name)
      console.log('sk_a_key_of_' + name + '_that_was_printed')
    }, 500)`)
  const names = Array.from({ length: 9 }, (_, index) => `k${index}`)
  const keys = Object.fromEntries(names.map((name) => [name, { gateway: 'main', secret: { exec: [exec, folder, name] } }]))
  const bindings = [{ team: 'acme', key: 'k0' }]
  const gateways = { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } }
  sidecar = await openSourced({ key: {}, config: { gateways, keys, bindings, keySources: { poll: '1h', cache: '1h' } } })
  const seen = () => names.filter((name) => existsSync(at(`saw-${name}`))).map((name) => Number(readFileSync(at(`saw-${name}`), 'utf8')))
  await expect.poll(() => seen().length, eventually).toBe(names.length)
  expect(Math.max(...seen())).toBeLessThanOrEqual(4)
})

test.each([
  ['ends with an error', 'console.log("sk_of_a_program_that_failed"); process.exit(3)', 'The program ended with status 3.'],
  ['prints more than 64 KiB', 'console.log("x".repeat(70_000))', 'The program printed more than 65536 bytes.'],
  ['prints nothing', '', 'What it gives is no text, or an empty one.'],
  ['prints two lines', 'console.log("sk_one_of_two_keys\\nsk_two_of_two_keys")', 'characters that a header cannot carry'],
])('a program that %s gives no key, and the log says why without what it printed', async (_, text, reason) => {
  const { keyOfCall, running } = await open([program(text)])
  await running.prints(/key_source_lost/)
  expect(await keyOfCall()).toBe('503 key_unavailable')
  expect(running.stdout()).toContain(reason)
  expect(running.stdout()).not.toMatch(/sk_of_a_program|sk_one_of/)
})
