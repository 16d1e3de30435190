/** What a process exports for Prometheus, read from its text. */
export interface ReadMetrics {
  /** The names of the metrics, in their order. */
  readonly names: readonly string[]
  /** Each series as it is written, `name{label="value"}`, and its value. */
  readonly series: ReadonlyMap<string, number>
  /** The sum of all series of a name whose labels are among others these. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
}

export function readMetrics(text: string): ReadMetrics {
  const lines = text.split('\n')
  const series = new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))] as const),
  )
  return {
    names: lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2] as string),
    series,
    sum(name, labels = {}) {
      const parts = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const own = [...series].filter(([key]) => key.split('{')[0] === name && parts.every((part) => key.includes(part)))
      return own.reduce((sum, [, value]) => sum + value, 0)
    },
  }
}
