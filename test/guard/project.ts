import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type GuardOptions, guard as esbuildGuard } from '@postern/guard/esbuild'
import { guard as viteGuard } from '@postern/guard/vite'
import { build as esbuild, type BuildOptions, type BuildFailure } from 'esbuild'
import { build as vite, type InlineConfig, type Rollup } from 'vite'

/** A project on disk, and what building it says. */
export interface Project {
  readonly folder: string
  /** The complaint of a build with Vite, or nothing where it succeeded. */
  vite(config?: InlineConfig, options?: GuardOptions): Promise<string | undefined>
  /** The same of one with esbuild. */
  esbuild(options?: BuildOptions, guard?: GuardOptions): Promise<string | undefined>
  /** Builds with Vite, and again after each change. `ended` gets what each build says, or nothing where it succeeded. */
  watch(ended: (complaint: string | undefined) => void): Promise<Watcher>
  write(name: string, content: string | Uint8Array): void
  /** Everything that a build left, in one text. */
  output(): string
  remove(): void
}

export interface Watcher {
  close(): Promise<void>
}

/** @param files By their paths; `main.ts` is where the page begins. */
export function createProject(files: Readonly<Record<string, string>>): Project {
  const folder = mkdtempSync(join(tmpdir(), 'postern-guard-'))
  const page = '<!doctype html><title>A page</title><script type="module" src="/main.ts"></script>'
  for (const [name, content] of Object.entries({ 'index.html': page, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return {
    folder,
    async vite(config = {}, options) {
      try {
        await vite({ root: folder, configFile: false, logLevel: 'silent', plugins: [viteGuard(options)], ...config })
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
    async esbuild(options = {}, guard) {
      try {
        await esbuild({
          absWorkingDir: folder,
          entryPoints: ['main.ts'],
          bundle: true,
          format: 'esm',
          outdir: 'dist',
          logLevel: 'silent',
          plugins: [esbuildGuard(guard)],
          ...options,
        })
        return undefined
      } catch (error) {
        return (error as BuildFailure).errors
          .map(({ location, text, notes }) => `${location?.file}:${location?.line}: ${text}\n${notes.map((note) => note.text).join('\n')}`)
          .join('\n')
      }
    },
    async watch(ended) {
      const plugins = [viteGuard()]
      const watcher = (await vite({
        root: folder,
        configFile: false,
        logLevel: 'silent',
        plugins,
        build: { watch: {} },
      })) as Rollup.RollupWatcher
      watcher.on('event', (event) => {
        if (event.code === 'ERROR') ended(event.error.message)
        else if (event.code === 'BUNDLE_END') ended(undefined)
      })
      return { close: () => watcher.close() }
    },
    write(name, content) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    },
    output: () =>
      listFiles(join(folder, 'dist'))
        .map((name) => readFileSync(name, 'latin1'))
        .join('\n'),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}
