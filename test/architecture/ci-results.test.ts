import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
// @ts-expect-error a script, which has no types
import { failedFiles, sumUp } from '../../scripts/ci-results.mjs'

type Status = 'passed' | 'failed' | 'pending'

/** A file of Vitest's JSON, with its tests by their names. */
function file(name: string, tests: Readonly<Record<string, Status>>, status?: 'failed') {
  const assertionResults = Object.entries(tests).map(([fullName, state]) => ({ fullName, status: state }))
  const failed = assertionResults.some((result) => result.status === 'failed')
  return { name, status: status ?? (failed ? 'failed' : 'passed'), assertionResults }
}

const run = (...testResults: readonly ReturnType<typeof file>[]) => ({ testResults })

test('a run comes to its tests, and a file that cannot be read is a failure', () => {
  const first = run(file('a', { one: 'passed', two: 'passed' }), file('b', {}, 'failed'))
  expect(failedFiles(first)).toEqual(['b'])
  expect(sumUp(first)).toEqual({ passed: 2, failed: 1, skipped: 0, onlyAlone: [] })
})

test('a test that fails twice is a failure, beside others and alone', () => {
  const first = run(file('a', { one: 'passed' }), file('b', { two: 'failed', three: 'passed' }))
  const alone = run(file('b', { two: 'failed', three: 'passed' }))
  expect(sumUp(first, alone)).toEqual({ passed: 2, failed: 1, skipped: 0, onlyAlone: [] })
})

test('a test that fails beside others and passes alone is named, and counts once', () => {
  const first = run(file('a', { one: 'passed' }), file('b', { two: 'failed', three: 'passed' }))
  const alone = run(file('b', { two: 'passed', three: 'passed' }))
  expect(sumUp(first, alone)).toEqual({ passed: 3, failed: 0, skipped: 0, onlyAlone: ['b > two'] })
})

test('a test that passes beside others and fails alone is a failure', () => {
  const first = run(file('b', { two: 'failed', three: 'passed' }))
  const alone = run(file('b', { two: 'passed', three: 'failed' }))
  expect(sumUp(first, alone)).toEqual({ passed: 1, failed: 1, skipped: 0, onlyAlone: ['b > two'] })
})

test('a test that the second run leaves out is skipped, and a file that cannot be read then is a failure', () => {
  const first = run(file('b', { two: 'failed' }), file('c', { three: 'failed' }))
  const alone = run(file('b', { two: 'pending' }), file('c', {}, 'failed'))
  expect(sumUp(first, alone)).toEqual({ passed: 0, failed: 1, skipped: 1, onlyAlone: [] })
})

test('a test or a file that the second run does not have is a failure', () => {
  const first = run(file('b', { two: 'failed', three: 'passed' }), file('c', { four: 'failed' }))
  const alone = run(file('b', { two: 'passed' }))
  expect(sumUp(first, alone)).toMatchObject({ passed: 1, failed: 2 })
})

describe('a whole run of the build server', () => {
  const script = resolve(import.meta.dirname, '../../scripts/ci-results.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'postern-ci-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const endOf = (files: Readonly<Record<string, unknown>>, status = '0') => {
    const results = mkdtempSync(join(folder, 'run-'))
    for (const [name, value] of Object.entries(files)) writeFileSync(join(results, name), JSON.stringify(value))
    const { status: code, stdout, stderr } = spawnSync(process.execPath, [script, 'sum', status, results], { encoding: 'utf8' })
    return { code, last: stdout.trim(), told: stderr.trim() }
  }
  const good = run(file('a', { one: 'passed' }))

  test('ends with its count', () => {
    const ended = endOf({ 'test.json': good, 'test.errors.json': [], 'platforms.json': good })
    expect(ended).toEqual({ code: 0, last: '2 passed, 0 failed', told: '' })
  })

  test('fails where an error belongs to no test, also if a file that failed passes alone', () => {
    const errors = [{ message: 'a real fault', file: 'test/c.test.ts' }]
    const first = run(file('a', { one: 'failed' }))
    expect(endOf({ 'test.json': first, 'test.again.json': good, 'test.errors.json': errors })).toMatchObject({
      code: 1,
      last: '1 passed, 1 failed',
      told: expect.stringMatching(/passed alone.*a > one[^]*belongs to no test, in test\/c\.test\.ts: a real fault/),
    })
  })

  test('fails where something else did', () => {
    expect(endOf({ 'test.json': good }, '1')).toMatchObject({ code: 1, last: '1 passed, 1 failed' })
  })
})
