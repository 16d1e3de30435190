/**
 * Settings that belong to the product and are not enforced by this version. Writing one is an error: a
 * limit that is accepted and not kept would promise what does not happen.
 */
export const announcedSettings: ReadonlySet<string> = new Set(['limits', 'store.postgres'])
