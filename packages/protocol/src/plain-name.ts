/** Names stand in log lines and in tables of bindings, whose fields a control character could shift. */
export const plainName = /^\P{Cc}{1,256}$/u
