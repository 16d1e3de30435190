import type { EntryOwner } from '@postern/ports'

/** Two owners of entries. A store may divide its room by them, and never tells keys apart by them. */
export const oneOwner: EntryOwner = { tenant: 'acme', caller: 'ada' }
export const otherOwner: EntryOwner = { tenant: 'globex', caller: 'bob' }
