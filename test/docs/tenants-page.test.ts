import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { bin, startPostern } from '../support/run-postern.js'

const execute = promisify(execFile)
const page = readFileSync(resolve(import.meta.dirname, '../../docs/tenants.md'), 'utf8')

test('the page of several tenants leads from nothing to who used what', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'postern-tenants-'))
  const ports = { 8787: await freePort(), 8790: await freePort() }
  const example = (name: string): string => {
    const [, text] = new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w+\n([\\s\\S]*?)\n\`\`\``).exec(page) ?? []
    if (text === undefined) throw new Error(`docs/tenants.md has no example "${name}".`)
    return text.replaceAll('8787', String(ports[8787])).replaceAll('8790', String(ports[8790]))
  }
  const shell = async (lines: string): Promise<string> => {
    const script = `set -e\npostern() { '${process.execPath}' '${bin}' "$@"; }\n${lines}`
    return (await execute('sh', ['-c', script], { cwd, env: { PATH: process.env['PATH'] } })).stdout
  }

  writeFileSync(join(cwd, 'postern.yaml'), example('postern.yaml'))
  const secrets = await shell(example('secrets'))
  expect(secrets).toContain('is good')
  const credential = /^ {2}(pst_\S+)$/m.exec(secrets)?.[1] as string
  const emulated = startPostern(example('gateway').split(' ').slice(1), { cwd })
  await emulated.prints(/answers at/)
  expect(await shell(example('tenants'))).toMatch(/acme .*team=acme[\s\S]*globex .*team=globex/)
  const started = startPostern(['start'], { cwd })
  await started.prints(/"msg":"listening"/)
  try {
    const calls = example('calls').replace('pst_…', credential)
    const answers = (await shell(calls)).split(/^HTTP\/1\.1 /m).slice(1)
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['200', '200', '403'])
    expect(answers[0]).toContain('"key":"acme"')
    expect(answers[1]).toMatch(/"key":"globex".*"budget_left"/)
    expect(answers[2]).toContain('no_key_for_caller')
    expect(await shell(example('left'))).toMatch(/limit team-minute.* left[\s\S]*limit globex-month.* left/)
    expect(await shell(example('used'))).toMatch(/acme[\s\S]*globex[\s\S]*umbrella/)
    expect(await shell(example('leaves'))).toContain('Retired: globex')
    const callOfGlobex = calls.replace(/^call 'user=u_[13].*$/gm, '')
    await expect.poll(() => shell(callOfGlobex)).toContain('no_key_for_caller')
  } finally {
    for (const { child, finished } of [started, emulated]) {
      child.kill('SIGINT')
      await finished
    }
    rmSync(cwd, { recursive: true })
  }
}, 120_000)
