/** In this request header the SDKs of OpenAI and Anthropic say how long they wait for the head of an answer, in seconds. */
export const sdkTimeoutHeader = 'x-stainless-timeout'

/** In this request header the SDKs of OpenAI and Anthropic count their own retries. */
export const sdkRetryHeader = 'x-stainless-retry-count'

/** Begins each `Idempotency-Key` that `@postern/client` makes by itself, for the retries of the SDK. */
export const madeKeyPrefix = 'auto-'
