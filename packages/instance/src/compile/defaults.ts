/** Default of `policies.body`, the largest request body, in bytes. */
export const defaultMaxBodyBytes = 10 * 1024 * 1024

/** Default of `addressLimit.longestWait`, in milliseconds: how long a call queues for a gateway that counts calls by address. */
export const defaultLongestWaitMs = 30_000

/** Default of `callers.forwardAuth.cache`, in milliseconds: 0 with several replicas, since they do not tell each other of changes. */
export const defaultCacheMs = { alone: 1000, beside: 0 }
