/** A choice among few: links, so that the address says what was chosen and the browser's way back works. */
export function Choice({
  label,
  options,
}: {
  readonly label: string
  readonly options: readonly { readonly text: string; readonly href: string; readonly isChosen: boolean }[]
}) {
  return (
    <nav class="choice" aria-label={label}>
      {options.map(({ text, href, isChosen }) => (
        <a key={text} href={href} aria-current={isChosen ? 'true' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}
