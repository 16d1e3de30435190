/** How large a part of the whole something is. It says nothing that the numbers beside it do not say. */
export function ShareBar({ share, isBad = false }: { readonly share: number; readonly isBad?: boolean }) {
  const width = Math.max(0, Math.min(1, share)) * 100
  return (
    <svg class={isBad ? 'share bad' : 'share'} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="whole" width="100" height="6" />
      <rect class="part" width={width} height="6" />
    </svg>
  )
}
