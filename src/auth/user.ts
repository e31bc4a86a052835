import type { components } from '../../generated/openapi.d.ts'
import type { Account } from './account/accounts.ts'

/** A row as the contract's schema User. */
export function toUser({ id, email, is_active, created_at }: Account): components['schemas']['User'] {
  return { id, email, is_active, created_at }
}
