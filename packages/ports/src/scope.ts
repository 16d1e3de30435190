/**
 * Which processes see what is written into a port. `process`: this one alone. `machine`: those of this machine that open the same
 * place. `shared`: all with the same configuration, on any machine.
 */
export type Scope = 'process' | 'machine' | 'shared'
