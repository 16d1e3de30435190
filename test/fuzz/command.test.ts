import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runMainInProcess } from '../support/run-in-process.js'
import type { Finished } from '../support/run-postern.js'
import { main } from './command.js'

const command = join(import.meta.dirname, 'dist/main.js')

function fuzz(args: readonly string[]): Promise<Finished> {
  return new Promise((done) => {
    execFile(process.execPath, [command, ...args], { env: { PATH: process.env['PATH'] }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
    )
  })
}

describe('npm run fuzz', () => {
  test('prints its seed first, and a table: target, inputs, inputs/s, longest turn, findings', async () => {
    const { code, stdout, stderr } = await fuzz(['--seed', '7', '--only', 'session-claims', '--inputs', '200'])
    expect(stderr).toMatch(/^seed 7\n/)
    expect(stdout).toMatch(/target\s*│.*│\s*inputs\s*│\s*inputs\/s\s*│\s*longest turn, ms\s*│\s*findings/)
    expect([code, /session-claims\s*│[^│]*│\s*(\d+)/.exec(stdout)?.[1]]).toEqual([0, '200'])
  })

  test('throws one input alone, and prints it', async () => {
    const one = async (): Promise<string> =>
      (await fuzz(['--seed', '7', '--only', 'hash-ring', '--input', '12'])).stderr.replace(/^hash-ring …$/m, '')
    const [first, second] = [await one(), await one()]
    expect(first).toMatch(/^seed 7\n/)
    expect(first.split('\n').length).toBeGreaterThan(2)
    expect(second).toBe(first)
  })

  test.each<[string[], RegExp]>([
    [['--only', 'other'], /"other" is none of mount, express/],
    [['--seed', 'x'], /--seed: "x" is no whole number/],
    [['--input', '3'], /need --seed/],
    [['--seed', '1', '--only', 'json', '--replay', 'a..b'], /--replay: "" is no choice/],
    [['--nonsense'], /nonsense/],
  ])('says what is wrong with %j', async (args, words) => {
    const { code, stderr } = await (args[0] === '--nonsense' ? fuzz(args) : runMainInProcess(main, args))
    expect(code).toBe(2)
    expect(stderr).toMatch(words)
  })
})
