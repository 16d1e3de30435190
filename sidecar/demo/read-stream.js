/**
 * Reads server-sent events, comment lines included, which `EventSource` and most clients drop.
 *
 * Rejects where the connection breaks off.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{ data: string, comment?: undefined } | { comment: string, data?: undefined }>}
 */
export async function* readStream(body) {
  let data = []
  for await (const line of readLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { data: data.join('\n') }
      data = []
    } else if (line.startsWith(':')) {
      yield { comment: withoutSpace(line.slice(1)) }
    } else if (line.startsWith('data:')) {
      data.push(withoutSpace(line.slice('data:'.length)))
    }
  }
}

async function* readLines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

function withoutSpace(text) {
  return text.startsWith(' ') ? text.slice(1) : text
}
