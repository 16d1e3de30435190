/** The variable that holds the hash ring. */
export const ringVariable = 'GATEWAY_API_KEY_HASHES'

/** The variable that holds the secret of sessions. */
export const sessionVariable = 'POSTERN_SESSION_SECRET'

/** The variable that holds the key of the provider behind the gateway, for a gateway that takes one. */
export const providerVariable = 'PROVIDER_API_KEY'

/** The name of the first service caller in the ring. */
export const callerLabel = 'app'
