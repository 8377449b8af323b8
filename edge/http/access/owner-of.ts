// Whose things a caller may see: his own, and everybody's for an operator.
import type { Caller, Owner } from '#shared/model/caller.ts'
import { mayDo } from './auth.ts'

export const ownerOf = (caller: Caller): Owner => (mayDo(caller, 'admin') ? 'everybody' : caller.userId)
