/** How long connecting to the backend may take, in milliseconds. */
export const connectMs = 5000
