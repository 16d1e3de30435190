/** Stands in Redis for a time that never comes. */
const never = '9007199254740991'

/** When a window is forgotten, as Redis keeps it; `undefined`: never. */
export function writeForgets(forgetsMs: number | undefined): string {
  return forgetsMs === undefined ? never : String(forgetsMs)
}

export function readForgets(written: string | undefined): number | undefined {
  return written === undefined || written === never ? undefined : Number(written)
}
