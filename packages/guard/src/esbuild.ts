import { readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { BuildResult, PartialMessage, Plugin } from 'esbuild'
import { createFinder } from './find-leaks.js'
import { inspectOutput, type OutputFile } from './inspect-output.js'
import type { GuardOptions } from './options.js'
import { advice, reportFindings } from './report.js'

export type { GuardOptions } from './options.js'

/**
 * Fails a build whose output would publish a key of an AI gateway or provider: a text that has the form of a key, or
 * the value of a variable such as `OPENAI_API_KEY` in the environment of the build. It checks what the page will get,
 * after the minifier: code, assets and source maps. It deletes files that the build wrote and that contain one. Builds
 * for `platform: 'node'` are not checked.
 *
 * @example
 * ```ts
 * await build({ entryPoints: ['src/page.ts'], bundle: true, outdir: 'dist', plugins: [guard()] })
 * ```
 */
export function guard(options: GuardOptions = {}): Plugin {
  return {
    name: 'postern-guard',
    setup(build) {
      const { initialOptions } = build
      if (initialOptions.platform === 'node') return
      // The metafile lists the output files and the sources of each.
      initialOptions.metafile = true
      const root = resolve(initialOptions.absWorkingDir ?? process.cwd())
      build.onEnd((result) => {
        const finder = createFinder(options, process.env)
        const files = outputFiles(result, root)
        const findings = files.flatMap((file) => inspectOutput(file, finder))
        // With `write: false`, a file of that name on disk is not of this build.
        if (result.outputFiles === undefined)
          for (const output of new Set(findings.map(({ output }) => output))) rmSync(resolve(root, output), { force: true })
        const reported = reportFindings(findings, root, [])
        return {
          errors: reported.map(
            ({ file, line, text }): PartialMessage => ({
              text: `This build would publish ${text}.`,
              location: { file, line },
              notes: [{ text: advice }],
            }),
          ),
        }
      })
    },
  }
}

function outputFiles({ metafile, outputFiles }: BuildResult, root: string): OutputFile[] {
  return Object.entries(metafile?.outputs ?? {}).map(([name, { inputs }]) => {
    const path = resolve(root, name)
    // With `write: false`, files exist only in the result.
    const content = outputFiles?.find((file) => file.path === path)?.contents ?? readFileSync(path)
    return { name, content, sources: Object.keys(inputs).map((input) => resolve(root, input)) }
  })
}
