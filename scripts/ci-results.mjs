// What the build server makes of the results of test runs, as Vitest's JSON reporter writes them.
//   node scripts/ci-results.mjs failed FILE           the test files that failed, a line each
//   node scripts/ci-results.mjs sum STATUS FOLDER     the count of all results in a folder, as the last line; STATUS: what else failed, or 0
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Results of the same tests as NAME.json, run once more alone: they count in place of the first ones. */
const again = '.again.json'

/** Errors of the run of NAME.json that belong to no test: see test/support/unhandled-errors.ts. */
const errors = '.errors.json'

/** The files in which a test failed, or that could not be read at all. */
export function failedFiles({ testResults }) {
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name)
}

/**
 * What a run comes to. A file that failed counts by its second run, in which it had the machine for itself; a test that is not in it has
 * failed.
 *
 * @param first The results of all files.
 * @param second The results of those that failed; `undefined`: there was no second run.
 * @returns Counts, and the names of the tests that passed only when they were run alone.
 */
export function sumUp(first, second) {
  const repeated = new Map((second?.testResults ?? []).map((file) => [file.name, file]))
  const files = first.testResults.map((file) => repeated.get(file.name) ?? file)
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length
  const unreadable = files.filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.some(isFailed)).length
  const onlyAlone = first.testResults.flatMap((file) => {
    const passedAlone = new Set(
      repeated.get(file.name)?.assertionResults.flatMap(({ fullName, status }) => (status === 'passed' ? fullName : [])),
    )
    return file.assertionResults
      .filter((test) => isFailed(test) && passedAlone.has(test.fullName))
      .map(({ fullName }) => `${relative(process.cwd(), file.name)} > ${fullName}`)
  })
  const lost = first.testResults.flatMap((file) => {
    const found = repeated.get(file.name)
    if (found === undefined || found.assertionResults.length === 0) return []
    const names = new Set(found.assertionResults.map(({ fullName }) => fullName))
    return file.assertionResults.filter(({ fullName }) => !names.has(fullName))
  })
  const passed = count('passed')
  const failed = count('failed') + unreadable + lost.length
  return { passed, failed, skipped: tests.length - passed - count('failed'), onlyAlone }
}

function isFailed({ status }) {
  return status === 'failed'
}

function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function printSum(status, folder) {
  const runs = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.endsWith(again) && !name.endsWith(errors))
  const sums = runs.map((name) => sumUp(read(join(folder, name)), read(join(folder, name.replace(/\.json$/, again)))))
  const total = (part) => sums.reduce((sum, each) => sum + each[part], 0)
  for (const name of sums.flatMap(({ onlyAlone }) => onlyAlone))
    console.error(`Failed beside others and passed alone, so it does not fail this build; look at it under load (ADR 0051): ${name}`)
  const ofNoTest = runs.flatMap((name) => read(join(folder, name.replace(/\.json$/, errors))) ?? [])
  for (const { message, file } of ofNoTest) console.error(`An error that belongs to no test, in ${file}: ${message}`)
  if (total('skipped') > 0) console.error(`${total('skipped')} tests were skipped; none may be here.`)
  const failed = total('failed') + total('skipped') + ofNoTest.length
  const otherwise = failed === 0 && status !== '0'
  if (otherwise) console.error('The tests passed, but something else failed: see above.')
  console.log(`${total('passed')} passed, ${failed + (otherwise ? 1 : 0)} failed`)
  return failed === 0 && !otherwise ? 0 : 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , task, one, two] = process.argv
  if (task === 'failed') for (const name of failedFiles(read(one) ?? { testResults: [] })) console.log(relative(process.cwd(), name))
  else process.exitCode = printSum(one, two)
}
