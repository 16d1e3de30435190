import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const running: RunningPostern[] = []
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGINT')
    await finished
  }
})

async function emulate(...options: readonly string[]): Promise<Record<string, unknown> & { readonly base_url: string }> {
  const started = startPostern(['emulate', ...options, '--json'])
  running.push(started)
  const [text] = await started.prints(/^\{[\s\S]*?^\}$/m)
  return JSON.parse(text) as Record<string, unknown> & { readonly base_url: string }
}

async function statusWith(baseURL: string, key: string): Promise<number> {
  const { status } = await fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'x-provider-key': 'sk-of-a-provider', 'content-type': 'application/json' },
    body: '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}',
  })
  return status
}

describe('postern emulate --key', () => {
  test('takes each of the keys that are named, and no other', async () => {
    const given = ['acme=jt_of_acme', 'globex=jt_with=equals==']
    const { base_url, keys, secret } = await emulate('joytoken', ...given.flatMap((key) => ['--key', key]))
    expect([keys, secret]).toEqual([{ acme: 'jt_of_acme', globex: 'jt_with=equals==' }, 'jt_of_acme'])
    const statuses = await Promise.all(['jt_of_acme', 'jt_with=equals==', 'jt_other'].map((key) => statusWith(base_url, key)))
    expect(statuses).toEqual([200, 200, 403])
  })

  test('lets a key of a gateway that takes a provider’s key beside it go with any of those', async () => {
    const { base_url } = await emulate('mintoken', '--key', 'main=mt_live_of_a_test')
    expect(await statusWith(base_url, 'mt_live_of_a_test')).toBe(200)
  })

  test('without it there is a fresh key, under the name main', async () => {
    const { secret, keys } = await emulate('onysoft')
    expect(keys).toEqual({ main: secret })
  })

  test.each([
    ['has no name', 'joytoken', ['jt_without_a_name']],
    ['has an empty name', 'joytoken', ['=jt_value']],
    ['has a name with blanks', 'joytoken', ['a b=jt_value']],
    ['has no value', 'joytoken', ['acme=']],
    ['has a value that no header carries', 'joytoken', ['acme=jt_two words']],
    ['has not the form of its gateway', 'onysoft', ['acme=sk-ony-short']],
    ['has a name twice', 'joytoken', ['acme=jt_1', 'acme=jt_2']],
    ['has a value twice', 'joytoken', ['acme=jt_1', 'globex=jt_1']],
  ])('refuses with exit code 2 a key that %s, and repeats no value', async (_, gateway, keys) => {
    const { code, stdout, stderr } = await runPostern(['emulate', gateway, ...keys.flatMap((key) => ['--key', key])])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/key/)
    for (const key of keys) expect(stderr).not.toContain(key.slice(key.indexOf('=') + 1) || 'jt_')
  })

  test('refuses a port that is taken, in a sentence', async () => {
    const port = String(await freePort())
    await emulate('joytoken', '--port', port)
    expect(await runPostern(['emulate', 'joytoken', '--port', port])).toMatchObject({
      code: 1,
      stderr: `127.0.0.1:${port} is taken by another process. Choose another --port.\n`,
    })
  })
})
