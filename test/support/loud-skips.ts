import type { Reporter, TestModule } from 'vitest/node'
import { missingPrograms } from './programs.js'

/** Prints at the end of a run which suites were skipped, and the one command that installs what they need. */
export class LoudSkips implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.filter((module) => [...module.children.allTests('skipped')].length > 0)
    if (skipped.length === 0) return
    const lines = skipped.map((module) => `  ${module.relativeModuleId}`)
    const missing = missingPrograms()
    if (missing.length === 0) {
      process.stdout.write(`\nLeft out:\n${lines.join('\n')}\n`)
      return
    }
    process.stdout.write(
      `\nLeft out, because a program they need is not installed:\n${lines.join('\n')}\nTo run them too: apt-get install -y ${missing.join(' ')}\n`,
    )
  }
}
