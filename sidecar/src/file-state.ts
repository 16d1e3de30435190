import { type Stats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'

/** What a file is now, as text: equal as long as nobody writes, replaces, creates or removes it, links followed. */
export function fileStateNow(file: string): string {
  try {
    return describe(statSync(file))
  } catch (error) {
    return codeOf(error)
  }
}

/** The same without blocking the event loop. */
export async function fileState(file: string): Promise<string> {
  try {
    return describe(await stat(file))
  } catch (error) {
    return codeOf(error)
  }
}

function describe({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code)
}
