import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { startFakeVault } from '../support/fake-vault.js'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'
import { startTokenEndpoint } from '../support/token-endpoint.js'

/** Each process that is started takes its time on a busy machine. */
const patient = { timeout: 90_000 }

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function open(...options: Parameters<typeof openSourced>): Promise<SourcedSidecar> {
  const sidecar = await openSourced(...options)
  closing.push(() => sidecar.close())
  return sidecar
}

/** Everything that Postern says in any place: its log, its answers, readiness, and what its commands print. */
async function everythingSaid({ call, readiness, readyz, command, running }: SourcedSidecar): Promise<string> {
  const answers = [await call(), await call('audio/speech', { model: 'm', input: 'x', voice: 'alloy' })]
  const states = [await readiness(), await readyz()]
  const commands = await Promise.all([
    command('explain', '--config', 'postern.json', '--team', 'acme', '--json'),
    command('check', '--config', 'postern.json', '--online', '--json'),
  ])
  const heads = answers.map(({ headers }) => [...headers].flat().join('\n'))
  return [running.stdout(), running.stderr(), JSON.stringify([answers, heads, states, commands])].join('\n')
}

test(
  'secret-of-a-source-in-a-log: nothing of Vault is said anywhere, neither what it gives nor what it is asked with nor its errors',
  patient,
  async () => {
    const secrets = {
      token: 'hvs.token-of-the-operator',
      key: 'sk_a_key_that_vault_keeps',
      other: 'sk_another_field_of_the_secret',
      error: 'sk_in_an_error_of_vault',
      broken: 'sk of a value that no header carries',
    }
    const vault = await startFakeVault({
      secrets: { 'secret/data/a': { key: secrets.key, other: secrets.other, broken: secrets.broken } },
      tokens: { [secrets.token]: 0 },
    })
    closing.push(() => vault.close())
    const sidecar = await open({
      key: { secret: { vault: 'secret/data/a#key' } },
      config: { vault: { url: vault.url, token: { env: 'VAULT_TOKEN' } }, keySources: { poll: '1s', cache: '1s' } },
      env: { VAULT_TOKEN: secrets.token },
    })
    const good = await everythingSaid(sidecar)
    vault.play({
      instead: (_, response) => response.writeHead(500).end(JSON.stringify({ errors: [secrets.error, secrets.token] })) !== undefined,
    })
    await sidecar.running.prints(/key_source_lost/)
    const lost = await everythingSaid(sidecar)
    vault.play({ instead: () => false })
    await sidecar.running.prints(/key_source_back/)
    vault.play({ secrets: { 'secret/data/a': { key: secrets.broken } } })
    await sidecar.running.prints(/a header cannot carry/)
    const broken = await everythingSaid(sidecar)
    for (const secret of Object.values(secrets)) expect([good, lost, broken].filter((said) => said.includes(secret))).toEqual([])
  },
)

test(
  'secret-of-a-source-in-a-log: nothing of a program is said anywhere, neither what it prints nor its variables nor its stderr',
  patient,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-said-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    const program = join(folder, 'program.mjs')
    writeFileSync(
      program,
      `#!${process.execPath}
    console.error('sk_on_stderr_of_the_program ' + process.env.LOGIN)
    console.log('sk_on_stdout_of_the_program')
    if (process.argv[2] === 'fail') process.exit(1)`,
    )
    chmodSync(program, 0o755)
    for (const how of ['work', 'fail']) {
      const sidecar = await open({
        key: { secret: { exec: [program, how], variables: ['LOGIN'] } },
        env: { LOGIN: 'login-of-the-program-0123456789' },
      })
      const said = await everythingSaid(sidecar)
      for (const secret of ['sk_on_stderr', 'sk_on_stdout', 'login-of-the-program']) expect(said).not.toContain(secret)
    }
  },
)

test(
  'secret-of-a-source-in-a-log: nothing of a token endpoint is said anywhere, neither its tokens nor what they are asked for with',
  patient,
  async () => {
    const issuer = await startTokenEndpoint(3600)
    closing.push(() => issuer.close())
    const client = 'the-secret-of-the-client'
    const oauth = { url: issuer.url, clientId: 'postern', clientSecret: { env: 'CLIENT' }, audience: 'a' }
    const sidecar = await open({ key: { secret: { oauth } }, env: { CLIENT: client } })
    const good = await everythingSaid(sidecar)
    const exchange = { url: issuer.url, subjectToken: { file: 'token' }, audience: 'a' }
    issuer.instead = (response) =>
      response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant', error_description: 'sk_in_its_error' }))
    const failing = await open({ key: { secret: { tokenExchange: exchange } }, files: { token: 'ey_of_the_platform_to_exchange' } })
    const failed = await everythingSaid(failing)
    for (const secret of [client, ...issuer.given, 'sk_in_its_error', 'ey_of_the_platform_to_exchange'])
      expect([good, failed].filter((said) => said.includes(secret))).toEqual([])
  },
)

test('secret-of-a-source-in-a-log: a text of a client that holds a key of a source, or a former one, is not logged', patient, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-said-'))
  closing.push(() => rmSync(folder, { recursive: true }))
  const keys = ['sk_the_first_key_that_was_printed', 'sk_the_second_key_that_was_printed'] as const
  writeFileSync(join(folder, 'key'), keys[0])
  const secret = { exec: ['/bin/cat', join(folder, 'key')] }
  const { call, keyOfCall, running } = await open({ key: { secret }, config: { keySources: { poll: '1s', cache: '1m' } } })
  expect(await keyOfCall()).toBe(keys[0])
  writeFileSync(join(folder, 'key'), keys[1])
  await running.prints(/key_changed/)
  for (const key of keys) {
    await call(`unheard/of-${key}`)
    await call('chat/completions', { model: key, messages: [{ role: 'user', content: 'Hello' }] })
  }
  await running.prints(/\[redacted\]/)
  for (const key of keys) expect(running.stdout()).not.toContain(key)
})
