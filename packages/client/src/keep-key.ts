const database = 'postern'
const storeName = 'keys'
const name = 'dpop'

/** How long to wait for IndexedDB, in milliseconds. Some browsers never answer. */
const patienceMs = 2000

/**
 * Returns the key pair of this origin: made once, kept in IndexedDB, and not extractable. If IndexedDB is missing, as
 * in Node, or may not be used, as in some private windows, the pair lives as long as the page.
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
  opening.onupgradeneeded = () => opening.result.createObjectStore(storeName)
  const store = await settled(opening)
  try {
    // One transaction: if two windows start at once, both get the same key pair.
    const keys = store.transaction(storeName, 'readwrite').objectStore(storeName)
    const kept: unknown = await settled(keys.get(name))
    if (isUsable(kept)) return kept
    await settled(keys.put(fresh, name))
    return fresh
  } finally {
    store.close()
  }
}

/** Another program of this origin may have stored something else under this name. */
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
