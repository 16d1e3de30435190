const width = 24

/** Shows on stderr how far a run is: a bar on a terminal, a line for each target elsewhere. */
export class Progress {
  readonly #total: number
  #done = 0
  #label = ''
  #found = 0

  constructor(total: number) {
    this.#total = total
  }

  target(name: string): void {
    this.#label = name
    if (process.stderr.isTTY) this.#draw()
    else process.stderr.write(`${name} …\n`)
  }

  advance(inputs: number, found: number): void {
    this.#done += inputs
    this.#found = found
    if (process.stderr.isTTY) this.#draw()
  }

  note(text: string): void {
    this.clear()
    process.stderr.write(`${text}\n`)
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
  }

  #draw(): void {
    const filled = Math.min(width, Math.round((this.#done / this.#total) * width))
    const found = this.#found === 0 ? '' : `, ${this.#found} found`
    process.stderr.write(
      `\r\u001b[2K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${this.#done.toLocaleString('en-US')} inputs${found}, ${this.#label}`,
    )
  }
}
