import { readFileSync, statSync } from 'node:fs'
import { lineAt } from './find-leaks.js'
import { viewsOf } from './views.js'

/** A line of a file that a person can open and correct. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** Largest file that is searched, in bytes: a larger one was not written by hand. */
const maxSourceChars = 2_000_000

/** Finds the first of these files that contains a text, and its line. */
export function locate(sought: string, files: readonly string[]): Place | undefined {
  for (const file of files) {
    const text = readSource(file)
    for (const view of text === undefined ? [] : viewsOf(text)) {
      const index = view.text.indexOf(sought)
      if (index !== -1) return { file, line: lineAt(text as string, view.origin(index)) }
    }
  }
  return undefined
}

function readSource(file: string): string | undefined {
  try {
    return statSync(file).size > maxSourceChars ? undefined : readFileSync(file, 'utf8')
  } catch {
    // Not a file: a virtual module of a plugin.
    return undefined
  }
}
