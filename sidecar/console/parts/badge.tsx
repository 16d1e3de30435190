/** A short state. Its colour says nothing that its words do not say. */
export function Badge({ text, tone }: { readonly text: string; readonly tone: 'good' | 'warn' | 'bad' | 'plain' }) {
  return <span class={`badge ${tone}`}>{text}</span>
}
