import type { ComponentChildren } from 'preact'

/** A column of a table. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => ComponentChildren
  /** Numbers stand at the right, one below the other. */
  readonly isNumber?: boolean
  /** A picture takes what room there is. */
  readonly isPicture?: boolean
  /** Left out where the window is narrow. */
  readonly isWide?: boolean
}

interface TableProps<Row> {
  /** What the table has: its heading. */
  readonly title: string
  /** A sentence below the heading. */
  readonly note?: string | undefined
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row, index: number) => string
  /** What stands there if there are no rows: says what to do. */
  readonly empty: string
  readonly children?: ComponentChildren
}

/** A table with its heading. Where it is wider than the window it is moved by itself, also with the arrow keys. */
export function Table<Row>({ title, note, columns, rows, keyOf, empty, children }: TableProps<Row>) {
  return (
    <section class="card" aria-label={title}>
      <header class="card-head">
        <h2>{title}</h2>
        {children}
      </header>
      {note === undefined ? undefined : <p class="note">{note}</p>}
      {rows.length === 0 ? (
        <p class="empty">{empty}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label={`${title}, table`}>
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.head} scope="col" class={classOf(column)}>
                    {column.head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <tr key={keyOf(row, index)}>
                  {columns.map((column) => (
                    <td key={column.head} class={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function classOf<Row>({ isNumber = false, isPicture = false, isWide = false }: Column<Row>): string {
  return [isNumber ? 'number' : '', isPicture ? 'picture' : '', isWide ? 'wide' : ''].join(' ').trim()
}
