/** What a value of a request can name that belongs to somebody. */
export type Kind =
  | 'note'
  | 'session'
  | 'apiKey'
  | 'cursor'
  | 'version'
  | 'entityTag'
  | 'idempotencyKey'
  | 'tag'
  | 'email'
  | 'password'
  | 'token'
  | 'refreshToken'

/** What a place of a request names. There is no default: each place says it. */
export type Naming = Named | Nothing

export interface Named {
  readonly names: Kind
  /** Why the answer may tell a foreign value from an unknown one. */
  readonly told?: string
  /** Why the owner's own answer does not tell them apart either. */
  readonly silent?: string
  /** A table that gets a row for the owner, and why. */
  readonly leaves?: readonly [table: string, because: string]
}

interface Nothing {
  readonly names: 'nothing'
  readonly because: string
}

export function names(kind: Kind, exceptions: Omit<Named, 'names'> = {}): Named {
  return { names: kind, ...exceptions }
}

export function nothing(because: string): Nothing {
  return { names: 'nothing', because }
}
