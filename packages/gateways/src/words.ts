/** The words of these lines, split at single spaces: for long tables of names. */
export function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '))
}
