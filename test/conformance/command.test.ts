import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type Emulator, type EmulatedKey, issueKey, startEmulator } from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runMainInProcess } from '../support/run-in-process.js'
import type { Finished } from '../support/run-postern.js'
import { main } from './command.js'

const command = join(import.meta.dirname, 'dist/conformance/main.js')

/** As a process of its own. */
function runAlone(args: readonly string[]): Promise<Finished> {
  return new Promise((done) => {
    execFile(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'] } }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
    )
  })
}

const conformance = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> =>
  runMainInProcess(main, args, { env })

describe('npm run conformance', () => {
  test('prints a table: gateway, cases, passed', async () => {
    const { code, stdout } = await runAlone(['--dialect', 'onysoft'])
    expect(stdout).toMatch(/gateway\s*│\s*cases\s*│\s*passed/)
    const [, cases, passed] = /onysoft\s*│\s*(\d+)\s*│\s*(\d+)/.exec(stdout) ?? []
    expect([code, Number(cases) >= 40, passed]).toEqual([0, true, cases])
  })

  test.each<[string[], RegExp]>([
    [['--dialect', 'other'], /none of joytoken, opentoken/],
    [['--url', 'https://api.example.com'], /needs --dialect/],
    [['--dialect', 'joytoken', '--url', 'https://api.example.com'], /needs --key-env/],
    [['--dialect', 'joytoken', '--url', 'https://api.example.com', '--key-env', 'NOT_SET'], /NOT_SET is not set/],
    [['--nonsense'], /nonsense/],
  ])('says what is wrong with %j', async (args, words) => {
    const { code, stderr } = await (args[0] === '--nonsense' ? runAlone(args) : conformance(args))
    expect(code).toBe(2)
    expect(stderr).toMatch(words)
  })

  describe('pointed at a gateway by URL and key', () => {
    let emulator: Emulator
    const key: EmulatedKey = issueKey('joytoken')
    beforeAll(async () => {
      emulator = await startEmulator('joytoken', { keys: [key] })
    })
    afterAll(() => emulator.close())
    const pointed = () =>
      conformance(['--dialect', 'joytoken', '--url', emulator.baseURL, '--key-env', 'JOY', '--json'], { JOY: key.secret })

    test('asks the rows that such a gateway can be asked, with that key, and counts the others', async () => {
      const { code, stdout } = await pointed()
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject([{ gateway: 'joytoken', failures: [], leftOut: expect.any(Number) }])
      expect(emulator.seen.length).toBeGreaterThan(3)
      expect(emulator.seen.flatMap(({ credentials }) => credentials.map(({ value }) => value))).toContain(key.secret)
    })

    test('says which rows do not hold, and not the key', async () => {
      key.state = 'revoked'
      const { code, stdout } = await pointed()
      expect(code).toBe(1)
      const [{ failures }] = JSON.parse(stdout) as [{ failures: { name: string; reason: string }[] }]
      expect(failures.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^answers: chat: 200/))
      expect(stdout).not.toContain(key.secret)
    })
  })
})
