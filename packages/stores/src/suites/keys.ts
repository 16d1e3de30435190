/** Keys that a store might take for one another, cut, or read as its own language. */
export const keysOfAnyForm: readonly string[] = ['', ' ', 'a\0b', 'a', 'a\0', 'ß', '人', 'x'.repeat(100_000), "'; DROP TABLE counted; --"]
