import { readFileSync, statSync } from 'node:fs'
import { lineAt } from './find-leaks.js'
import { viewsOf } from './views.js'

/** A line of a file that somebody can go to and mend. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** More than this nobody wrote by hand, in bytes. */
const largestSource = 2_000_000

/** Finds where a text comes from, among files that it may come from. */
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
    return statSync(file).size > largestSource ? undefined : readFileSync(file, 'utf8')
  } catch {
    // A module that some plugin made up.
    return undefined
  }
}
