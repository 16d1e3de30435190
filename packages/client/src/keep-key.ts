const database = 'postern'
const shelf = 'keys'
const name = 'dpop'

/** How long the browser may take to open its database, in milliseconds. Some have been seen to take for ever. */
const patienceMs = 2000

/**
 * Gives the key of this origin, which outlives the page: made once, kept by the browser, readable by nobody.
 * Where there is no IndexedDB, as in Node, or none that may be used, as in some private windows, it lives as
 * long as the page.
 */
export async function keepKey(make: () => Promise<CryptoKeyPair>): Promise<CryptoKeyPair> {
  const fresh = await make()
  if (typeof indexedDB === 'undefined') return fresh
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<CryptoKeyPair>((resolve) => {
    timer = setTimeout(resolve, patienceMs, fresh)
  })
  const kept = keptOr(fresh).catch(() => fresh)
  return Promise.race([kept, tooLate]).finally(() => clearTimeout(timer))
}

async function keptOr(fresh: CryptoKeyPair): Promise<CryptoKeyPair> {
  const opening = indexedDB.open(database, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(shelf)
  const store = await settled(opening)
  try {
    // In one transaction, so that of two windows which begin together both get the same.
    const keys = store.transaction(shelf, 'readwrite').objectStore(shelf)
    const kept: unknown = await settled(keys.get(name))
    if (isUsable(kept)) return kept
    await settled(keys.put(fresh, name))
    return fresh
  } finally {
    store.close()
  }
}

/** What lies there may be from another program of this origin. */
function isUsable(kept: unknown): kept is CryptoKeyPair {
  const { privateKey } = (kept ?? {}) as Partial<CryptoKeyPair>
  return privateKey instanceof CryptoKey && !privateKey.extractable
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', reject)
  })
}
