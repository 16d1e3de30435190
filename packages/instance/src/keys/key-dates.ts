import { type CheckedConfig, keyMadeAt, noticeOfDates } from '@postern/config'
import type { Log } from '@postern/ports'
import { aliasesWith } from './aliases-with.js'
import type { KeySources } from './key-sources.js'

/** How often the dates are looked at, in milliseconds. */
const lookMs = 3_600_000

/** How soon after the start the dates are looked at that only a source tells, in milliseconds. */
const firstLookMs = 15_000

/** What the operator should know of a key's dates. */
export interface KeyNotice {
  readonly alias: string
  /** The end of a sentence about the key: `expires on 2027-03-01.` */
  readonly notice: string
}

/** Keys that end, or should be replaced, within 14 days. */
export class KeyDates {
  readonly #checked: CheckedConfig
  readonly #sources: KeySources
  readonly #aliases: readonly string[]

  constructor(checked: CheckedConfig, sources: KeySources) {
    this.#checked = checked
    this.#sources = sources
    this.#aliases = aliasesWith(checked, ({ expires, rotateAfter }) => expires !== undefined || rotateAfter !== undefined)
  }

  notices(nowMs = Date.now()): readonly KeyNotice[] {
    const { config, directory } = this.#checked
    return this.#aliases.flatMap((alias): readonly KeyNotice[] => {
      const settings = config.keys[alias] as CheckedConfig['config']['keys'][string]
      const [followed] = this.#sources.get(alias)?.followed ?? []
      const madeAt = keyMadeAt(settings, directory) ?? followed?.current?.madeAt
      const notice = noticeOfDates({ expires: settings.expires, rotateAfter: settings.rotateAfter, madeAt }, nowMs)
      return notice === undefined ? [] : [{ alias, notice }]
    })
  }

  /**
   * Writes each notice into the log once a day. Those that the configuration alone tells were warnings of its check already, on the
   * day on which it was read.
   *
   * @returns Ends it.
   */
  tell(log: Log): () => void {
    if (this.#aliases.length === 0) return () => {}
    const toldOn = new Map(this.notices().map(({ alias }) => [alias, today()]))
    const look = (): void => {
      for (const { alias, notice } of this.notices()) {
        if (toldOn.get(alias) === today()) continue
        toldOn.set(alias, today())
        log('warn', 'key_should_be_replaced', { key: alias, notice })
      }
    }
    const timers = [setTimeout(look, firstLookMs).unref(), setInterval(look, lookMs).unref()]
    return () => timers.forEach(clearInterval)
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
