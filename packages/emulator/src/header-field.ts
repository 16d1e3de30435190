/** A header as it came: its name in the sender's spelling, and its value. */
export type HeaderField = readonly [name: string, value: string]
