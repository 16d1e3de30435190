/** The longest that one turn of the loop, or one call, may take, in milliseconds. */
export const longestTurnMs = 50
