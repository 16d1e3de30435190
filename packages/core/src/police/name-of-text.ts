import { words } from '@postern/gateways'

/** Members in which the public formats give the name of a file, as they spell them. */
const fileNames = words('filename file_name fileName document_name documentName')
/** Members that may give it, and give other names too. */
const otherNames = words('title name display_name displayName')

/** What a name ends in. No ending that is known here is longer, in characters. */
const ending = /\.([a-z][a-z\d]{0,9}|3gpp?)[\s.]*$/i
const longestTail = 64

/** Endings of pictures, sounds and documents that providers read as such. */
const ofMedia =
  /^(?:png|jpe?g|jfif|gif|webp|avif|hei[cf]|bmp|tiff?|ico|mp[34]|m4[av]|mov|avi|mkv|webm|mpe?g|mpga|3gpp?|wmv|flv|wav|flac|og[ag]|opus|aac|aiff?|pdf|docx?|pptx?|xls[xm]?|od[tsp]|epub|rtf)$/i
/** Endings of texts. */
const ofText =
  /^(?:txt|text|csv|tsv|md|mdx|markdown|rst|tex|log|jsonl?|ndjson|xml|html?|xhtml|svg|ya?ml|toml|ini|cfg|conf|env|py|ipynb|[cm]?[jt]sx?|java|kt|c|cc|cpp|h|hpp|cs|go|rs|rb|php|pl|lua|swift|scala|r|sh|bash|ps1|sql|css|s[ac]ss|srt|vtt|ics|vcf|eml|diff|patch)$/i

/**
 * Whether an object of a request names a file that is a text by its name, such as `notes.txt` or `table.csv`. Some providers go by
 * that name and not by the media type, and read the bytes of the file as text. A member that holds nothing but names of files (`filename`)
 * counts with every ending but those of media; one that may hold another name (`title`) counts only with an ending of texts.
 */
export function hasNameOfText(owner: Readonly<Record<string, unknown>>): boolean {
  return (
    fileNames.some((member) => endsAs(owner, member, (said) => !ofMedia.test(said))) ||
    otherNames.some((member) => endsAs(owner, member, (said) => ofText.test(said)))
  )
}

function endsAs(owner: Readonly<Record<string, unknown>>, member: string, is: (ending: string) => boolean): boolean {
  const name = Object.hasOwn(owner, member) ? owner[member] : undefined
  if (typeof name !== 'string') return false
  const said = ending.exec(name.slice(-longestTail))?.[1]
  return said !== undefined && is(said)
}
