/** How long a connection may take, in milliseconds. */
export const connectMs = 5000
