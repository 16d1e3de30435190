/**
 * The head of an answer as text, for a socket that has no `ServerResponse`.
 *
 * @param headers Name and value in turn.
 */
export function headText(status: number, reason: string, headers: readonly string[]): string {
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : []))
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('\r\n')}\r\n\r\n`
}
