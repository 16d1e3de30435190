/** After how long a bar appears, in milliseconds, and how wide it is. */
const patienceMs = 500
const width = 30

/** A bar of what is done, on stderr, if that is a terminal and it takes long. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): { tell(done: number): void; end(): void } {
  const begun = performance.now()
  let isShown = false
  return {
    tell(done) {
      if (!stream.isTTY || performance.now() - begun < patienceMs) return
      isShown = true
      const full = Math.round(done * width)
      stream.write(`\r[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${String(Math.round(done * 100)).padStart(3)} %`)
    },
    end() {
      if (isShown) stream.write(`\r${' '.repeat(width + 8)}\r`)
    },
  }
}
