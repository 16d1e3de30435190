import type { Secret } from './secret.js'

/** The secrets of one key of a configuration. */
export type KeySecrets = Readonly<Record<(typeof keySecretNames)[number], Secret | undefined>>

/** The settings of a key that name its secrets. What a source of keys needs has other names. */
const keySecretNames = ['secret', 'providerSecret'] as const

/** How the path of a setting of a key begins. */
const ofKeys = 'keys.'

/**
 * Secrets by the path of the setting that refers to them, such as `keys.acme.secret`. Those of keys stay at their keys: there may be 100,000 of
 * them, and their paths are made for callers who ask for paths.
 */
export class SecretsByPath implements ReadonlyMap<string, Secret> {
  readonly #keys: ReadonlyMap<string, KeySecrets>
  readonly #others = new Map<string, Secret>()

  /** @param keys The secrets of keys, by alias. A secret that a key gets later is found as well. */
  constructor(keys: ReadonlyMap<string, KeySecrets>) {
    this.#keys = keys
  }

  /** All that belong to no key, by their paths. */
  get others(): ReadonlyMap<string, Secret> {
    return this.#others
  }

  get size(): number {
    let size = this.#others.size
    for (const { secret, providerSecret } of this.#keys.values())
      size += (secret === undefined ? 0 : 1) + (providerSecret === undefined ? 0 : 1)
    return size
  }

  get(path: string): Secret | undefined {
    return this.#others.get(path) ?? this.#ofKey(path)
  }

  has(path: string): boolean {
    return this.get(path) !== undefined
  }

  /** Adds a secret that belongs to no key. */
  set(path: string, secret: Secret): void {
    this.#others.set(path, secret)
  }

  /** The secrets of keys, each with the alias of its key. */
  *ofKeys(): MapIterator<[alias: string, secret: Secret]> {
    for (const [alias, { secret, providerSecret }] of this.#keys) {
      if (secret !== undefined) yield [alias, secret]
      if (providerSecret !== undefined) yield [alias, providerSecret]
    }
  }

  *entries(): MapIterator<[string, Secret]> {
    for (const [alias, secrets] of this.#keys)
      for (const name of keySecretNames) {
        const secret = secrets[name]
        if (secret !== undefined) yield [`${ofKeys}${alias}.${name}`, secret]
      }
    yield* this.#others
  }

  *keys(): MapIterator<string> {
    for (const [path] of this.entries()) yield path
  }

  *values(): MapIterator<Secret> {
    for (const [, secret] of this.ofKeys()) yield secret
    yield* this.#others.values()
  }

  [Symbol.iterator](): MapIterator<[string, Secret]> {
    return this.entries()
  }

  forEach(use: (secret: Secret, path: string, secrets: ReadonlyMap<string, Secret>) => void): void {
    for (const [path, secret] of this.entries()) use(secret, path, this)
  }

  #ofKey(path: string): Secret | undefined {
    if (!path.startsWith(ofKeys)) return undefined
    const end = path.lastIndexOf('.')
    const name = keySecretNames.find((each) => path.endsWith(each) && end === path.length - each.length - 1)
    return name === undefined ? undefined : this.#keys.get(path.slice(ofKeys.length, end))?.[name]
  }
}

/**
 * The secrets of keys, each with the alias of its key.
 *
 * @param secrets By the paths of their settings.
 */
export function* secretsOfKeys(secrets: ReadonlyMap<string, Secret>): Iterable<[alias: string, secret: Secret]> {
  if (secrets instanceof SecretsByPath) yield* secrets.ofKeys()
  else
    for (const [path, secret] of secrets) {
      const name = path.startsWith(ofKeys) ? keySecretNames.find((each) => path.endsWith(`.${each}`)) : undefined
      if (name !== undefined) yield [path.slice(ofKeys.length, -name.length - 1), secret]
    }
}
