import type { Redactor } from '@postern/ports'

declare const clean: unique symbol

/** A text that may stand in the ledger: a {@link Cleaner} returned it, or Postern or the operator wrote it. */
export type CleanText = string & { readonly [clean]: true }

/**
 * An entry or event of the ledger in which every text is a {@link CleanText}, at any depth. A new member that is a text does not
 * compile until it is cleaned, or called Postern's own. Texts of a fixed set, such as `finish`, are Postern's own words.
 */
export type Clean<Fact> = string extends Fact
  ? CleanText | Exclude<Fact, string>
  : Fact extends string | number | boolean | undefined | null
    ? Fact
    : Fact extends readonly (infer Item)[]
      ? readonly Clean<Item>[]
      : { readonly [Member in keyof Fact]: Clean<Fact[Member]> }

/** The one place that every text of a client or gateway passes before it stands in the ledger. */
export interface Cleaner {
  /** Redacts keys and loaded secrets. */
  readonly clean: <Text extends string | undefined>(text: Text) => CleanText | Extract<Text, undefined>
  /** The same for texts that repeat, such as a path or a model. */
  readonly cleanOften: <Text extends string | undefined>(text: Text) => CleanText | Extract<Text, undefined>
}

export function createCleaner({ redact, redactOften }: Redactor): Cleaner {
  return {
    clean: (text) => (text === undefined ? undefined : redact(text)) as never,
    cleanOften: (text) => (text === undefined ? undefined : redactOften(text)) as never,
  }
}

/** For a text of Postern's own or of the operator's configuration, such as the alias of a key; and for a clean text that was shortened. */
export function ours<Text extends string | undefined>(text: Text): CleanText | Extract<Text, undefined> {
  return text as never
}
