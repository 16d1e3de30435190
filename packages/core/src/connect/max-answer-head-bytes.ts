/**
 * The largest head of an answer that is read, in bytes. Node's own bound, 16 KiB, is below what others take: curl 300 KiB,
 * browsers 256 KiB, Python's client 64 KiB a line.
 */
export const maxAnswerHeadBytes = 64 * 1024
