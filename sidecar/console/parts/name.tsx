/** A name that a client, a gateway or the configuration chose. It is a text node; nothing in it is obeyed. */
export function Name({ of, none = 'none' }: { readonly of: string | null | undefined; readonly none?: string }) {
  if (of === undefined || of === null || of === '') return <span class="none">{none}</span>
  return (
    <bdi class="name" title={of.length > 24 ? of : undefined}>
      {of}
    </bdi>
  )
}
