/**
 * Settings that are planned and that this version does not enforce. A configuration that sets one is refused: a limit that
 * is accepted and ignored would be a false promise.
 */
export const announcedSettings: ReadonlySet<string> = new Set(['limits', 'store.postgres'])
