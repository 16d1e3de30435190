import { Confirm } from './confirm.js'

/** Ends a session, or all of a user or a team, with their calls under way. */
export function EndSessions({ kind, name }: { readonly kind: 'id' | 'user' | 'team'; readonly name: string }) {
  return (
    <Confirm
      label={kind === 'id' ? 'End session …' : `End sessions of this ${kind} …`}
      title={kind === 'id' ? 'End this session' : `End every session of this ${kind}`}
      effect="Calls under way with it are cut at once, in every process within a second. A session that is minted afterwards is another one."
      alias={name}
      path="/sessions/end"
      named={{ kind, name }}
      done="Ended. The audit has a line with your credential’s name."
    />
  )
}
