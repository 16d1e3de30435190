/** The words in these lines, which are parted by blanks: for tables of many names. */
export function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '))
}
