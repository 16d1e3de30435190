/** After how long a bar appears, in milliseconds, and how wide it is. */
const patienceMs = 500
const width = 30

/** A bar of what is done, on stderr, if that is a terminal and it takes long. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): { tell(done: number): void; end(): void } {
  const begun = performance.now()
  let shown: number | undefined
  return {
    tell(done) {
      const share = Math.round(done * 100)
      // An import tells of each of a million lines, and a terminal takes longer to write than the line takes to import.
      if (!stream.isTTY || share === shown || performance.now() - begun < patienceMs) return
      shown = share
      const full = Math.round(done * width)
      stream.write(`\r[${'#'.repeat(full)}${'-'.repeat(width - full)}] ${String(share).padStart(3)} %`)
    },
    end() {
      if (shown !== undefined) stream.write(`\r${' '.repeat(width + 8)}\r`)
    },
  }
}
