/** What a caller is told of one of its limits: an entry of `limits` in the answer to `GET {mount}/limits`. */
export interface CallerLimit {
  readonly name: string
  /** `requests` that are sent to a gateway, `streams` that are open at once, `tokens`; of money `credits` or an ISO 4217 currency such as `USD`. */
  readonly unit: 'requests' | 'streams' | 'tokens' | 'credits' | (string & {})
  readonly limit: number
  /** How much is left, without what calls under way have set aside. */
  readonly left: number
  /** Who or what has a count of its own; absent: all callers count together. */
  readonly each?: 'user' | 'team' | 'project' | 'key' | 'workflow' | 'session'
  /** How often the count begins anew, in UTC; absent: never. */
  readonly per?: 'second' | 'minute' | 'hour' | 'day' | 'month'
  /** In how many seconds it begins anew. */
  readonly resets_in?: number
  /** The models that it is for; absent: all. */
  readonly model?: string
}
