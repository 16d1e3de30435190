/** Events that say when they were sent, so that whoever reads them knows how long they took. */

const mark = '"sent":"'
const digits = 16

/** Milliseconds by the clock of the machine, which is the same in all its processes. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** One token of a stream, sent now. */
export function timedEvent(): Buffer {
  const sent = clockMs().toFixed(3).padStart(digits, '0')
  const choices = '[{"index":0,"delta":{"content":"open "},"finish_reason":null}]'
  return Buffer.from(
    `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",${mark}${sent}","choices":${choices}}\n\n`,
  )
}

/** How long each event of this piece of a stream took, in milliseconds. An event that is cut is left out. */
export function latenciesOf(piece: Buffer, now: number): number[] {
  const times: number[] = []
  for (let at = piece.indexOf(mark); at >= 0; at = piece.indexOf(mark, at + 1)) {
    const text = piece.toString('latin1', at + mark.length, at + mark.length + digits)
    if (text.length === digits) times.push(now - Number(text))
  }
  return times
}
