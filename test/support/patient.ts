/**
 * How long a store in PostgreSQL may take for a call, in milliseconds, in tests that say what it answers and not how soon: on a machine that
 * runs other tests at the same time, two hundred calls at once take longer than a sidecar would wait.
 */
export const patientMs = 20_000
