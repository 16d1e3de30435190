import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The variable that names {@link templateFolder} to the processes of a run. */
const variable = 'POSTERN_TEST_TEMPLATES'

/** A folder for what tests make once and copy. It is removed at the end of a run, which the processes of a run do not live to see. */
export function templateFolder(): string {
  return (process.env[variable] ??= mkdtempSync(join(tmpdir(), 'postern-templates-')))
}

/** Vitest calls it before a run, and what it gives after it. */
export default function setUp(): () => void {
  const folder = templateFolder()
  return () => rmSync(folder, { recursive: true, force: true })
}
