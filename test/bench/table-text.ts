import Table from 'cli-table3'

/** A number as people write it: `1,234.5`. */
export function figure(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Draws a table whose first column is of words and whose others are of numbers, unless `words` names them. */
export function drawTable(head: readonly string[], rows: readonly (readonly string[])[], words: readonly number[] = [0]): string {
  const table = new Table({
    style: { head: [], border: [] },
    head: [...head],
    colAligns: head.map((_, index) => (words.includes(index) ? 'left' : 'right')),
  })
  for (const row of rows) table.push([...row])
  return table.toString()
}
