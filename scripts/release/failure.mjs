/** A reason why there is no release, in words for whoever makes it. */
export class Failure extends Error {}
