import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkConfig } from '@postern/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'

let folder: string
let sidecar: SourcedSidecar | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-shell-'))
})
afterEach(async () => {
  await sidecar?.close()
  sidecar = undefined
  rmSync(folder, { recursive: true })
})

test('run-through-a-shell: what a shell would obey in an argument reaches the program of a key as it is written', async () => {
  const program = join(folder, 'program.mjs')
  const [arguments_, planted] = [join(folder, 'arguments'), join(folder, 'planted')]
  writeFileSync(
    program,
    `#!${process.execPath}
    import { writeFileSync } from 'node:fs'
    writeFileSync(process.argv[2], JSON.stringify(process.argv.slice(3)))
    console.log('sk_a_key_that_a_program_gave')`,
  )
  chmodSync(program, 0o755)
  const attacks = [`; touch ${planted}`, `$(touch ${planted})`, `\`touch ${planted}\``, `| touch ${planted}`, '$HOME', '*', '--flag=a b']
  const secret = { exec: [program, arguments_, ...attacks] }
  const { keyOfCall } = (sidecar = await openSourced({ key: { secret } }))
  expect(await keyOfCall()).toBe('sk_a_key_that_a_program_gave')
  expect(JSON.parse(readFileSync(arguments_, 'utf8'))).toEqual(attacks)
  expect(existsSync(planted)).toBe(false)
})

test('run-through-a-shell: a program that is not written with its whole path is refused, so that no folder on PATH decides what runs', () => {
  for (const exec of [['read-secret'], ['./read-secret'], ['../bin/read-secret', 'acme'], ['~/read-secret'], ['sh', '-c', 'echo sk']]) {
    const { problems } = checkConfig(
      {
        version: 1,
        gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
        keys: { acme: { gateway: 'main', secret: { exec } } },
        bindings: [{ team: 'acme', key: 'acme' }],
        callers: { session: { secret: { env: 'SESSION' } } },
      },
      { env: { SESSION: 'x'.repeat(40) }, directory: folder },
    )
    expect(problems, exec.join(' ')).toContainEqual(
      expect.objectContaining({ path: 'keys.acme.secret.exec', severity: 'error', reason: expect.stringContaining('whole path') }),
    )
  }
})

test('run-through-a-shell: variables that decide what a program loads do not reach it from the environment of Postern', async () => {
  const program = join(folder, 'program.mjs')
  const seen = join(folder, 'seen')
  writeFileSync(
    program,
    `#!${process.execPath}
    import { writeFileSync } from 'node:fs'
    writeFileSync(process.argv[2], JSON.stringify(process.env))
    console.log('sk_a_key_that_a_program_gave')`,
  )
  chmodSync(program, 0o755)
  const env = { LD_LIBRARY_PATH: '/planted', BASH_ENV: '/planted', PYTHONPATH: '/planted', GATEWAY_KEY: 'sk_of_another_tenant' }
  const { keyOfCall } = (sidecar = await openSourced({ key: { secret: { exec: [program, seen] } }, env }))
  expect(await keyOfCall()).toBe('sk_a_key_that_a_program_gave')
  expect(JSON.parse(readFileSync(seen, 'utf8'))).toEqual({})
})
