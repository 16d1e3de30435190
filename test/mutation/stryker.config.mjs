import { join } from 'node:path'
import { subjects } from './subjects.mjs'

const subject = process.env.MUTATION_SUBJECT ?? ''
const results = join('.mutation', subject.replaceAll(' ', '-').toLowerCase())

/** Stryker's options for the subject that `main.mjs` names. */
export default {
  mutate: [...subjects[subject].files],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './test/mutation/texts-for-people.mjs'],
  ignorers: ['texts for people'],
  // The tests import the packages by their names, which leads Vitest's search for related tests astray.
  vitest: { configFile: 'test/mutation/vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  checkers: [],
  concurrency: Number(process.env.MUTATION_CONCURRENCY),
  // A mutant that never ends is found by the count of its steps; a time alone would be a kill on a busy machine.
  timeoutMS: 20_000,
  timeoutFactor: 3,
  disableTypeChecks: false,
  // Stryker rewrites the paths of this file with the compiler's functions, which TypeScript 7 has no more. There is no such file.
  tsconfigFile: 'none.json',
  packageManager: 'pnpm',
  incremental: true,
  incrementalFile: `${results}.incremental.json`,
  jsonReporter: { fileName: `${results}.json` },
  htmlReporter: { fileName: `${results}.html` },
  reporters: ['json', 'html', process.stdout.isTTY ? 'progress' : 'progress-append-only'],
  tempDirName: '.mutation-tmp',
  ignorePatterns: [
    '.mutation',
    '.platforms',
    '.nodes',
    'dist',
    'docs',
    'examples',
    'scripts',
    'test/platforms',
    'test/fidelity',
    'test/fuzz',
  ],
}
