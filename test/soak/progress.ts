const width = 24

/** Shows on stderr how far the soak is: a bar on a terminal, a line for each sample elsewhere. */
export class Progress {
  /** @param share From 0 to 1. */
  show(share: number, text: string): void {
    if (!process.stderr.isTTY) {
      process.stderr.write(`${text}\n`)
      return
    }
    const filled = Math.min(width, Math.round(share * width))
    process.stderr.write(`\r\u001b[2K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${text}`)
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
  }
}
