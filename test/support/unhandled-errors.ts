import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

/** The variable that names the file for them. */
const variable = 'POSTERN_UNHANDLED_ERRORS'

/**
 * Writes down the errors of a run that belong to no test, as JSON, where the build server asks for them: they fail a run, and its other
 * results do not have them. Those of a file in which a test failed too are left out: such a file is looked at anyway.
 */
export default class UnhandledErrors implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env[variable]
    if (file === undefined) return
    const failed = new Set(modules.filter((module) => module.state() === 'failed').map(({ moduleId }) => moduleId))
    const others = errors.filter((error) => !failed.has(String(error['VITEST_TEST_PATH'])))
    const told = others.map((error) => ({ message: error.message, file: pathOf(error['VITEST_TEST_PATH']) }))
    writeFileSync(file, JSON.stringify(told))
  }
}

function pathOf(path: unknown): string {
  return typeof path === 'string' ? relative(process.cwd(), path) : 'no file that is known'
}
