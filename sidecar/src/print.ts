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
