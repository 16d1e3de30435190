import { asciiJson } from '@postern/protocol'
import Table from 'cli-table3'

/** Prints a line on stdout. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Prints data for a program: JSON, indented. */
export function printJson(data: unknown): void {
  print(JSON.stringify(data, null, 2))
}

/** Prints a table for a person. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] } })
  table.push(...rows.map((row) => [...row]))
  print(table.toString())
}

/** Escapes what a terminal obeys in a text that somebody else wrote. Line breaks stay. */
export function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => asciiJson(JSON.stringify(line)).slice(1, -1).replaceAll('\\"', '"'))
    .join('\n')
}

/** Escapes what a terminal obeys, or does not show, in a name that a client chose; other letters stay. It is one line. */
export function showName(name: string): string {
  return name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`)
}
