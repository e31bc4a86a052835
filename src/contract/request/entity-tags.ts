import type { FieldError } from '../../http/problem.ts'

/** One entity tag of If-Match or If-None-Match (RFC 9110 §8.8.3), without its quotes. */
export interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

/** What a precondition names: entity tags, or `*` for any. */
export type EntityTags = '*' | readonly EntityTag[]

/** Reads a precondition of a request; undefined when it has none. */
export function readEntityTags(
  headers: Readonly<Record<string, unknown>>,
  name: 'If-Match' | 'If-None-Match',
): { readonly tags: EntityTags | undefined; readonly errors: readonly FieldError[] } {
  const header = headers[name]
  if (typeof header !== 'string') return { tags: undefined, errors: [] }
  if (header.trim() === '*') return { tags: '*', errors: [] }
  const tags = header.split(',').map((entry) => {
    const [, weak, opaque] = /^[ \t]*(W\/)?"([\x21\x23-\x7E]*)"[ \t]*$/.exec(entry) ?? []
    return opaque === undefined ? undefined : { weak: weak !== undefined, opaque }
  })
  const known = tags.filter((tag) => tag !== undefined)
  if (known.length === tags.length) return { tags: known, errors: [] }
  const msg = 'Must be * or entity tags in double quotes, such as "1".'
  return { tags: undefined, errors: [{ loc: ['header', name], pointer: `/${name}`, msg, type: 'etag_parsing' }] }
}
