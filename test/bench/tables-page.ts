/** The tables of a run as a page: what stood between lines stands in Markdown, under a heading for each line of Node. */
export function writeTables(tables: string, command: string, machine: string, pictures: readonly string[]): string {
  const parts = [
    '# Figures of one run',
    '',
    `Written by \`${command}\`: ${machine}. [performance.md](../performance.md) says what they mean.`,
    '',
  ]
  for (const picture of pictures) parts.push(`![What \`npm run bench\` measured](${picture})`, '')
  let isHead = true
  for (const line of tables.split('\n')) {
    if (line.startsWith('┌')) isHead = true
    else if (line.startsWith('└')) parts.push('')
    else if (line.startsWith('│')) {
      const cells = cellsOf(line)
      parts.push(`| ${cells.join(' | ')} |`)
      if (isHead) parts.push(`| ${cells.map((_, index) => (index === 0 ? '---' : '--:')).join(' | ')} |`)
      isHead = false
    } else if (!line.startsWith('├') && line.trim() !== '') parts.push(line.startsWith('Node ') ? `## ${line}` : line, '')
  }
  return `${parts.join('\n').trimEnd()}\n`
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split('│')
    .map((cell) => cell.trim())
}
