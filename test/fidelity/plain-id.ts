/** An id as most are. */
export const plainId = 'an-id'
