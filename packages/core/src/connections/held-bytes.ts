/** Counts what is held in memory for clients until it is whole, by address and in all. */
export class HeldBytes {
  readonly #perAddress: number
  readonly #inAll: number
  readonly #byAddress = new Map<string | undefined, number>()
  #sum = 0

  constructor(perAddress: number, inAll: number) {
    this.#perAddress = perAddress
    this.#inAll = inAll
  }

  /**
   * Takes down that so many more bytes are held.
   *
   * @param address `undefined`: of nobody who is counted by address.
   * @returns `false` where they would be too many; then nothing is taken down.
   */
  take(address: string | undefined, bytes: number): boolean {
    const held = (this.#byAddress.get(address) ?? 0) + bytes
    if (this.#sum + bytes > this.#inAll || (address !== undefined && held > this.#perAddress)) return false
    this.#byAddress.set(address, held)
    this.#sum += bytes
    return true
  }

  letGo(address: string | undefined, bytes: number): void {
    if (bytes === 0) return
    this.#sum -= bytes
    const left = (this.#byAddress.get(address) ?? 0) - bytes
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }

  get sum(): number {
    return this.#sum
  }
}
