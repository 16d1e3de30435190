/** A row of a table in CSV by the names of its columns; or the code of what is wrong with it. */
export type TableRow =
  | { readonly line: number; readonly record: Readonly<Record<string, string>> }
  | { readonly line: number; readonly code: string }

/** Judges the first line and returns the names of the columns. */
export type CheckHead = (head: string[]) => string[]

/**
 * Reads a table in CSV with the library for that.
 *
 * @param columns The names of the columns, or what reads them from the first line.
 * @param before How many lines were read before.
 * @param maxRowBytes The longest row.
 * @throws What `columns` throws; the system's error, if the stream breaks off.
 */
export async function* readByLibrary(
  stream: NodeJS.ReadableStream,
  columns: CheckHead | string[],
  before: number,
  maxRowBytes: number,
): AsyncGenerator<readonly TableRow[]> {
  const { parse } = await import('csv-parse')
  const parser = parse({
    bom: before === 0,
    columns,
    info: true,
    relax_column_count: false,
    skip_empty_lines: true,
    max_record_size: maxRowBytes,
    ...(before === 0 ? {} : { record_delimiter: '\n' }),
  })
  stream.on('error', (error) => parser.destroy(error))
  stream.pipe(parser)
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, string>; info: { lines: number } }>)
      yield [{ line: before + info.lines, record }]
  } catch (error) {
    const { lines } = error as { readonly lines?: number }
    if (lines === undefined) throw error
    // The library's message repeats the row, which holds a key.
    yield [{ line: before + lines, code: codeOf(error) }]
  }
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code
  return typeof code === 'string' ? code : 'CSV'
}
