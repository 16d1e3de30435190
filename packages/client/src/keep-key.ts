const database = 'postern'
const shelf = 'keys'
const name = 'dpop'

/**
 * Gives the key of this origin, which outlives the page: made once, kept by the browser, readable by nobody.
 * Where there is no IndexedDB, as in Node, or none that may be used, as in some private windows, it lives as
 * long as the page.
 */
export async function keepKey(make: () => Promise<CryptoKeyPair>): Promise<CryptoKeyPair> {
  if (typeof indexedDB === 'undefined') return make()
  const fresh = await make()
  try {
    const opening = indexedDB.open(database, 1)
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(shelf))
    const store = await settled(opening)
    try {
      // In one transaction, so that of two windows which begin together both get the same.
      const keys = store.transaction(shelf, 'readwrite').objectStore(shelf)
      const kept = (await settled(keys.get(name))) as CryptoKeyPair | undefined
      if (kept !== undefined) return kept
      await settled(keys.add(fresh, name))
      return fresh
    } finally {
      store.close()
    }
  } catch {
    return fresh
  }
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB cannot be used.')))
  })
}
