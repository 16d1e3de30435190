/**
 * So many combining marks in a row real text does not have (UAX #15, Stream-Safe Text Format). To put a longer row into its order takes
 * quadratic time.
 */
const marksInRow = 30
const manyMarks = new RegExp(`\\p{M}{${marksInRow + 1}}`, 'u')
const rowOfMarks = new RegExp(`(\\p{M}{${marksInRow}})`, 'u')

/**
 * A text in its plain letters, as readers take wide, bold or ringed ones for them (Unicode NFKC), in time linear in its length: more than
 * thirty combining marks in a row are normalised by thirties. No other code of ours normalises a text whose length a client decides.
 */
export function normalizeWide(text: string): string {
  if (!manyMarks.test(text)) return text.normalize('NFKC')
  return text
    .split(rowOfMarks)
    .map((part) => part.normalize('NFKC'))
    .join('')
}
