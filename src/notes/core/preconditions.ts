import { type FieldError, validationFailed } from '../../http/problem.ts'
import { etagOf } from './note.ts'

const LARGEST_VERSION = 2_147_483_647

interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

/**
 * The versions that If-Match lets through, by strong comparison (RFC 9110 §13.1.1): a weak tag matches nothing.
 * undefined: any version, because the header is missing or `*`.
 */
export function matchedVersions(ifMatch: string | undefined): number[] | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined
  return parseTags(ifMatch, 'If-Match')
    .filter(({ weak, opaque }) => !weak && /^[1-9][0-9]{0,9}$/.test(opaque))
    .map(({ opaque }) => Number(opaque))
    .filter((version) => version <= LARGEST_VERSION)
}

/** Whether If-None-Match names the version at hand, by weak comparison (RFC 9110 §13.1.2). */
export function holdsCurrent(ifNoneMatch: string | undefined, note: { readonly version: number }): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return parseTags(ifNoneMatch, 'If-None-Match').some(({ opaque }) => `"${opaque}"` === etagOf(note))
}

/** Reads a list of entity tags (RFC 9110 §8.8.3). */
function parseTags(header: string, name: string): EntityTag[] {
  const tags = header.split(',').map((entry) => {
    const [, weak, opaque] = /^[ \t]*(W\/)?"([\x21\x23-\x7E]*)"[ \t]*$/.exec(entry) ?? []
    return opaque === undefined ? undefined : { weak: weak !== undefined, opaque }
  })
  if (tags.some((tag) => tag === undefined)) throw validationFailed([malformedTag(name)])
  return tags.filter((tag) => tag !== undefined)
}

function malformedTag(name: string): FieldError {
  return {
    loc: ['header', name],
    pointer: `/${name}`,
    msg: 'Must be * or entity tags in double quotes, such as "1".',
    type: 'etag_parsing',
  }
}
