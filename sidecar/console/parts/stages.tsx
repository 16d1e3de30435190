/** The stages of a rotation in their order, by the names that the admin listener gives them. */
const stages = ['taken', 'validated', 'sharing', 'confirmed', 'promoted'] as const

/** How far the rotation of a key is. @param rotation Such as `sharing, 25 % use the next`. */
export function Stages({ rotation }: { readonly rotation: string | undefined }) {
  if (rotation === undefined) return <span class="none">none</span>
  const at = stages.findIndex((stage) => rotation.startsWith(stage))
  return (
    <div class="rotation">
      <ol class="stages" aria-label="Stages of the rotation">
        {stages.map((stage, index) => (
          <li key={stage} class={index <= at ? 'past' : ''} aria-current={index === at ? 'step' : undefined} title={stage}>
            <span class="hidden">{stage}</span>
          </li>
        ))}
      </ol>
      <span>{rotation}</span>
    </div>
  )
}
