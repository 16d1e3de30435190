import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { subjects } from './subjects.mjs'

const help = `Changes the code that decides, one expression at a time, and looks whether a test fails.

  npm run mutation                                all subjects
  npm run mutation -- "hash ring" paths           some of them: ${Object.keys(subjects).join(', ')}
  npm run mutation -- --anew                      forgets what earlier runs found
  npm run mutation -- --concurrency 1             processes that test at once (default 2)

A mutant that survived stands at the end, and for reading in .mutation/<subject>.html. It wants a test, or the code is not
needed, or it changes nothing: docs/mutation.md names the kinds that change nothing.
`

/** The least share of killed among the mutants that a test reaches, in percent. */
const least = 80

const root = join(import.meta.dirname, '../..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { anew: { type: 'boolean' }, concurrency: { type: 'string', default: '2' }, help: { type: 'boolean', short: 'h' } },
})
const chosen = positionals.length === 0 ? Object.keys(subjects) : positionals
const unknown = chosen.filter((name) => !Object.hasOwn(subjects, name))

if (values.help === true) process.stdout.write(help)
else if (unknown.length > 0) fail(`There is no subject "${unknown[0]}". There are ${Object.keys(subjects).join(', ')}.`)
else await testAll()

async function testAll() {
  mkdirSync(join(root, '.mutation'), { recursive: true })
  const all = []
  for (const subject of chosen) {
    process.stdout.write(`\n${subject}\n`)
    if (values.anew === true) rmSync(resultsOf(subject, 'incremental.json'), { force: true })
    rmSync(resultsOf(subject, 'json'), { force: true })
    const code = await stryker(subject)
    if (code !== 0 || !existsSync(resultsOf(subject, 'json'))) {
      fail(`Stryker ended with ${code} at "${subject}".`)
      return
    }
    all.push({ subject, mutants: mutantsOf(subject) })
  }
  for (const { mutants } of all) for (const mutant of mutants) if (mutant.status === 'Survived') process.stdout.write(describe(mutant))
  process.stdout.write('\n')
  for (const { subject, mutants } of all) process.stdout.write(`${line(subject, mutants)}\n`)
  const together = all.flatMap(({ mutants }) => mutants)
  process.stdout.write(`${line('together', together)}\n`)
  if (shareOf(together) < least) fail(`Fewer than ${least} % of the mutants that a test reaches were killed.`)
}

function stryker(subject) {
  const child = spawn(join(root, 'node_modules/.bin/stryker'), ['run', 'test/mutation/stryker.config.mjs'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MUTATION_SUBJECT: subject, MUTATION_CONCURRENCY: values.concurrency },
  })
  return new Promise((done) => {
    child.on('exit', (code, signal) => done(code ?? signal))
  })
}

function resultsOf(subject, ending) {
  return join(root, '.mutation', `${subject.replaceAll(' ', '-').toLowerCase()}.${ending}`)
}

function mutantsOf(subject) {
  const { files } = JSON.parse(readFileSync(resultsOf(subject, 'json'), 'utf8'))
  return Object.entries(files).flatMap(([file, { mutants, source }]) => mutants.map((mutant) => ({ ...mutant, file, source })))
}

/** Where a mutant stands, and what became of what. */
function describe({ file, source, location: { start, end }, mutatorName, replacement }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  const short = (text) => {
    const plain = text.replaceAll(/\s+/g, ' ')
    return plain.length > 160 ? `${plain.slice(0, 160)}…` : plain
  }
  return `\n${file}:${start.line}:${start.column} (${mutatorName})\n- ${short(lines.join('\n'))}\n+ ${short(replacement)}\n`
}

function isKilled({ status }) {
  return status === 'Killed' || status === 'Timeout'
}

function isCovered(mutant) {
  return isKilled(mutant) || mutant.status === 'Survived'
}

function shareOf(mutants) {
  return (100 * mutants.filter(isKilled).length) / mutants.filter(isCovered).length
}

function line(name, mutants) {
  const count = (status) => mutants.filter((mutant) => mutant.status === status).length
  return `${name.padEnd(14)}${shareOf(mutants).toFixed(1).padStart(6)} % of ${mutants.filter(isCovered).length} killed, ${count('Survived')} survived, ${count('NoCoverage')} reached by no test, ${count('Timeout')} ended by time`
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}
